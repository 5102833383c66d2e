from ocr_pipeline.extraction.ensemble.extractor import EnsembleExtractor

__all__ = ["EnsembleExtractor"]
