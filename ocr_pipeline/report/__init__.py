"""The HTML report: a folder of static pages that opens from disk, without a server or network.

Belongs here: templates, charts, and the data they show. Does not belong here: SQL, and computing scores.
"""
