"""Every value that is not right, worst first."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ocr_pipeline.schemas import FIELD_KINDS
from ocr_pipeline.warehouse.connection import Reader

Row = dict[str, Any]


def wrong_values(reader: Reader, filters: Mapping[str, str]) -> list[Row]:
    """The rows of `attributions` that match, with `confidence`, `currency` and `at_stake`, worst first.

    `at_stake` is how much money the error is about: the difference of two amounts, or all of an amount that was missing or
    spurious. It is in the currency of the label, and is not converted: a yen counts as much as a pound. Everything that is
    no amount follows, what its backend was surest of first.

    Args:
        filters: columns of `attributions` and the value that they must have.
    """
    where = " AND ".join(f"v.{name} = ?" for name in filters) or "true"
    rows = reader.rows(
        f"""
        SELECT v.* EXCLUDE (content), c.confidence, g.value AS currency FROM attributions v
        LEFT JOIN confidences c USING (document_id, backend, field)
        LEFT JOIN ground_truth g ON g.document_id = v.document_id AND g.field = 'currency'
        WHERE {where}
        """,  # noqa: S608 - the names of columns are the caller's, not a user's
        list(filters.values()),
    )
    found = [{**row, "at_stake": at_stake(row["field"], row["truth"], row["prediction"])} for row in rows]
    return sorted(
        found,
        key=lambda row: (
            -(row["at_stake"] if row["at_stake"] is not None else -1),
            -(row["confidence"] or 0.0),
            row["document_id"],
            row["backend"],
            row["field"],
        ),
    )


def at_stake(field: str, truth: str | None, prediction: str | None) -> Decimal | None:
    """The amount that an error is about; None where the field is no amount."""
    if FIELD_KINDS.get(field) != "money":
        return None
    return abs(Decimal(prediction or 0) - Decimal(truth or 0))
