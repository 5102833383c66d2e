"""What follows from knowing the own company: it is not the supplier of a purchase, and it is the receiver."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ocr_pipeline.extraction.own import OwnCompany
from ocr_pipeline.extraction.rules.candidates import Candidate
from ocr_pipeline.extraction.rules.reading import Reading
from ocr_pipeline.extraction.rules.reading.layout import Span, join

OWN_WEIGHTS = {"own_company": 8.0}
"""Added to the weights of the receiver's fields: a known company is preferred to every other candidate."""

_BUYER_FEATURES = ("in_buyer_block", "second_of_two")


@dataclass(frozen=True)
class Own:
    """The own company on one page.

    `active`: it is known, and the document is not one of its own sales. `misplaced`: it stands outside of what was taken for
    the buyer's block, so that block is the supplier's.
    """

    company: OwnCompany | None
    active: bool
    misplaced: bool = False

    def not_supplier(self, candidates: Sequence[Candidate[str]], *, tax_ids: bool = False) -> list[Candidate[str]]:
        """The candidates for a supplier's field that are not the own company."""
        return [self._placed(candidate) for candidate in candidates if not self._is_own(candidate, tax_ids)]

    def preferred(self, candidates: Sequence[Candidate[str]], *, tax_ids: bool = False) -> list[Candidate[str]]:
        """The candidates for a receiver's field; those of the own company have the feature `own_company`."""
        return [
            replace(candidate, features={**candidate.features, "own_company": 1.0})
            if self._is_own(candidate, tax_ids)
            else self._placed(candidate)
            for candidate in candidates
        ]

    def printed_names(self, reading: Reading) -> list[Candidate[str]]:
        """The own name wherever it is printed, as a candidate for the receiver."""
        if not self.active or self.company is None:
            return []
        found = []
        for row in reading.rows:
            for cell in row.cells:
                if self.company.is_name(cell.span.text):
                    words = _shortest(self.company, cell.words)
                    span = join(words)
                    found.append(Candidate(span.text.strip(" :,;"), span, {}))
        return found

    def _placed(self, candidate: Candidate[str]) -> Candidate[str]:
        """A candidate of somebody else, without the features of a buyer's block that is none."""
        if not self.misplaced:
            return candidate
        return replace(candidate, features={**candidate.features, **dict.fromkeys(_BUYER_FEATURES, 0.0)})

    def _is_own(self, candidate: Candidate[str], tax_ids: bool) -> bool:
        if not self.active or self.company is None:
            return False
        return self.company.is_tax_id(candidate.value) if tax_ids else self.company.is_name(candidate.value)


def on_page(reading: Reading, company: OwnCompany | None) -> Own:
    """Whether and how the own company matters for a document.

    It is one of its own sales if a labelled buyer's block names others only, and the own company stands outside of it.
    """
    if company is None:
        return Own(None, active=False)
    labelled = any(
        "buyer" in hit.classes and not reading.buyer_words.isdisjoint(reading.rows[row].words[hit.first].words)
        for row, hits in reading.keywords.by_row.items()
        for hit in hits
    )
    inside = outside = False
    for row in reading.rows:
        for cell in row.cells:
            if company.is_name(cell.span.text) or any(company.is_tax_id(word.text) for word in cell.words):
                in_block = not reading.buyer_words.isdisjoint(cell.span.words)
                inside, outside = inside or in_block, outside or not in_block
    if not labelled:
        return Own(company, active=True, misplaced=outside and not inside)
    return Own(company, active=inside or not outside)


def _shortest(company: OwnCompany, words: Sequence[Span]) -> Sequence[Span]:
    """The words of a cell without those before and after the own name."""
    while len(words) > 1 and company.is_name(join(words[1:]).text):
        words = words[1:]
    while len(words) > 1 and company.is_name(join(words[:-1]).text) and not company.is_name(words[-1].text):
        shorter = words[:-1]
        if len(join(shorter).text) < max(map(len, company.names)):
            break
        words = shorter
    return words
