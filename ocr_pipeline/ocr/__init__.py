"""OCR engines behind one contract (`base.py`): pages in, words with boxes out. One module per engine.

The OCR stage, worker processes and the reading order shared by engines live here. Extracting fields from words does not, and
neither do choices between engines.
"""
