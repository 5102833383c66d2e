"""OCR engines behind one contract (`base.py`): pages in, words with boxes out. One module per engine.

Belongs here: the OCR stage, worker processes, and the reading order that engines share. Does not belong here: extracting
fields from words.
"""
