"""Documents as files: finding, opening within safe limits, labels, decisions about labels, transcripts, duplicates.

Ingestion and data set importers live here. OCR, extraction and scoring do not; nothing here writes to the database.
"""
