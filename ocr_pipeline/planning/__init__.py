"""The state of each cell, the plan that refreshes stale cells and adds missing ones, and the expected cost of its model calls.

Belongs here: decisions from tables and fingerprints. Does not belong here: carrying them out, and dagster.
"""
