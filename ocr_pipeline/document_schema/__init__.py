"""Schemas of documents: what a file `schemas/NAME/schema.yaml` says, as a value. The invoice schema ships in the same form.

Does not belong here: how values are found on a page or compared with labels; documents and their files.
"""
