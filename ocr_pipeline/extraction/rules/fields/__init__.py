"""Deciding the fields: per field, candidates with features on what was read, then a choice among them."""
