"""The extractor `cascade`: asks one backend after the other, and the next one only where the last is not sure enough.

Belongs here: loading thresholds and choosing values. Does not belong here: learning the thresholds (`training`).
"""

from ocr_pipeline.extraction.cascade.extractor import CascadeExtractor

__all__ = ["CascadeExtractor"]
