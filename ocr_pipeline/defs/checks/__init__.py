"""Asset checks, a module per stage.

Belongs here: what each check compares with which limit, and its sentence. Does not belong here: counting in SQL
(`warehouse.tables`) and comparing (`evaluation`).
"""
