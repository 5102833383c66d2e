"""Booleans written as text, as in CSV files."""

FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
"""What a text means, in lower case."""
