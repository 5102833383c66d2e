"""Documents as files: finding, opening within safe limits, labels and decisions about them, transcripts, duplicates.

Belongs here: ingestion and everything about a file before OCR. Does not belong here: OCR, extraction, scoring, and writing
to the database.
"""
