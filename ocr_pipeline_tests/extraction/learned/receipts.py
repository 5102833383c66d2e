"""Receipts as text, many of them: small layouts with a shop, a date, and amounts of which one is the total."""

import random
from datetime import date, timedelta
from decimal import Decimal

from ocr_pipeline.schemas import Invoice, Label
from ocr_pipeline.training.examples import Example
from ocr_pipeline_tests.evaluation.words import text_of

SHOPS = [f"{name} TRADING SDN BHD" for name in ("ALPHA", "BRAVO", "CHARLIE", "DELTA", "ECHO", "FOXTROT", "GOLF")]


def receipts(count: int, seed: int = 0) -> list[Example]:
    """Labelled receipts on which the total is called a name that the rules do not know: `Bayar`."""
    luck = random.Random(seed)
    found = []
    for number in range(count):
        shop = luck.choice(SHOPS)
        day = date(2026, 1, 1) + timedelta(days=luck.randrange(300))
        prices = [Decimal(luck.randrange(100, 2000)) / 100 for _ in range(3)]
        total, paid = sum(prices, Decimal(0)), Decimal(100)
        text = text_of(
            shop,
            "12 JALAN BUNGA",
            f"Date: {day:%d/%m/%Y} 12:30",
            *(f"ITEM {index} {price}" for index, price in enumerate(prices)),
            f"Bayar {total}",
            f"Tunai {paid}.00",
            f"Baki {paid - total}",
        )
        label = Label(invoice=Invoice(supplier_name=shop, invoice_date=day, total_amount=total))
        found.append(Example(f"r{number:03}", f"r{number:03}", text, label, str(number)))
    return found
