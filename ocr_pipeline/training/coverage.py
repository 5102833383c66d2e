"""Which countries and vendors the labels cover, without each fold: rankers are trusted where they have something to go by."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ocr_pipeline.extraction.learned.model import By
from ocr_pipeline.extraction.learned.vendors import is_known, vendor_names
from ocr_pipeline.training.examples import LEFT_OUT, Sample

MIN_OF_COUNTRY = 5
"""Labelled documents of a country from which on rankers may judge others of that country."""

Covered = Mapping[int, tuple[bool, bool]]
"""By position of a sample: whether labels outside its fold cover its country, and its vendor."""


@dataclass(frozen=True)
class Coverage:
    """`vendors`: names in the labels, `regions`: countries with enough labels; one entry per fold left out, and of all."""

    vendors: dict[By, tuple[tuple[str, ...], ...]]
    regions: dict[By, tuple[tuple[str, ...], ...]]
    covered: dict[By, Covered]


def coverage_of(samples: Sequence[Sample], folds: Mapping[By, Sequence[int]]) -> Coverage:
    vendors = {by: tuple(_vendors(samples, of, without) for without in LEFT_OUT) for by, of in folds.items()}
    regions = {by: tuple(_regions(samples, of, without) for without in LEFT_OUT) for by, of in folds.items()}
    covered: dict[By, Covered] = {
        by: {
            index: (sample.region in regions[by][of[index]], is_known(sample.lines, vendors[by][of[index]]))
            for index, sample in enumerate(samples)
        }
        for by, of in folds.items()
    }
    return Coverage(vendors, regions, covered)


def _vendors(samples: Sequence[Sample], folds: Sequence[int], without: int | None) -> tuple[str, ...]:
    inside = [sample for sample, fold in zip(samples, folds, strict=True) if fold != without]
    return vendor_names(getattr(sample.example.label.invoice, "supplier_name", None) for sample in inside)


def _regions(samples: Sequence[Sample], folds: Sequence[int], without: int | None) -> tuple[str, ...]:
    counts = Counter(sample.region for sample, fold in zip(samples, folds, strict=True) if fold != without)
    return tuple(sorted(region for region, count in counts.items() if count >= MIN_OF_COUNTRY))
