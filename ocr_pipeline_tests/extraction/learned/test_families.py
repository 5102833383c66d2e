"""Documents of one vendor and their copies are one family."""

import random

from ocr_pipeline.training.examples import families


def test_whoever_shares_a_vendor_or_a_copy_is_one_family() -> None:
    chance = random.Random(1)
    for _ in range(50):
        documents = [(f"v{chance.randrange(8)}", f"g{chance.randrange(8)}") for _ in range(12)]
        found, known = families(documents), [{number} for number in range(12)]
        for _ in documents:  # join what shares anything until nothing changes
            for first in range(12):
                for second in range(12):
                    if any(a == b for a, b in zip(documents[first], documents[second], strict=True)):
                        known[first] |= known[second]
                        known[second] = known[first]
        expected = [min(of) for of in known]
        assert len(set(zip(found, expected, strict=True))) == len(set(found)) == len(set(expected))


def test_a_hundred_thousand_documents_of_one_vendor() -> None:
    """In no time: if each of them went through those before it, this would take an hour."""
    assert len(set(families([("v", f"g{number}") for number in range(100_000)]))) == 1
