"""Amounts and dates of a label that contradict each other."""

from decimal import Decimal

from ocr_pipeline.document_fields import Fields, Invoice
from ocr_pipeline.evaluation.scoring.comparators import canonical

TOLERANCE = Decimal("0.05")
"""Sums may be off by this much: cash totals are rounded, and taxes are rounded line by line."""


def sums_that_fail(invoice: Fields) -> list[tuple[tuple[str, ...], str, dict[str, str]]]:
    """(fields, sentence, expected values) of every broken rule. Documents of other schemas have rules of their own."""
    if not isinstance(invoice, Invoice):
        return []
    net, tax, total = invoice.net_amount, invoice.total_tax_amount, invoice.total_amount
    broken: list[tuple[tuple[str, ...], str, dict[str, str]]] = []
    if net is not None and tax is not None and total is not None and abs(net + tax - total) > TOLERANCE:
        expected = {"net_amount": total - tax, "total_tax_amount": total - net, "total_amount": net + tax}
        sentence = f"{canonical(net)} net and {canonical(tax)} tax are not {canonical(total)} in total."
        broken.append((tuple(expected), sentence, {field: canonical(value) for field, value in expected.items()}))
    for field, column, what in (("total_tax_amount", "amount", "tax"), ("net_amount", "net_amount", "net amount")):
        said = getattr(invoice, field)
        parts = [getattr(line, column) for line in invoice.tax_lines]
        if said is None or not parts or None in parts:
            continue
        # Tax lines cover taxed goods only: a net amount that includes untaxed goods exceeds their sum.
        off = abs(sum(parts)) - abs(said) if field == "net_amount" else abs(sum(parts) - said)
        if off > TOLERANCE:
            right = canonical(Decimal(sum(parts)))
            broken.append(
                ((field,), f"The tax lines add up to {right}, and the {what} is {canonical(said)}.", {field: right})
            )
    issued, due = invoice.invoice_date, invoice.due_date
    if issued is not None and due is not None and due < issued:
        broken.append((("invoice_date", "due_date"), f"The due date {due} is before the invoice date {issued}.", {}))
    return broken
