"""The values of a field in all labelled samples as one table, built once and used by every fold.

Only what the labels say about a text (`Known.rows`) differs between folds; `KnownTexts` computes it for all values at once.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ocr_pipeline.extraction.learned.known import MIN_SIMILARITY, Known, words_of
from ocr_pipeline.extraction.learned.lexicon import ALIKE, labelled
from ocr_pipeline.extraction.learned.ranker import matrix, rules_shares
from ocr_pipeline.extraction.rules.candidates import Features
from ocr_pipeline.values.names import normalise_name

if TYPE_CHECKING:
    import numpy as np
    from lightgbm import Dataset
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Flags = NDArray[np.bool_]

KNOWN = ("known_text", "known_gap", "known_best", "known_words", "unknown_words", "known_begin", "known_end")
"""The features of `Known.rows`, in the order of the columns of `KnownTexts`."""
MAX_TRAINING_VALUES = 24
"""Values per document that rankers learn from: of addresses there are sixty, most of them alike."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value of a field on a page without its place: thousands of documents are held at once, and what stands behind a place
    is most of a page."""

    key: str
    value: Any
    features: Features


@dataclass(frozen=True)
class FieldTable:
    """All values of a field: one row each, those of a document together. `values` and `labels` (text of the label, or None)
    by position of the sample; `right`: the index of its right value."""

    field: str
    values: Mapping[int, Sequence[Candidate]]
    labels: Mapping[int, str | None]
    right: Mapping[int, int | None]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The features of the columns."""
        printed = {name for values in self.values.values() for value in values for name in value.features}
        return tuple(sorted(printed | set(KNOWN if self.field in ALIKE else ())))

    @cached_property
    def starts(self) -> Mapping[int, int]:
        """By sample, its first row."""
        starts, row = {}, 0
        for index, values in self.values.items():
            starts[index] = row
            row += len(values)
        return starts

    @cached_property
    def binned(self) -> "dict[int, Dataset]":
        """By number of columns, the data of the first fit: all fits use its bins, since finding bins takes as long as fifty
        trees. Bins are edges of features, so a fold learns nothing about labels of another one from them."""
        return {}

    @cached_property
    def rules(self) -> "Mapping[int, Floats]":
        """By sample, what the rules think of its values, as shares of 1."""
        return {index: rules_shares([value.features for value in values]) for index, values in self.values.items()}

    def rows(self, indices: Sequence[int]) -> "Integers":
        """The rows of these samples, in their order."""
        import numpy as np

        spans = [np.arange(self.starts[index], self.starts[index] + len(self.values[index])) for index in indices]
        return np.concatenate([np.zeros(0, dtype=np.int64), *spans])

    def sizes(self, indices: Sequence[int]) -> list[int]:
        return [len(self.values[index]) for index in indices]

    @cached_property
    def is_right(self) -> "Floats":
        """For each row 1 if it is the right value, otherwise 0."""
        import numpy as np

        flags = [float(row == self.right[index]) for index, values in self.values.items() for row in range(len(values))]
        return np.array(flags, dtype=np.float64)

    def training_rows(self, indices: Sequence[int]) -> "tuple[Integers, list[int]]":
        """The rows of these samples to learn from, and how many there are of each: the best values by the rules, and the right
        one."""
        import numpy as np

        spans = []
        for index in indices:
            kept = np.arange(min(len(self.values[index]), MAX_TRAINING_VALUES))
            right = self.right[index]
            if right is not None and right >= len(kept):
                kept = np.append(kept, right)
            spans.append(self.starts[index] + kept)
        return np.concatenate([np.zeros(0, dtype=np.int64), *spans]), [len(span) for span in spans]

    def seen_by(self, known: Known, inside: Collection[int]) -> "Floats":
        """The features of all values with what these labels say. `inside`: the samples whose labels they are; what a sample's
        own label says about it is left out."""
        if self.field not in ALIKE:
            return self.features
        table = self.features.copy()
        table[:, [self.names.index(name) for name in KNOWN]] = self._texts.columns(known, inside)
        return table

    @cached_property
    def features(self) -> "Floats":
        """Of all values, without what labels say about them."""
        return matrix([value.features for values in self.values.values() for value in values], self.names)

    @cached_property
    def _texts(self) -> "KnownTexts":
        return KnownTexts(self.field, self.values, self.labels)


