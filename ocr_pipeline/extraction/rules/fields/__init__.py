"""Candidates and the choice among them, one module per group of fields.

Belongs here: features and weights of candidates. Does not belong here: finding numbers, dates and keywords (`reading`).
"""
