"""Extractors that call a language model with the words of an engine or the page images.

Belongs here: prompts, schemas, replies and their evidence. Does not belong here: clients of providers, retries, limits,
prices and stored replies (`models`).
"""
