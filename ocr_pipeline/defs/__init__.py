"""The Dagster project: assets, checks, jobs, sensors, schedules, partitions, resources, and the launching of runs.

The only package that imports dagster. Belongs here: wiring stages to the asset graph. Does not belong here: what a stage
does (the package of that name) and SQL (`warehouse.tables`).
"""
