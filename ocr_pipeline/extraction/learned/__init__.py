from ocr_pipeline.extraction.learned.extractor import LearnedExtractor

__all__ = ["LearnedExtractor"]
