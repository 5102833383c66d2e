"""The words of a PDF page that a reader sees. Each page is drawn for the property under test."""

import pytest
from PIL import Image

from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import Page, PartPage, open_document
from ocr_pipeline.documents.text_layer import TextLayer
from ocr_pipeline.ocr.reading_order import arrange
from ocr_pipeline_tests.drawn_pdf import drawn_pdf, image_object, shown, with_object_stream

TOTAL = shown(40, 200, "Total 577.15")
OFF_LAYER = "/OCProperties << /OCGs [7 0 R] /D << /OFF [7 0 R] >> >>"
LAYER = "<< /Type /OCG /Name (Old) >>"


def page_of(content: bytes, **limits: int) -> Page:
    return open_document(content, Limits(**limits)).pages[0]


def layer_of(content: bytes) -> TextLayer:
    layer = page_of(content).compared_text()
    assert layer is not None
    return layer


def texts(content: bytes) -> list[str]:
    return [word.text for word in layer_of(content).words]


def lines(content: bytes) -> list[str]:
    words = arrange(layer_of(content).words, 300 / 400)
    numbers = dict.fromkeys(word.line for word in words)
    return [" ".join(word.text for word in words if word.line == number) for number in numbers]


BLUE_BOX = "q 0.2 0.3 0.6 rg 30 90 200 40 re f Q"
WHITE_BOX = "q 1 g 30 90 200 40 re f Q"
BLACK_BOX = "q 0 g 30 90 200 40 re f Q"
HIDDEN = {
    "invisible": shown(40, 100, "Hidden 999", setup="3 Tr"),
    "only a clip": shown(40, 100, "Hidden 999", setup="7 Tr"),
    "white on white": shown(40, 100, "Hidden 999", setup="1 g"),
    "almost white": shown(40, 100, "Hidden 999", setup="0.97 0.98 0.97 rg"),
    "in CMYK white": shown(40, 100, "Hidden 999", setup="0 0 0 0 k"),
    "the colour of its box": f"{BLUE_BOX} {shown(40, 100, 'Hidden 999', setup='0.2 0.3 0.6 rg')}",
    "covered by a white path": f"{shown(40, 100, 'Hidden 999')} {WHITE_BOX}",
    "covered by a black path": f"{shown(40, 100, 'Hidden 999')} {BLACK_BOX}",
    "under other text on white": f"{shown(40, 100, 'Hidden 999')} {WHITE_BOX} {shown(40, 100, 'Net 485.00')}",
    "clipped away": shown(40, 100, "Hidden 999", setup="300 10 20 20 re W n"),
    "transparent": shown(40, 100, "Hidden 999", setup="/Clear gs"),
    "off the page": shown(500, 100, "Hidden 999"),
    "tiny": shown(40, 100, "Hidden 999", size=0.8),
    "in a layer that is off": f"/OC /Old BDC {shown(40, 100, 'Hidden 999')} EMC",
}
RESOURCES = "/ExtGState << /Clear << /ca 0 /CA 0 >> >> /Properties << /Old 7 0 R >> "


@pytest.mark.parametrize("hidden", HIDDEN.values(), ids=HIDDEN.keys())
def test_what_nobody_sees_is_no_word(hidden: str) -> None:
    content = drawn_pdf(f"{hidden} {TOTAL}", resources=RESOURCES, catalog=OFF_LAYER, more=(LAYER,))
    layer = layer_of(content)
    assert [word.text for word in layer.words if word.text not in ("Net", "485.00")] == ["Total", "577.15"]
    assert [word.text for word in layer.hidden] == ["Hidden", "999"]
    assert layer.unexplained < 0.3


