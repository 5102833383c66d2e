"""The extractor `external`: predictions made elsewhere, imported once and scored like any other backend.

Belongs here: parsing files (`rows`, `strict_json`), mapping rows to fields (`mapping`, `values`) and to documents
(`matching`), and storing them (`kept`, `importing`). Does not belong here: calls of the tool that made the predictions.
"""
