"""The assets of the pipeline, a module per stage.

Belongs here: what each asset loads, which stage it calls and what it stores, and its metadata. Does not belong here: the work
itself (a stage of `documents`, `ocr`, `extraction` or `evaluation`) and SQL (`warehouse.tables`).
"""
