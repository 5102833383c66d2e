"""Predictions that were made elsewhere: imported once, kept in the project, then mapped and scored like any other backend's.

`rows` and `strict_json` read the file, `mapping` and `values` make our fields of a row, `matching` finds its document, `kept`
holds what was imported, `importing` ties them together, and `extractor` is the backend.
"""
