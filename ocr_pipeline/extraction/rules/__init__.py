"""The extractor `rules`: layout, then candidates with features, then a weighted choice. No model, no network.

Belongs here: parsing of words (`reading`), candidates per field (`fields`), vocabulary (`lexicon`). Does not belong here:
learned weights (`extraction/learned`) and parsers of clean text (`values`).
"""

from ocr_pipeline.extraction.rules.extractor import RulesExtractor

__all__ = ["RulesExtractor"]
