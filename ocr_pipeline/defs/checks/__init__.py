"""The asset checks, one module per stage.

Belongs here: which value a check compares with which limit, and its message. Does not belong here: counting in SQL
(`warehouse.tables`) and statistics (`evaluation`).
"""
