"""What machines that share a project agree on through PostgreSQL: locks, claims of runs, budgets, rates.

Belongs here: SQL for these, and nothing else. Does not belong here: what is locked or paid for. On one machine, files and
memory do the same.
"""
