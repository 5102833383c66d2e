"""Makes the calibration that ships with the package, and says how well it holds in countries that it has not seen.

usage: PYTHONPATH=. python benchmarks/make_calibration.py [--data ../shared/data] [--synthetic /tmp/synthetic_world] [--write]

Documents: SROIE's train receipts (as RapidOCR's lines), `world`, `cases`, e-invoices, German receipts, CORD's train_020 to
train_249, and the part `tune` of the synthetic pages (`synthetic_world.py`), each read by the engines of `world_accuracy.py`.
Data sets count alike, whatever their size. For every field a logistic regression is fitted to whether the rules' value is
right. Then every group of documents (a country; SROIE's receipts in five parts) gets the scores of a regression that was
fitted without it, and so does every data set as a whole: its pages have layouts that the regression has not seen. A second
regression (Platt) on both bends the probabilities to what holds there. No probability is above (right + 1) / (n + 2) of the
n documents whose values are above 0.8 without their data set. Values wrong by a power of ten or in sign count twenty times.

Held out, and only measured: the part `held-out` of the synthetic pages, the rest of CORD, and any folder `--also`.
Without --write nothing is stored; with it, `ocr_pipeline/extraction/rules/calibration.json` is replaced. Run it again when the
rules' candidates or weights changed.
"""

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import rules_accuracy
import world_accuracy
from world_accuracy import HELD_OUT, off_by_power_or_sign, right

from ocr_pipeline.extraction.rules.confidence import FieldCalibration, features_of
from ocr_pipeline.extraction.rules.extractor import choices
from ocr_pipeline.extraction.rules.fields import items
from ocr_pipeline.extraction.rules.fields.labelled_amounts import labelled
from ocr_pipeline.extraction.rules.reading import read
from ocr_pipeline.schemas import FIELD_KINDS, OcrText

FILE = Path(__file__).parents[1] / "ocr_pipeline" / "extraction" / "rules" / "calibration.json"
LOCKED = "sroie-recorded"
ALSO = "also"
SCALE_WEIGHT = 20.0
STRENGTH = 0.05
"""Inverse strength of the penalty on large weights (scikit-learn's C)."""
MIN_VALUES = 40
SHOWN = 0.8
SHOWN_LOGIT = float(np.log(SHOWN / (1 - SHOWN)))
SROIE_PARTS = 5


@dataclass(frozen=True)
class Judged:
    """A value of the rules with its evidence. `group` is left out as a whole when probabilities are checked."""

    data_set: str
    document: str
    group: str
    field: str
    features: Mapping[str, float]
    right: bool
    wrong_scale: bool
    held_out: bool


def judged(data_set: str, case: world_accuracy.Case) -> Iterable[Judged]:
    """The labelled values that the rules give for a document."""
    for text in case.texts.values():
        if text is None:
            continue
        chosen, evidence = values_of(text)
        for field, features in evidence.items():
            expected = case.expected.get(field)
            if expected is None:
                continue
            value = chosen[field]
            ok = right(case, field, value)
            scale = field in world_accuracy.AMOUNTS and not ok and off_by_power_or_sign(expected, value)
            held_out = data_set == ALSO or case.group == HELD_OUT
            yield Judged(data_set, case.name, group_of(data_set, case), field, features, ok, scale, held_out)


def values_of(text: OcrText) -> tuple[dict[str, Any], dict[str, dict[str, float]]]:
    """By field the value that the rules choose, and the evidence about it."""
    reading = read(text)
    made = choices(reading, labelled(reading), items.find(reading))
    chosen = {name: choice.chosen.value for name, choice in made.items() if choice.chosen}
    return chosen, features_of(made, reading, list(text.words()))


def group_of(data_set: str, case: world_accuracy.Case) -> str:
    if data_set == "sroie":
        return f"sroie {int(case.name[-3:]) % SROIE_PARTS}" if case.name[-3:].isdigit() else "sroie 0"
    if data_set == "cases":
        return f"case {case.name.partition('-')[0]}"
    if data_set == "synthetic":
        return case.name.rpartition("-")[0].partition("-")[0]
    return case.group.casefold() if data_set == "world" else data_set


