"""What is to be done: the state of every cell, the plan that brings cells up to date, and what its model calls may cost.

Belongs here: reading tables and fingerprints to decide. Does not belong here: doing any of it, or dagster.
"""
