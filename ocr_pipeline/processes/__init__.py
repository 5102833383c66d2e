"""Worker processes with limits: a hang, a crash or an endless computation costs the call in progress, never this process.

A worker is started once and called many times. CPU and wall time of a call are watched from outside, since code that hangs
cannot watch itself. Workers end with the process that started them, whatever ends it: docs/decisions/0016.
"""
