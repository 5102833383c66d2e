"""Unattended operation: arrivals and inboxes, spending, alarms, pausing, pruning, `operation.yaml`.

Belongs here: deciding what should happen, and the state needed for it. Does not belong here: launching runs and scheduling
(`defs/sensors`, `defs/schedules`).
"""
