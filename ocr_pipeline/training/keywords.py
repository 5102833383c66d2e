"""Learning keywords from unlabelled documents: the words beside amounts that arithmetic proves.

A rate with net + tax = total, or a sum of items with cash - change = total, says what amounts are without a word that is
known. The words beside them are counted; those that stand beside the same kind of amount in several documents become weighted
phrases in `keywords.yaml`, for a person to read. Only `ocr-pipeline train --keywords` does this.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ocr_pipeline.extraction.rules import lexicon
from ocr_pipeline.extraction.rules.fields import arithmetic, sums
from ocr_pipeline.extraction.rules.fields.labelled_amounts import LabelledAmount, labelled, printed_rates
from ocr_pipeline.extraction.rules.parts import first_invoice
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.learned_words import (
    MAX_PHRASE_WORDS,
    KeywordFile,
    LearnedPhrase,
    active,
)
from ocr_pipeline.extraction.rules.text import key
from ocr_pipeline.schemas import OcrText
from ocr_pipeline.values import currencies

MIN_DOCUMENTS = 3
"""Documents in which a phrase stands beside a proven amount."""
MIN_SHARE = 0.8
"""Of the documents in which a phrase stands beside an amount, those in which it is the proven one."""
MAX_WEIGHT = 0.9
"""A learned phrase counts less than one of the lexicon."""
_MIN_LETTERS = 3
_HEADER = """\
# Words learned from the documents of this project by `ocr-pipeline train --keywords`: they stood beside amounts that
# arithmetic proves. Each has the number of documents for and against it, and the weight with which it counts (a word of the
# rules counts 1). You may delete phrases, put them under `ignore` so that they are not learned again, or add some of your own
# without `documents`. A changed file makes the results of the rules stale. See docs/reading.md.
"""


@dataclass
class _Counts:
    """Documents by phrase: where it stood beside an amount of a class, and beside any amount."""

    proven: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    beside: Counter[str] = field(default_factory=Counter)
    spellings: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    documents: int = 0


def learn(texts: Iterable[OcrText], before: KeywordFile | None = None) -> KeywordFile:
    """The phrases of these documents, one text for each; phrases added by hand to the file of `before`, and those it
    ignores, are kept."""
    counts = _Counts()
    with active(None):  # what was learned must not prove itself
        for text in texts:
            _count(first_invoice(text).reading, counts)
    ignored = {key(phrase) for phrase in (before.ignore if before else [])}
    learned: dict[str, list[LearnedPhrase]] = defaultdict(list)
    for (phrase, keyword_class), documents in counts.proven.items():
        against = counts.beside[phrase] - documents
        enough = documents >= MIN_DOCUMENTS and documents >= MIN_SHARE * (documents + against)
        if enough and phrase not in ignored and not _is_known(phrase, keyword_class):
            weight = round(MAX_WEIGHT * documents / (documents + against + 1), 2)
            spelling = max(sorted(counts.spellings[phrase]), key=counts.spellings[phrase].__getitem__)
            entry = LearnedPhrase(phrase=spelling, documents=documents, against=against, weight=weight)
            learned[keyword_class].append(entry)
    for keyword_class, entries in before.keywords.items() if before else ():
        learned[keyword_class] += [entry for entry in entries if not entry.documents]
    for entries in learned.values():
        entries.sort(key=lambda entry: (-entry.documents, entry.phrase))
    return KeywordFile.model_validate(
        {
            "version": 1,
            "documents": counts.documents,
            "ignore": before.ignore if before else [],
            "keywords": {name: entries for name, entries in sorted(learned.items()) if entries},
        }
    )


def rendered(content: KeywordFile) -> str:
    """The file as text: sorted, a line for each phrase."""
    import yaml

    lines = [_HEADER + f"version: {content.version}", f"documents: {content.documents}"]
    if content.ignore:
        lines += ["ignore:", *(f"  - {_quoted(phrase)}" for phrase in content.ignore)]
    lines.append("keywords:" if content.keywords else "keywords: {}")
    for name, entries in content.keywords.items():
        lines.append(f"  {name}:")
        for entry in entries:
            parts = entry.model_dump(exclude_defaults=True)
            inner = yaml.safe_dump(parts, sort_keys=False, allow_unicode=True, default_flow_style=True, width=10_000)
            lines.append(f"    - {inner.strip()}")
    return "\n".join(lines) + "\n"


def _quoted(phrase: str) -> str:
    import yaml

    return str(yaml.safe_dump([phrase], allow_unicode=True, default_flow_style=True, width=10_000)).strip()[1:-1]


def _is_known(phrase: str, keyword_class: str) -> bool:
    meanings = lexicon.load().phrases.get(phrase, {})
    return any(keyword_class in classes for classes in meanings.values())


def _count(reading: Reading, counts: _Counts) -> None:
    """Count the phrases beside the amounts of a document with a proven sum, each once."""
    amounts = labelled(reading)
    roles = proven(amounts, list(printed_rates(reading)))
    if not roles:
        return
    counts.documents += 1
    beside: set[str] = set()
    stood: set[tuple[str, str]] = set()
    for position, amount in enumerate(amounts):
        spelling = _label(reading, amount)
        phrase = key(spelling)
        if len(phrase) >= _MIN_LETTERS:
            beside.add(phrase)
            counts.spellings[phrase][spelling] += 1
            if position in roles:
                stood.add((phrase, roles[position]))
    counts.beside.update(beside)
    for entry in stood:
        counts.proven[entry] += 1


def proven(amounts: Sequence[LabelledAmount], rates: Sequence[Decimal]) -> Mapping[int, str]:
    """Position of an amount -> what arithmetic proves it to be. Labels are not looked at."""
    roles: dict[int, str] = {}
    by_rate = list(sums.by_rates(amounts, rates))
    best = max(by_rate, key=lambda entry: abs(entry.total), default=None)
    total = None
    if best is not None:
        total = _last(amounts, best.total, len(amounts))
        tax = _last(amounts, best.tax, total) if total is not None else None
        net = _last(amounts, best.net, tax) if tax is not None else None
        if total is None or tax is None or net is None or _same_row(amounts, net, tax, total):
            return {}
        roles = {net: "net", tax: "tax", total: "grand_total"}
    for position, amount in enumerate(amounts):
        is_total = position == total if total is not None else arithmetic.is_column_sum(amount, amounts[:position])
        for cash, change in _payments(amounts, position) if is_total else ():
            roles |= {position: "grand_total", cash: "cash", change: "change"}
            return roles
    return roles


def _last(amounts: Sequence[LabelledAmount], value: Decimal, before: int) -> int | None:
    return next((position for position in range(before - 1, -1, -1) if amounts[position].value == value), None)


def _same_row(amounts: Sequence[LabelledAmount], *positions: int) -> bool:
    return len({amounts[position].number.row for position in positions}) < len(positions)


def _payments(amounts: Sequence[LabelledAmount], total: int) -> Iterator[tuple[int, int]]:
    """Positions of what was given and what was returned: below the total, one after the other, a row each."""
    for cash in range(total + 1, len(amounts) - 1):
        given, back = amounts[cash].value, amounts[cash + 1].value
        rows = amounts[total].number.row, amounts[cash].number.row, amounts[cash + 1].number.row
        if len(set(rows)) == 3 and abs(back) and given - abs(back) == amounts[total].value > 0:
            yield cash, cash + 1


def _label(reading: Reading, amount: LabelledAmount) -> str:
    """The words left of an amount, up to the number before; without currencies and percentages; "" for a sentence."""
    row, number = reading.rows[amount.number.row], amount.number
    starts = [other.last + 1 for other in reading.numbers_in(row.index) if other.last < number.first and other.is_money]
    words = [word.text for word in row.words[max(starts, default=0) : number.first]]
    named = [word.strip(" .:;,=*()[]") for word in words if any(c.isalpha() for c in word) and "%" not in word]
    spoken = [word.casefold() for word in named if word and not currencies.codes_of(word)]
    return " ".join(spoken) if len(spoken) <= MAX_PHRASE_WORDS else ""
