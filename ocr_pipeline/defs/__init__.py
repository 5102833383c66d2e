"""Everything that imports dagster: partitions, resources, assets, and how runs are launched.

What a stage does is in the package of that name; here it is only wired to the graph.
"""
