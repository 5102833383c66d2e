"""Intervals, tests, rates and calibration of plain numbers and arrays. Does not belong here: backends, fields, documents."""
