"""The extractor `codes`: QR and bar codes on the pages, read as evidence.

- `scanning.py` finds and decodes codes on page images (zxing-cpp).
- `formats/` has one module per kind of code: bytes in, named values out. Pure functions.
- `combining.py` makes one extraction of the codes of a document, each value with the box of its code.
"""
