"""What `backends.yaml` configures: the configuration as a value, and the engines and backends built from it.

Belongs here: which backends there are today, what each can do, and the predictions imported for one. Does not belong
here: documents, tables, and what is to be done (planning).
"""