def documents(data: Path, synthetic: Path, cache: Path, also: Path | None) -> Iterable[tuple[str, world_accuracy.Case]]:
    for case in world_accuracy.labelled(also, cache) if also else ():
        yield ALSO, case
    for name, load in world_accuracy.DATA_SETS.items():
        if name == LOCKED:
            continue
        if name == "sroie":
            for case in rules_accuracy.sroie(data, cache):
                expected = {key: str(value) for key, value in case.expected.items() if value}
                yield name, world_accuracy.Case(case.name, "SROIE", expected, {}, {"rapidocr": case.text})
        else:
            for other in load(synthetic if name == "synthetic" else data / name, cache):
                yield name, other


def weights_of(values: Sequence[Judged]) -> np.ndarray:
    """Data sets count by the root of their size, so that none outvotes the others; wrong scales count more."""
    sizes: dict[str, int] = defaultdict(int)
    for value in values:
        sizes[value.data_set] += 1
    weights = np.array([(SCALE_WEIGHT if v.wrong_scale else 1.0) / sizes[v.data_set] ** 0.5 for v in values])
    return weights / weights.mean()


def fit(values: Sequence[Judged]) -> FieldCalibration:
    """A regularised logistic regression on standardised features, its weights given for the features as they are."""
    from sklearn.linear_model import LogisticRegression

    names = sorted({name for value in values for name in value.features})
    table = np.array([[value.features.get(name, 0.0) for name in names] for value in values])
    flags = np.array([value.right for value in values])
    if flags.all() or not flags.any():
        share = (flags.sum() + 1) / (len(flags) + 2)
        return FieldCalibration(float(np.log(share / (1 - share))), {})
    mean, spread = table.mean(0), np.maximum(table.std(0), 0.05)
    model = LogisticRegression(C=STRENGTH, max_iter=3000).fit((table - mean) / spread, flags, weights_of(values))
    slopes = model.coef_[0] / spread
    return FieldCalibration(
        float(model.intercept_[0] - slopes @ mean), dict(zip(names, map(float, slopes), strict=True))
    )


def logit(calibration: FieldCalibration, value: Judged) -> float:
    probability = min(max(calibration.probability(value.features), 1e-6), 1 - 1e-6)
    return float(np.log(probability / (1 - probability)))


def out_of(values: Sequence[Judged], key: Callable[[Judged], str]) -> np.ndarray:
    """The score of every value by a regression that has not seen its group (by `key`)."""
    scores = np.zeros(len(values))
    for group in sorted(set(map(key, values))):
        rest = [value for value in values if key(value) != group]
        model = fit(rest) if rest else fit(values)
        for index, value in enumerate(values):
            if key(value) == group:
                scores[index] = logit(model, value)
    return scores


def highest(calibration: FieldCalibration, values: Sequence[Judged], scores: np.ndarray) -> float:
    """What the documents above 0.8 by scores out of their data set allow: (right + 1) / (n + 2)."""
    shown: dict[tuple[str, str], bool] = {}
    for value, score in zip(values, scores, strict=True):
        if score > SHOWN_LOGIT:
            place = (value.data_set, value.document)
            shown[place] = shown.get(place, True) and value.right
    return round((sum(shown.values()) + 1) / (len(shown) + 2), 3) if shown else calibration.most


def bent(calibration: FieldCalibration, values: Sequence[Judged], scores: np.ndarray) -> FieldCalibration:
    """The calibration bent by a Platt regression on the scores out of group; never made steeper."""
    from sklearn.linear_model import LogisticRegression

    flags = np.array([value.right for value in values])
    if flags.all() or not flags.any():
        return calibration
    platt = LogisticRegression(C=10.0).fit(scores[:, None], flags, weights_of(values))
    slope, shift = min(max(float(platt.coef_[0][0]), 0.2), 1.0), float(platt.intercept_[0])
    weights = {name: slope * weight for name, weight in calibration.weights.items()}
    return FieldCalibration(slope * calibration.bias + shift, weights, calibration.most)


