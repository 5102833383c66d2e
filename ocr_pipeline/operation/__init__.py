"""What makes the project run by itself: arrivals, budgets, alarms, cleaning up. Decisions only; `defs/automation.py` acts."""
