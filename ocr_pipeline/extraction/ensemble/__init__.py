"""The extractor `ensemble`: combines the values of other backends by weighted votes.

Belongs here: loading weights and voting. Does not belong here: learning the weights (`training`).
"""

from ocr_pipeline.extraction.ensemble.extractor import EnsembleExtractor

__all__ = ["EnsembleExtractor"]
