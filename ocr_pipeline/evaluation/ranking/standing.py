"""What a leaderboard says about a backend besides F1: macro F1, straight-through rate, and the Pareto front."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from ocr_pipeline.evaluation.ranking.outcomes import Outcomes
from ocr_pipeline.evaluation.statistics.counts import PARTS, f1_terms, quotient
from ocr_pipeline.evaluation.statistics.intervals import MIN_DOCUMENTS, RESAMPLES, wilson
from ocr_pipeline.evaluation.statistics.rates import high, low
from ocr_pipeline.evaluation.statistics.significance import percentile_interval, resampled_sums

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One backend on one data set. Columns as in the table `leaderboard`."""

    dataset: str
    backend: str
    macro_f1: float | None
    macro_f1_low: float | None
    macro_f1_high: float | None
    straight_through_documents: int
    straight_through_rate: float | None
    straight_through_low: float | None
    straight_through_high: float | None


def standings(outcomes: Outcomes, failed: Collection[tuple[str, str]], *, seed: int = 0) -> list[Standing]:
    """Compute the standing of every backend of a data set. `failed`: (backend, document) of cells without a result."""
    import numpy as np

    ran, right, counts = outcomes.ran(), outcomes.right(), outcomes.counts()
    all_right = np.all(right | (outcomes.codes == 0), axis=2) & ran
    macro_of = _macro_f1(counts, ran, seed)
    result = []
    for index, backend in enumerate(outcomes.backends):
        documents = int(ran[index].sum())
        through = sum(
            (backend, outcomes.documents[position]) not in failed for position in np.flatnonzero(all_right[index])
        )
        macro, interval = macro_of[index]
        share = wilson(through, documents)
        result.append(
            Standing(
                dataset=outcomes.dataset,
                backend=backend,
                macro_f1=macro,
                macro_f1_low=low(interval),
                macro_f1_high=high(interval),
                straight_through_documents=through,
                straight_through_rate=through / documents if documents else None,
                straight_through_low=low(share),
                straight_through_high=high(share),
            )
        )
    return result


_Macro = tuple[float | None, tuple[float, float] | None]
"""Macro F1 with its interval."""


def _macro_f1(counts: "NDArray[Any]", ran: "NDArray[np.bool_]", seed: int) -> dict[int, _Macro]:
    """By backend. `counts`: (backends, documents, fields, 3). Backends that ran on the same documents share the draws."""
    import numpy as np

    groups: dict[bytes, list[int]] = {}
    for index, flags in enumerate(ran):
        groups.setdefault(flags.tobytes(), []).append(index)
    found: dict[int, _Macro] = {}
    for group in groups.values():
        terms = f1_terms(counts[group][:, ran[group[0]]])
        backends, documents, fields, _ = terms.shape
        labelled: NDArray[np.bool_] = np.any(counts[group][..., PARTS.index("labelled")], axis=1)
        drawn = None
        if documents >= MIN_DOCUMENTS:
            columns = terms.transpose(1, 0, 2, 3).reshape(documents, -1)
            drawn = resampled_sums(columns, seed=seed, resamples=RESAMPLES).reshape(-1, backends, fields, 2)
        for place, index in enumerate(group):
            used = labelled[place]
            samples = None if drawn is None else drawn[:, place, used]
            found[index] = _macro(terms[place][:, used].sum(axis=0), samples)
    return found


def _macro(terms: "NDArray[Any]", drawn: "NDArray[Any] | None") -> _Macro:
    """`terms`: (fields, 2); `drawn`: (samples, fields, 2), None: too few documents."""
    import numpy as np

    if not len(terms):
        return None, None
    macro = float(quotient(terms).mean())
    if drawn is None:
        return macro, None
    # A sample without a document with a rare field has no F1 for it: the mean is then over the other fields.
    f1 = quotient(drawn)
    known = ~np.isnan(f1)
    means = quotient(np.stack([np.where(known, f1, 0.0).sum(axis=1), known.sum(axis=1)], axis=-1))
    return macro, percentile_interval(means)


@dataclass(frozen=True)
class Offer:
    """What a backend offers: F1 (0..1), cost per document in USD, seconds per document. None: unknown."""

    f1: float | None
    cost: float | None
    seconds: float | None


def pareto_front(offers: Mapping[str, Offer]) -> dict[str, bool | None]:
    """Find the backends on the Pareto front of F1, cost and seconds: no other is at least as good in all and better in one.

    An unknown cost or time can be anything from 0 up. True: on the front whatever the unknown figures are. False: beaten
    whatever they are, as by a backend that costs nothing. None: it depends on them, or the backend has no F1. Point
    estimates only: the comparisons say whether a lead in F1 is luck.
    """
    front: dict[str, bool | None] = {}
    for name, offer in offers.items():
        others = [other for key, other in offers.items() if key != name and other.f1 is not None]
        if offer.f1 is None:
            front[name] = None
        elif any(_beats(_worst(other), _best(offer)) for other in others):
            front[name] = False
        else:
            front[name] = None if any(_beats(_best(other), _worst(offer)) for other in others) else True
    return front


def _best(offer: Offer) -> Sequence[float]:
    """The most favourable figures; smaller is better."""
    return (-(offer.f1 or 0.0), *(0.0 if value is None else value for value in (offer.cost, offer.seconds)))


def _worst(offer: Offer) -> Sequence[float]:
    return (-(offer.f1 or 0.0), *(inf if value is None else value for value in (offer.cost, offer.seconds)))


def _beats(first: Sequence[float], second: Sequence[float]) -> bool:
    return all(a <= b for a, b in zip(first, second, strict=True)) and tuple(first) != tuple(second)