VISIBLE = {
    "white on a dark box": f"{BLUE_BOX} {shown(40, 100, 'Shown 12.50', setup='1 g')}",
    "light grey": shown(40, 100, "Shown 12.50", setup="0.75 g"),
    "yellow": shown(40, 100, "Shown 12.50", setup="1 1 0 rg"),
    "outlines only": shown(40, 100, "Shown 12.50", setup="1 Tr"),
    "in front of a box": f"q 0.9 g 30 90 200 40 re f Q {shown(40, 100, 'Shown 12.50')}",
    "below a ruled line": f"{shown(40, 100, 'Shown 12.50')} 0 G 30 98 m 200 98 l S",
    "below a translucent marker": f"{shown(40, 100, 'Shown 12.50')} q /Half gs 1 1 0 rg 30 90 200 40 re f Q",
    "printed twice for weight": f"{shown(40, 100, 'Shown 12.50')} {shown(40.2, 100, 'Shown 12.50')}",
    "within a clip": shown(40, 100, "Shown 12.50", setup="30 90 200 40 re W n"),
    "in a layer that is on": f"/OC /Old BDC {shown(40, 100, 'Shown 12.50')} EMC",
    "small print": shown(40, 100, "Shown 12.50", size=4),
    "bold": shown(40, 100, "Shown 12.50", font="F2"),
}


@pytest.mark.parametrize("visible", VISIBLE.values(), ids=VISIBLE.keys())
def test_what_a_reader_sees_is_a_word(visible: str) -> None:
    resources = "/ExtGState << /Half << /ca 0.4 /CA 0.4 >> >> /Properties << /Old 7 0 R >> "
    catalog = "/OCProperties << /OCGs [7 0 R] /D << >> >>"
    content = drawn_pdf(f"{visible} {TOTAL}", resources=resources, catalog=catalog, more=(LAYER,))
    assert {"Shown", "12.50", "Total", "577.15"} <= set(texts(content))


def test_text_under_an_image_is_hidden_and_on_its_ink_only_where_the_image_has_text() -> None:
    scan = Image.new("RGB", (800, 600), "white")
    scan.paste(Image.effect_noise((300, 40), 120).convert("RGB"), (80, 180))
    content = f"{TOTAL} {shown(40, 60, 'Elsewhere')} q 400 0 0 300 0 0 cm /Scan Do Q"
    layer = layer_of(drawn_pdf(content, resources="/XObject << /Scan 7 0 R >>", more=(image_object(scan),)))
    assert layer.words == []
    assert [word.text for word in layer.hidden] == ["Total", "577.15", "Elsewhere"]
    assert [word.text for word in layer.over_ink] == ["Total", "577.15"]
    assert layer.unexplained == 1.0


def test_a_hyphen_at_the_end_of_a_line_keeps_the_line_break() -> None:
    shown_lines = "BT /F1 12 Tf 40 200 Td (Invoice INV-) Tj 0 -14 Td (2026-0017) Tj 0 -14 Td (Total 5.00) Tj ET"
    assert lines(drawn_pdf(shown_lines)) == ["Invoice INV-", "2026-0017", "Total 5.00"]


def test_raised_cents_are_a_word_of_their_own() -> None:
    amount = "BT /F1 24 Tf 1 0 0 1 40 200 Tm (12) Tj /F1 12 Tf 9 Ts (99) Tj ET"
    words = layer_of(drawn_pdf(amount)).words
    assert [word.text for word in words] == ["12", "99"]
    assert words[0].line == words[1].line


def test_pieces_of_a_line_in_any_order_are_one_line() -> None:
    content = " ".join(
        [shown(40, 200, "24103"), shown(40, 180, "DE123"), shown(78, 200, "Kiel"), shown(300, 200, "right")]
    )
    assert lines(drawn_pdf(content)) == ["24103 Kiel", "right", "DE123"]


