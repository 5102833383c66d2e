"""The engines and backends that `backends.yaml` configures, with their capabilities and fingerprints.

Belongs here: the configuration as a value, the registry of component types, availability, imported predictions. Does not
belong here: documents, tables, and decisions about what to run (`planning`).
"""
