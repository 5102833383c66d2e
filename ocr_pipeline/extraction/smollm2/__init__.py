"""The extractor `smollm2`: a language model of 135 million parameters in this process, without a key or a network."""

from ocr_pipeline.extraction.smollm2.extractor import SmolLm2Extractor

__all__ = ["SmolLm2Extractor"]
