"""What the asset checks of evaluation look at, counted in SQL."""

from typing import Any

from ocr_pipeline.warehouse.warehouse import Reader

Row = dict[str, Any]


def failure_rates(reader: Reader) -> list[Row]:
    """dataset, backend, documents, failures, share of every backend that ran."""
    return reader.rows(
        """
        SELECT dataset, backend, documents, failures, failures / documents AS share
        FROM leaderboard WHERE status = 'ok' AND documents > 0 ORDER BY dataset, backend
        """
    )


def costs_and_seconds(reader: Reader) -> list[Row]:
    """dataset, backend, cost_per_document, seconds_per_document of every backend that ran; NULL: not known."""
    return reader.rows(
        "SELECT dataset, backend, cost_per_document, seconds_per_document FROM leaderboard WHERE status = 'ok' ORDER BY ALL"
    )


def last_calls(reader: Reader) -> list[Row]:
    """backend, asked_at (UTC) of the last model call of every backend that asks one."""
    return reader.rows("SELECT backend, max(asked_at) AS asked_at FROM model_calls GROUP BY backend ORDER BY backend")


def failed_cells(reader: Reader) -> list[Row]:
    """document_id, backend, reason of every cell without a result; not of transcripts that there are not."""
    return reader.rows(
        """
        SELECT e.document_id, e.backend, e.reason FROM extractions e JOIN documents d USING (document_id)
        WHERE e.status = 'failed' AND e.reason IS DISTINCT FROM 'no_transcript'
            AND d.reason IS DISTINCT FROM 'missing_file' ORDER BY ALL
        """
    )


def ocr_confidences(reader: Reader) -> list[Row]:
    """dataset, engine, documents, confidence (the mean over documents) of every engine that gives confidences."""
    return reader.rows(
        """
        SELECT d.dataset, o.engine, count(*) AS documents, avg(o.mean_confidence) AS confidence
        FROM ocr_text o JOIN documents d USING (document_id)
        WHERE o.mean_confidence IS NOT NULL AND d.reason IS DISTINCT FROM 'missing_file'
        GROUP BY ALL ORDER BY ALL
        """
    )


def label_problems(reader: Reader, tolerance: float) -> list[Row]:
    """dataset, document_id, problem of every label that is invalid or contradicts itself; a document can have several."""
    return reader.rows(
        """
        WITH amounts AS (
            SELECT document_id,
                   max(value_amount) FILTER (field = 'net_amount') AS net,
                   max(value_amount) FILTER (field = 'total_tax_amount') AS tax,
                   max(value_amount) FILTER (field = 'total_amount') AS total,
                   max(value_date) FILTER (field = 'invoice_date') AS issued,
                   max(value_date) FILTER (field = 'due_date') AS due
            FROM ground_truth GROUP BY document_id
        ), problems AS (
            SELECT document_id, 'the label is not valid' AS problem FROM labels WHERE status = 'invalid'
            UNION ALL
            SELECT document_id, 'net amount and tax do not make the total' FROM amounts
            WHERE abs(net + tax - total) > $tolerance
            UNION ALL
            SELECT document_id, 'due before it was issued' FROM amounts WHERE due < issued
        )
        SELECT l.dataset, document_id, problem
        FROM problems JOIN labels l USING (document_id) JOIN documents d USING (document_id)
        WHERE d.reason IS DISTINCT FROM 'missing_file' ORDER BY ALL
        """,
        {"tolerance": tolerance},
    )


def labelled_documents(reader: Reader) -> dict[str, int]:
    """How many documents of each data set have a label, valid or not."""
    rows = reader.rows(
        """
        SELECT l.dataset, count(*) AS n FROM labels l JOIN documents d USING (document_id)
        WHERE l.status <> 'none' AND d.reason IS DISTINCT FROM 'missing_file' GROUP BY l.dataset
        """
    )
    return {row["dataset"]: row["n"] for row in rows}


def labelled_duplicates(reader: Reader) -> list[Row]:
    """dataset, document_id, duplicate_of, kind of labelled documents that count twice: their first one is in the same data
    set, and labelled."""
    return reader.rows(
        """
        SELECT l.dataset, u.document_id, u.duplicate_of, u.kind
        FROM duplicates u
        JOIN labels l ON l.document_id = u.document_id AND l.status = 'ok'
        JOIN labels f ON f.document_id = u.duplicate_of AND f.status = 'ok' AND f.dataset = l.dataset
        ORDER BY ALL
        """
    )


def leaking_groups(reader: Reader) -> list[Row]:
    """group_id, splits, documents of groups of duplicates whose own labels put them into different splits."""
    return reader.rows(
        """
        SELECT u.group_id, list_sort(list(DISTINCT coalesce(l.split, 'none'))) AS splits,
               list_sort(list(u.document_id)) AS documents
        FROM duplicates u JOIN labels l USING (document_id)
        GROUP BY u.group_id
        HAVING count(DISTINCT coalesce(l.split, 'none')) > 1
            AND bool_or(lower(l.split) IN ('test', 'dev', 'validation', 'val'))
        ORDER BY u.group_id
        """
    )
