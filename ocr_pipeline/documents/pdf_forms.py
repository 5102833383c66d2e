"""Filled form fields and other annotations as part of a page's text."""

import ctypes
from functools import partial
from typing import Any, NamedTuple

from ocr_pipeline.schemas import Box

_HIDDEN = 0x02 | 0x20  # ISO 32000-1, table 165: Hidden, NoView
_PASSWORD = 1 << 13  # table 228


class FieldValue(NamedTuple):
    """A value of a text or choice field; the box in PDF coordinates (left, bottom, right, top)."""

    text: str
    box: Box


def flattened(pdf: Any, page: Any, index: int) -> tuple[Any, list[FieldValue]]:
    """The page with what its annotations show as part of its content, and the values of its fields.

    PDFium first makes the appearance of fields that have a value and no appearance. The given page is closed if it changes.
    """
    import pypdfium2.raw as pdfium

    _remove_hidden(page)
    if pdfium.FPDFPage_GetAnnotCount(page) <= 0:
        return page, []
    values = _values(pdf, page) if pdf.formenv else []
    if pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY) != pdfium.FLATTEN_SUCCESS:
        return page, values
    page.close()
    return pdf[index], values


def _remove_hidden(page: Any) -> None:
    """Remove what is not shown on a screen; flattening would draw a part of it."""
    import pypdfium2.raw as pdfium

    for number in reversed(range(pdfium.FPDFPage_GetAnnotCount(page))):
        annotation = pdfium.FPDFPage_GetAnnot(page, number)
        if not annotation:
            continue
        hidden = pdfium.FPDFAnnot_GetFlags(annotation) & _HIDDEN
        pdfium.FPDFPage_CloseAnnot(annotation)
        if hidden:
            pdfium.FPDFPage_RemoveAnnot(page, number)


def _values(pdf: Any, page: Any) -> list[FieldValue]:
    import pypdfium2.raw as pdfium

    values = []
    for number in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, number)
        if not annotation:
            continue
        try:
            rectangle = pdfium.FS_RECTF()
            if pdfium.FPDFAnnot_GetSubtype(annotation) != pdfium.FPDF_ANNOT_WIDGET:
                continue
            kind = pdfium.FPDFAnnot_GetFormFieldType(pdf.formenv, annotation)
            kinds = pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX
            secret = pdfium.FPDFAnnot_GetFormFieldFlags(pdf.formenv, annotation) & _PASSWORD
            if kind not in kinds or secret or not pdfium.FPDFAnnot_GetRect(annotation, rectangle):
                continue
            text = _value(pdf, annotation).strip()
            if text:
                box = (rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)
                values.append(FieldValue(text, box))
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)
    return values


def _value(pdf: Any, annotation: Any) -> str:
    """What the field shows: the label of the chosen option, or the value itself."""
    import pypdfium2.raw as pdfium

    form = pdf.formenv
    for option in range(max(0, pdfium.FPDFAnnot_GetOptionCount(form, annotation))):
        if pdfium.FPDFAnnot_IsOptionSelected(form, annotation, option):
            return _utf16(partial(pdfium.FPDFAnnot_GetOptionLabel, form, annotation, option))
    return _utf16(partial(pdfium.FPDFAnnot_GetFormFieldValue, form, annotation))


def _utf16(call: Any) -> str:
    """Text from a PDFium function that fills a buffer with UTF-16LE and returns the needed size in bytes."""
    import pypdfium2.raw as pdfium

    size = call(None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    call(ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", errors="ignore")
