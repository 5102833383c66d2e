"""Every value that is not right, worst first."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from ocr_pipeline.document_fields import known_kind
from ocr_pipeline.warehouse import tables
from ocr_pipeline.warehouse.connection import Reader
from ocr_pipeline.warehouse.tables.current import Scoring
from ocr_pipeline.warehouse.tables.diagnosis import WrongValueRow


@dataclass(frozen=True, kw_only=True)
class WrongValue(WrongValueRow):
    """A value that is wrong, missing or spurious, with its attribution."""

    @property
    def at_stake(self) -> Decimal | None:
        """The amount that the error is about: the difference of two amounts, or all of a missing or spurious one. In the
        currency of the label, not converted. None: the field is not an amount."""
        return at_stake(self.field, self.kind, self.truth, self.prediction)


def wrong_values(reader: Reader, scoring: Scoring, filters: Mapping[str, str]) -> list[WrongValue]:
    """The wrong values of current scores: largest amount at stake first, then highest confidence.

    Args:
        filters: columns of `attributions` and the value that they must have.
    """
    rows = [WrongValue(**vars(row)) for row in tables.diagnosis.current_attributions(reader, scoring, filters)]
    return sorted(rows, key=_order)


def _order(row: WrongValue) -> tuple[Decimal, float, str, str, str]:
    stake = Decimal(-1) if row.at_stake is None else row.at_stake
    return -stake, -(row.confidence or 0.0), row.document_id, row.backend, row.field


def at_stake(field: str, kind: str, truth: str | None, prediction: str | None) -> Decimal | None:
    """The amount that an error is about; None: the field is not an amount."""
    if known_kind(field, kind) != "money":
        return None
    return abs(Decimal(prediction or 0) - Decimal(truth or 0))
