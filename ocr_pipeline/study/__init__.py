"""Studies of recorded predictions: what other systems answered, beside what runs here, on the same documents.

Belongs here: preparing the project of a study, and the tables that answer its questions. Does not belong here: reading,
scoring or statistics (`extraction`, `evaluation`); a study only uses them.
"""