@pytest.mark.parametrize("unit", [10.0, 2.0, 0.5, 1.0])
def test_user_unit(unit: float) -> None:
    """The page has the same size in inches and the same words, in whichever unit it is written."""
    scaled = f"{1 / unit} 0 0 {1 / unit} 0 0 cm {TOTAL} {shown(40, 184, 'Paid')} {shown(150, 200, 'EUR')}"
    box = (0, 0, 400 / unit, 300 / unit)
    content = drawn_pdf(scaled, media_box=box, page=f"/UserUnit {unit}")
    page, plain = page_of(content), page_of(drawn_pdf(f"{TOTAL} {shown(40, 184, 'Paid')} {shown(150, 200, 'EUR')}"))
    assert (page.width, page.height, page.dpi) == (plain.width, plain.height, 200)
    assert page.image().shape == (page.height, page.width, 3)
    layer, expected = page.compared_text(), plain.compared_text()
    assert layer is not None
    assert expected is not None
    assert [(word.text, word.line) for word in layer.words] == [(word.text, word.line) for word in expected.words]
    for word, other in zip(layer.words, expected.words, strict=True):
        assert word.box == pytest.approx(other.box, abs=0.003)


def test_user_unit_in_an_object_stream_is_looked_for_in_the_pages() -> None:
    content = drawn_pdf(TOTAL, page="/UserUnit 2")
    renamed = content.replace(b"/UserUnit 2", b"/OtherUnit2")
    assert page_of(content).width == pytest.approx(2 * page_of(renamed).width, abs=2)
    assert page_of(with_object_stream(renamed, "/UserUnit 2")).width == page_of(renamed).width, "no page has it"


def test_a_huge_user_unit_does_not_explode_the_picture() -> None:
    page = page_of(drawn_pdf(TOTAL, page="/UserUnit 100"), max_page_pixels=2_000_000)
    assert 1_800_000 < page.width * page.height <= 2_000_000
    assert page.dpi is not None
    assert page.dpi < 20
    assert page.image().shape == (page.height, page.width, 3)
    assert page.compared_text() is not None


@pytest.mark.parametrize("unit", ["-1", "0", "(two)"])
def test_a_senseless_user_unit_is_ignored(unit: str) -> None:
    assert page_of(drawn_pdf(TOTAL, page=f"/UserUnit {unit}")).width == page_of(drawn_pdf(TOTAL)).width


def form(field: str, *, appearance: str | None = None, needs: bool = False) -> bytes:
    """A page with a label and one field beside it."""
    fonts = "/DR << /Font << /Helv 5 0 R >> >> /DA (/Helv 11 Tf 0 g)"
    look = "" if appearance is None else "/AP << /N 8 0 R >>"
    more = [f"<< /Type /Annot /Subtype /Widget /T (f) /Rect [150 190 390 212] /P 3 0 R {field} {look} >>"]
    if appearance is not None:
        drawing = f"/Tx BMC BT /Helv 11 Tf 2 6 Td ({appearance}) Tj ET EMC"
        more.append(
            "<< /Type /XObject /Subtype /Form /BBox [0 0 240 22] /Resources << /Font << /Helv 5 0 R >> >> "
            f"/Length {len(drawing)} >>\nstream\n{drawing}\nendstream"
        )
    catalog = f"/AcroForm << /Fields [7 0 R] {fonts} {'/NeedAppearances true' if needs else ''} >>"
    return drawn_pdf(shown(40, 200, "Total due"), page="/Annots [7 0 R]", catalog=catalog, more=tuple(more))


FIELDS = {
    "text": ("/FT /Tx /V (577,15 EUR) /F 4", None, ["577,15", "EUR"]),
    "text with appearance": ("/FT /Tx /V (577,15 EUR) /F 4", "577,15 EUR", ["577,15", "EUR"]),
    "combo": ("/FT /Ch /Ff 131072 /Opt [(EUR) (USD)] /V (EUR) /F 4", None, ["EUR"]),
    "combo with labels": (
        "/FT /Ch /Ff 131072 /Opt [[(e) (Euro)] [(d) (Dollar)]] /V (d) /F 4", None, ["Dollar"],
    ),
    "several lines": ("/FT /Tx /Ff 4096 /V (Werft\\nPier) /F 4 /DA (/Helv 7 Tf 0 g)", None, ["Werft", "Pier"]),
    "hidden": ("/FT /Tx /V (577,15 EUR) /F 2", "577,15 EUR", []),
    "not shown on screen": ("/FT /Tx /V (577,15 EUR) /F 32", "577,15 EUR", []),
    "password": ("/FT /Tx /Ff 8192 /V (secret) /F 4", None, []),
    "empty": ("/FT /Tx /F 4", None, []),
    "box that is not checked": ("/FT /Btn /V /Off /AS /Off /F 4", None, []),
}  # fmt: skip


