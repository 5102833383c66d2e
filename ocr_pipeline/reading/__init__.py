"""Reading files on the spot: values, places and confidences without a project, a database or Dagster.

Belongs here: which files an argument names, fetching URLs, the way through the stages, how the values are written. Does not
belong here: how a stage works, and anything that needs a warehouse; a test checks that neither it nor Dagster is imported.
"""
