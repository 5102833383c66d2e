"""Sums, comparisons and history of backends. Does not belong here: comparing single values (`scoring`)."""
