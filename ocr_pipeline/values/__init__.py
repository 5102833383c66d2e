"""Parsers of printed values that documents, extraction and evaluation share: amounts, dates and names, and one vocabulary of
months and currencies.

Belongs here: pure functions from text to a value. Does not belong here: anything that knows a document, a page or a field,
and the reader of noisy text in `extraction.rules`, which repairs what an OCR engine misread. Every parser returns None for
text that it does not understand as a whole; it never guesses around unknown words, so that unparseable text can be counted.
"""
