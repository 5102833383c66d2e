"""Lines that are no name, told by their shape alone."""

import pytest

from ocr_pipeline.extraction.rules.fields.line_shapes import domains, not_a_name


@pytest.mark.parametrize(
    ("line", "shape"),
    [
        ("SAN MATEO, CA 94401", "town"),
        ("Fremont CA 94538", "town"),
        ("Walnut, WY, 98432", "town"),
        ("Evanston, IL", "town"),
        ("24103 Kiel", "town"),
        ("3012 CN Rotterdam", "town"),
        ("411 38 Göteborg", "town"),
        ("31-147 Kraków", "town"),
        ("Chennai 600002", "town"),
        ("Bristol BS1 4DJ", "town"),
        ("Newcastle NSW 2300", "town"),
        ("12 rue des Tilleuls", "street"),
        ("#03296 191 E 3RD AVE", "street"),
        ("Kaistr. 8", "street"),
        ("Kaistr.8", "street"),
        ("ul. Długa 5", "street"),
        ("Rua Sete de Setembro, 74 - Centro", "street"),
        ("Post Office Box #100402", "street"),
        ("PREPAY CHIT NUMBER", "label"),
        ("650-342-2723", "phone"),
        ("Tel. +48 22 401 72 10", "phone"),
        ("info@sliced-invoices.com", "web"),
        ("www.laptopshop.nl", "web"),
        ("Address:", "label"),
        ("Guest Name: Sanjay", "label"),
        ("INV-2024-0017", "code"),
        ("99 SPEED MART S/B", None),
        ("7 ELEVEN", None),
        ("Kowalski Meble Sp. z o.o.", None),
        ("POPULAR BOOK CO. (M) SDN BHD", None),
        ("LG Electronics MobileComm U.S.A, Inc.", None),
        ("Au bon moulin SARL", None),
        ("EDF", None),
    ],
)
def test_the_shape_of_a_line(line: str, shape: str | None) -> None:
    assert not_a_name(line) == shape


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("mail: serviceclient@edf.fr", {"edf"}),
        ("https://www.azure-interior.com/contact", {"azureinterior"}),
        ("jane.doe@gmail.com", set()),
        ("Main Street 12", set()),
    ],
)
def test_names_in_web_and_mail_addresses(text: str, names: set[str]) -> None:
    assert domains(text) == names
