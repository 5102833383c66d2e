"""The DuckDB database: connections and locking, schema migrations, exports, and the tables.

Belongs here: all SQL of the project. Does not belong here: what a row means, and dagster.
"""
