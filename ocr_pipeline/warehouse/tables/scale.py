"""The table `scale_suspects`: amounts that differ from what is printed by a power of ten."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from ocr_pipeline.extraction.scale import ScaleSuspect
from ocr_pipeline.warehouse.connection import Reader, utc_now
from ocr_pipeline.warehouse.tables.common import NewRow, described


@dataclass(frozen=True, kw_only=True)
class ScaleSuspectRow:
    """A row of `scale_suspects`."""

    document_id: str
    dataset: str
    backend: str
    field: str
    value: str
    text: Annotated[str, "The printed text with the same digits."]
    printed: Annotated[str, "The amount that this text is on its page."]
    is_open: Annotated[bool, "Whether nothing on the page decides between thousands and three decimals."]
    engine: Annotated[str, "Engine whose words were compared."]
    run_id: str | None
    found_at: Annotated[datetime, "When it was computed (UTC)."]

    @property
    def sentence(self) -> str:
        return ScaleSuspect(self.field, Decimal(self.value), self.text, Decimal(self.printed), self.is_open).sentence


def scale_suspect_rows(
    suspects: Iterable[tuple[str, str, str, ScaleSuspect]], datasets: Mapping[str, str], run_id: str
) -> list[NewRow]:
    """New rows of `scale_suspects`. `suspects`: (document, backend, engine, what is suspect)."""
    stamp = {"run_id": run_id, "found_at": utc_now()}
    return [
        {
            "document_id": document_id,
            "dataset": datasets[document_id],
            "backend": backend,
            "field": suspect.field,
            "value": f"{suspect.value:f}",
            "text": suspect.text,
            "printed": f"{suspect.printed:f}",
            "is_open": suspect.open,
            "engine": engine,
            **stamp,
        }
        for document_id, backend, engine, suspect in suspects
    ]


def scale_suspects(reader: Reader) -> list[ScaleSuspectRow]:
    """Every row, by document."""
    return reader.select(ScaleSuspectRow, "FROM scale_suspects ORDER BY document_id, backend, field")


def texts_with_digits(reader: Reader, engine: str) -> dict[str, list[str]]:
    """The distinct words with a digit that an engine recognised, by document; documents without words are left out."""
    texts: dict[str, list[str]] = defaultdict(list)
    for row in reader.rows(
        """
        SELECT document_id, list_distinct(list(text) FILTER (regexp_matches(text, '[0-9]'))) AS texts
        FROM ocr_words WHERE engine = ? GROUP BY document_id
        """,
        [engine],
    ):
        texts[row["document_id"]] = row["texts"] or []
    return dict(texts)


COLUMNS = {"scale_suspects": described(ScaleSuspectRow)}
