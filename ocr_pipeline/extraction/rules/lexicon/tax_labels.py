"""What tax and registration numbers are called: `tax_labels.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from ocr_pipeline.extraction.rules.lexicon.clues import token

FILE = "tax_labels.yaml"


@dataclass(frozen=True)
class TaxLabels:
    """Labels as tuples of tokens -> `tax`, `office` or `register`; `glued` has those of scripts without spaces."""

    spaced: Mapping[tuple[str, ...], str]
    glued: Mapping[str, str]
    longest: int


@cache
def load() -> TaxLabels:
    """Read the labels; a label that is both counts as one of tax. Later calls give the same object."""
    content = files(__package__).joinpath(FILE).read_bytes()
    data = yaml.load(content, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506 - only text
    spaced: dict[tuple[str, ...], str] = {}
    glued: dict[str, str] = {}
    for kind in ("register", "office", "tax"):
        for labels in data[kind].values():
            for label in labels:
                if label[0] >= "\u0e00":
                    glued[label] = kind
                else:
                    spaced[tuple(filter(None, map(token, label.split())))] = kind
    return TaxLabels(spaced, glued, max(map(len, spaced)))
