"""The extractor `learned`: candidates of the rules, ranked by a model trained on labels.

Belongs here: the model format and inference. Does not belong here: training (`training`).
"""

from ocr_pipeline.extraction.learned.extractor import LearnedExtractor

__all__ = ["LearnedExtractor"]