def report(title: str, values: Sequence[Judged], probabilities: Mapping[int, float]) -> None:
    """Right values shown above 0.8, wrong ones among those shown, and wrong scales shown, by field."""
    print(
        f"\n{title}\n\n| field | values | right | right shown | wrong of shown | wrong scale shown |\n| --- |"
        + " ---: |" * 5
    )
    for field in FIELD_KINDS:
        of_field = [(value, probabilities[id(value)]) for value in values if value.field == field]
        if not of_field:
            continue
        hits = [value for value, _ in of_field if value.right]
        shown = [value for value, sure in of_field if sure > SHOWN]
        good, scale = sum(value.right for value in shown), sum(value.wrong_scale for value in shown)
        share = f"{100 * good / max(len(hits), 1):.0f} %"
        print(f"| {field} | {len(of_field)} | {len(hits)} | {share} | {len(shown) - good} of {len(shown)} | {scale} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--synthetic", type=Path, default=Path(tempfile.gettempdir()) / "synthetic_world")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "world_accuracy")
    parser.add_argument("--also", type=Path, help="a folder of documents with labels that are measured only")
    parser.add_argument("--write", action="store_true", help="replace the calibration of the package")
    arguments = parser.parse_args()
    every = [
        value
        for data_set, case in documents(arguments.data, arguments.synthetic, arguments.cache, arguments.also)
        for value in judged(data_set, case)
    ]
    known = [value for value in every if not value.held_out]
    final: dict[str, FieldCalibration] = {}
    sure: dict[int, float] = {}
    for field in FIELD_KINDS:
        values = [value for value in known if value.field == field]
        if len(values) < MIN_VALUES:
            continue
        scores, foreign = out_of(values, lambda value: value.group), out_of(values, lambda value: value.data_set)
        model = fit(values)
        made = bent(model, [*values, *values], np.concatenate([scores, foreign]))
        slope = _slope(model, made)
        shift = made.bias - slope * model.bias
        final[field] = replace(made, most=highest(made, values, slope * foreign + shift))
        for value, score in zip(values, scores, strict=True):
            raw = model.bias if not model.weights else score
            sure[id(value)] = min(float(1 / (1 + np.exp(-(slope * raw + shift)))), final[field].most)
    for data_set in sorted({value.data_set for value in known}):
        part = [value for value in known if value.data_set == data_set and id(value) in sure]
        report(f"{data_set}, each group by a calibration without it", part, sure)
    print({field: model.most for field, model in final.items()})
    for data_set in sorted({value.data_set for value in every if value.held_out}):
        held = [value for value in every if value.held_out and value.data_set == data_set and value.field in final]
        report(f"{data_set}, held out", held, {id(v): final[v.field].probability(v.features) for v in held})
    if arguments.write:
        FILE.write_text(json.dumps(content(final, known), indent=1, sort_keys=True) + "\n")
        print(f"\nwrote {FILE}")


def _slope(model: FieldCalibration, final: FieldCalibration) -> float:
    name = max(model.weights, key=lambda key: abs(model.weights[key]), default=None)
    return final.weights[name] / model.weights[name] if name else 1.0


def content(final: Mapping[str, FieldCalibration], known: Sequence[Judged]) -> dict[str, Any]:
    counts: dict[str, int] = defaultdict(int)
    for value in known:
        counts[value.data_set] += 1
    return {
        "schema": 1,
        "made_by": "benchmarks/make_calibration.py",
        "values": dict(sorted(counts.items())),
        "fields": {
            field: {
                "bias": round(model.bias, 4),
                "most": model.most,
                "weights": {name: round(held, 4) for name, held in sorted(model.weights.items()) if abs(held) >= 0.001},
            }
            for field, model in final.items()
        },
    }


if __name__ == "__main__":
    main()
