"""Rules for a project's own schemas: values by kind, beside or below the keywords that the schema gives.

Belongs here: finding keywords (`phrases`), the words beside and below them (`regions`), values of a kind in these (`values`),
rows of tables (`rows`), and the choice (`extractor`). Does not belong here: rules that are about invoices (`fields`).
"""
