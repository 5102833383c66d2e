"""The assets, one module per stage.

Belongs here: what each asset loads, which stage it calls, what it stores, and its metadata. Does not belong here: the work
itself (`documents`, `ocr`, `extraction`, `evaluation`) and SQL (`warehouse.tables`).
"""
