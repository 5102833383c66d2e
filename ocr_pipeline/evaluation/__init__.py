"""Scores of extractions against labels, and what follows from them.

    scoring      values, documents and lists compared with labels; `evaluation.yaml`
    statistics   intervals, tests and calibration; knows numbers only
    ranking      leaderboard, comparisons, slices and history of backends
    diagnosis    causes of errors, confidences, doubtful labels, consensus

Belongs here: pure functions from loaded rows to declared types. Does not belong here: SQL (`warehouse.tables`), Dagster, and
calls of engines or models. Order of imports: statistics, scoring, ranking; statistics, scoring, diagnosis.
"""
