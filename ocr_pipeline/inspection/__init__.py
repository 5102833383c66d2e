"""All data about single extractions in one place: document, words, model calls, values, labels, outcomes, attributions.

Belongs here: assembling cases from rows of the warehouse for the command line, the report and packed bug reports. Does not
belong here: SQL, and rendering them.
"""
