"""Comparing extracted values with labels. Does not belong here: sums over documents (`ranking`)."""