@pytest.mark.parametrize(("field", "appearance", "expected"), FIELDS.values(), ids=FIELDS.keys())
def test_form_fields(field: str, appearance: str | None, expected: list[str]) -> None:
    content = form(field, appearance=appearance, needs=appearance is None)
    page = page_of(content)
    layer = page.compared_text()
    assert layer is not None
    letters = [word for word in layer.words if any(c.isalnum() for c in word.text)]
    assert [word.text for word in letters if word.text not in ("Total", "due")] == expected
    for word in letters[2:]:
        x0, y0, x1, y1 = word.box
        assert 150 / 400 <= x0 < x1 <= 390 / 400
        assert (300 - 214) / 300 <= y0 < y1 <= (300 - 188) / 300


def test_a_typed_note_is_part_of_the_page() -> None:
    drawing = "BT /F1 12 Tf 2 5 Td (PAID 14.02.2025) Tj ET"
    note = (
        "<< /Type /Annot /Subtype /FreeText /Rect [40 40 200 60] /F 4 /Contents (PAID) /AP << /N 8 0 R >> /P 3 0 R >>"
    )
    look = (
        "<< /Type /XObject /Subtype /Form /BBox [0 0 160 20] /Resources << /Font << /F1 5 0 R >> >> "
        f"/Length {len(drawing)} >>\nstream\n{drawing}\nendstream"
    )
    assert texts(drawn_pdf(TOTAL, page="/Annots [7 0 R]", more=(note, look))) == [
        "Total",
        "577.15",
        "PAID",
        "14.02.2025",
    ]


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_pages_that_are_displayed_turned_have_upright_words(rotate: int) -> None:
    """The rotation makes text upright again that lies on its side on the displayed page; upright text stays as it is."""
    content = f"{TOTAL} {shown(40, 184, 'Paid')}"
    layer = layer_of(drawn_pdf(content, page=f"/Rotate {rotate}"))
    plain = layer_of(drawn_pdf(content))
    assert layer.rotation == (360 - rotate) % 360
    assert sorted(word.text for word in layer.words) == sorted(word.text for word in plain.words)
    boxes = {word.text: word.box for word in plain.words}
    for word in layer.words:
        assert word.box == pytest.approx(boxes[word.text], abs=0.003)


def test_a_scanner_that_turns_the_paper_gives_upright_pages() -> None:
    """Text that runs up the page in the file, displayed upright by /Rotate 90."""
    turned = "BT /F1 12 Tf 0 1 -1 0 100 40 Tm (Total 577.15) Tj ET"
    layer = layer_of(drawn_pdf(turned, page="/Rotate 90"))
    assert layer.rotation == 0
    (first, second) = layer.words
    assert (first.text, second.text) == ("Total", "577.15")
    assert first.box[2] < second.box[0]


def test_text_along_the_edge_does_not_turn_the_page() -> None:
    edge = "BT /F1 8 Tf 0 1 -1 0 20 40 Tm (Form 17) Tj ET"
    layer = layer_of(drawn_pdf(f"{TOTAL} {edge}"))
    assert layer.rotation == 0
    assert [word.text for word in layer.words] == ["Total", "577.15", "Form", "17"]


def test_fonts_are_told_apart() -> None:
    fonts = layer_of(drawn_pdf(f"{TOTAL} {shown(40, 100, 'Bold 5', font='F2')}")).fonts
    assert len(fonts) == 4
    assert fonts[0] == fonts[1] != fonts[2] == fonts[3]


def test_a_part_of_a_file_numbers_its_own_pages() -> None:
    part = PartPage(page_of(drawn_pdf(TOTAL)), number=7, width=1, height=1, dpi=None)
    layer = part.compared_text()
    assert layer is not None
    assert {word.page for word in layer.words} == {7}