class KnownTexts:
    """Similarities and words of all values, compared once with the labels of all samples. `columns` selects from them what the
    labels of some samples say: the same as `Known.rows` for each document, in a fraction of the time."""

    def __init__(self, field: str, values: Mapping[int, Sequence[Candidate]], labels: Mapping[int, str | None]) -> None:
        import numpy as np

        self._samples = [index for index, of_sample in values.items() if of_sample]
        self._sizes = np.array([len(values[index]) for index in self._samples], dtype=np.int64)
        self._sample_of_row = np.repeat(np.arange(len(self._samples)), self._sizes)
        self._own = [normalise_name(labels[index] or "") for index in self._samples]
        self._every = labelled(text for text in labels.values() if text)
        self._number_of = {key: number for number, key in enumerate(self._every)}
        self._compare(Known(field, self._every), [values[index] for index in self._samples])
        self._count_words([values[index] for index in self._samples], [labels[index] for index in self._samples])

    def _compare(self, known: Known, documents: Sequence[Sequence[Candidate]]) -> None:
        """Similar pairs of a row and a label: `_row`, `_label` and `_similarity` (0..1)."""
        import numpy as np
        from rapidfuzz import fuzz, process

        rows, entries, similarities = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
        first = 0
        for values in documents:
            compared = known.comparable([str(value.value) for value in values])
            if compared:
                keys = [value.key for value in values]
                table = process.cdist(keys, compared, scorer=fuzz.ratio, score_cutoff=MIN_SIMILARITY)
                row, column = np.nonzero(table)
                rows.append(row + first)
                entries.append(np.array([self._number_of[key] for key in compared], dtype=np.int64)[column])
                similarities.append(table[row, column].astype(np.float64) / 100)
            first += len(values)
        self._row, self._label = np.concatenate(rows), np.concatenate(entries)
        self._similarity = np.concatenate(similarities)

    def _count_words(self, documents: Sequence[Sequence[Candidate]], labels: Sequence[str | None]) -> None:
        """Numbers of all words of the rows that have any, and whether each stands in the label of its own document."""
        import numpy as np

        self._vocabulary: dict[str, int] = {}
        flat: list[int] = []
        in_own: list[bool] = []
        edges: list[tuple[int, int, int, bool, bool]] = []
        row = 0
        for values, label in zip(documents, labels, strict=True):
            own = words_of(label) if label else ()
            mine = set(own)
            for value in values:
                if words := words_of(str(value.value)):
                    numbers = [self._vocabulary.setdefault(word, len(self._vocabulary)) for word in words]
                    edges.append((row, numbers[0], numbers[-1], words[0] in own[:1], words[-1] in own[-1:]))
                    flat += numbers
                    in_own += [word in mine for word in words]
                row += 1
        columns = np.array(edges, dtype=np.int64).reshape(-1, 5).T
        self._worded, self._first, self._last = columns[0], columns[1], columns[2]
        self._own_first, self._own_last = columns[3].astype(bool), columns[4].astype(bool)
        self._words, self._in_own = np.array(flat, dtype=np.int64), np.array(in_own, dtype=bool)
        lengths = [len(words_of(str(value.value))) for values in documents for value in values]
        self._lengths = np.array([length for length in lengths if length], dtype=np.int64)

    def columns(self, known: Known, inside: Collection[int]) -> "Floats":
        """One row per value, one column per name of `KNOWN`; arguments as in `FieldTable.seen_by`."""
        import numpy as np

        alone = [
            index in inside and bool(own) and known.labelled.get(own, ("", 0))[1] == 1
            for index, own in zip(self._samples, self._own, strict=True)
        ]
        left_out = np.array(alone, dtype=bool)
        near = self._nearest(known, left_out)
        table = np.zeros((len(self._sample_of_row), len(KNOWN)))
        if len(table):
            best = np.maximum.reduceat(near, np.concatenate([[0], np.cumsum(self._sizes)[:-1]]))[self._sample_of_row]
            table[:, :3] = np.stack([near, near - best, best], axis=1)
        if len(self._words):
            table[self._worded, 3:] = self._worded_as(known, left_out)
        return table

    def _nearest(self, known: Known, left_out: "Flags") -> "Floats":
        import numpy as np

        is_known = np.array([key in known.labelled for key in self._every], dtype=bool)
        own = np.array([self._number_of.get(key, -1) for key in self._own], dtype=np.int64)
        sample = self._sample_of_row[self._row]
        used = is_known[self._label] & ~(left_out[sample] & (own[sample] == self._label))
        near = np.zeros(len(self._sample_of_row))
        np.maximum.at(near, self._row[used], self._similarity[used])
        return near

    def _worded_as(self, known: Known, left_out: "Flags") -> "Floats":
        import numpy as np

        inside, first, last = (
            np.array([counts[word] for word in self._vocabulary], dtype=np.int64) for counts in known.words
        )
        without = left_out[self._sample_of_row[self._worded]]
        of_word = np.repeat(without, self._lengths)
        is_known = (inside[self._words] > (self._in_own & of_word)).astype(np.int64)
        found = np.add.reduceat(is_known, np.concatenate([[0], np.cumsum(self._lengths)[:-1]]))
        begin = first[self._first] - (self._own_first & without)
        end = last[self._last] - (self._own_last & without)
        logarithms = np.array([math.log1p(count) for count in range(max(int(begin.max()), int(end.max())) + 1)])
        return np.stack([found / self._lengths, self._lengths - found, logarithms[begin], logarithms[end]], axis=1)
