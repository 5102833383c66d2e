"""Labelling in the browser: a local server with one page per document. Without dagster.

`form` draws the page from the field table, `proposals` prefills it, `session` answers its requests, `server` is HTTP.
`label_studio` exchanges projects with Label Studio.
"""
