"""Parsers of printed values shared by documents, extraction and evaluation: amounts, dates, names, months and currencies.

Belongs here: pure functions from text to a value. They return None unless they understand the whole text, so that
unparseable text can be counted. Does not belong here: anything that knows documents, pages or fields, and parsing of noisy
OCR text (`extraction.rules.reading`).
"""
