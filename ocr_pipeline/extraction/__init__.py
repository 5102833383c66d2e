"""Extractors behind one contract (`base.py`): a document and its words in, fields with evidence out.

Belongs here: one sub-package per extractor, and the extraction stage. Does not belong here: training (`training`), model
clients (`models`), and scoring.
"""
