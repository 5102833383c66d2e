"""Invoice fields by rules: layout, then candidates with features, then a weighted choice. No model, no network."""

from ocr_pipeline.extraction.rules.extractor import RulesExtractor

__all__ = ["RulesExtractor"]
