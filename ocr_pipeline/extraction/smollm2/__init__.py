"""The extractor `smollm2`: a language model of 135 million parameters that runs in this process, without key or network.

Belongs here: its prompt, its server process and its replies. Does not belong here: remote models (`extraction/llm`).
"""

from ocr_pipeline.extraction.smollm2.extractor import SmolLm2Extractor

__all__ = ["SmolLm2Extractor"]
