"""Following one extraction back: document, words, model calls, values, labels, outcomes and attributions in one place.

Rows of the warehouse in, cases out. The terminal, the report and the packed bug report all show these.
"""
