"""The values in `confidences` as columns, for what is computed over all of them."""

from collections.abc import Sequence

import numpy as np

from ocr_pipeline.document_fields import FIELD_KINDS
from ocr_pipeline.evaluation.diagnosis.value_columns import ValueColumns
from ocr_pipeline.warehouse.connection import Reader


def value_columns(
    reader: Reader, backend: str, dataset: str | None = None, fields: Sequence[str] | None = None
) -> ValueColumns:
    """The stored values of a backend with what is known about them, by document, fields in display order.

    Args:
        dataset: of this data set only.
        fields: of these fields only.
    """
    parameters = {"backend": backend, "dataset": dataset, "fields": None if fields is None else list(fields)}
    where = """WHERE c.backend = $backend AND ($dataset IS NULL OR c.dataset = $dataset)
        AND ($fields::VARCHAR[] IS NULL OR list_contains($fields::VARCHAR[], c.field))"""
    query = f"SELECT DISTINCT unnest(map_keys(c.features)) AS name FROM confidences c {where} ORDER BY 1"
    names = [row["name"] for row in reader.rows(query, parameters)]
    features = "".join(
        f", coalesce(c.features[$name{number}], 'nan'::DOUBLE) AS feature{number}" for number, _ in enumerate(names)
    )
    found = reader.columns(
        f"""
        SELECT c.document_id, coalesce(u.group_id, c.document_id) AS group_id, c.field, c.prediction IS NOT NULL AS given,
            coalesce(c.correct::TINYINT, -1::TINYINT) AS correct{features}
        FROM confidences c LEFT JOIN duplicates u ON u.document_id = c.document_id {where}
        ORDER BY c.document_id, coalesce(list_position($order::VARCHAR[], c.field), 1000), c.field
        """,
        {**parameters, "order": list(FIELD_KINDS), **{f"name{number}": name for number, name in enumerate(names)}},
    )
    if not found:
        nothing = np.zeros(0)
        return ValueColumns([], [], [], nothing.astype(bool), nothing.astype(np.int8), {})
    return ValueColumns(
        documents=found["document_id"].tolist(),
        groups=found["group_id"].tolist(),
        fields=found["field"].tolist(),
        given=np.asarray(found["given"]),
        correct=np.asarray(found["correct"]),
        features={name: np.asarray(found[f"feature{number}"]) for number, name in enumerate(names)},
    )
