"""Unattended operation: arrivals and inboxes, budgets and spending, alarms, pausing, pruning, `operation.yaml`.

Decides what should happen and keeps the state for it. Launching runs and scheduling belong in `defs/sensors` and
`defs/schedules`; this package does not import dagster.
"""
