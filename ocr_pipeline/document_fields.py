"""The values that a document states: those of an invoice, and of documents that a project describes by a schema of its own.

`fields_model` makes the model of such documents from a `Shape`: names, kinds and lists, which is all that a stored result has
to carry to be read without the project that it comes from. `document_schema` loads the schemas themselves.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, create_model, field_validator

Amount = Annotated[Decimal, Field(max_digits=18, decimal_places=6, allow_inf_nan=False)]
"""An amount of money in the document's currency, or a quantity. Exact, never a float."""

DocumentType = Literal["invoice", "receipt", "credit_note"]

FieldKind = Literal[
    "money", "quantity", "date", "name", "address", "text", "identifier", "tax_id", "category", "boolean"
]


def as_text(value: object) -> str:
    """A value as text; a boolean as `true` or `false`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def in_display_order(names: Iterable[str], known: Iterable[str] = ()) -> list[str]:
    """Names of fields or lists without duplicates: `known` first; those of invoices in their order, others as they come."""
    there = dict.fromkeys(names)
    invoice = (*FIELD_KINDS, *LIST_KINDS)
    first = (*known, *(invoice if there.keys() <= set(invoice) else ()))
    return list(dict.fromkeys([*(name for name in first if name in there), *there]))


Definitions = dict[str, Any]
"""Type and default of fields by name, as `create_model` takes them."""

SHAPE_KEY = "$schema"
"""Where a stored result of a document that is not an invoice has the shape of its values."""


class FieldsModel(BaseModel):
    """Immutable, without unknown keys: the base of all domain models."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TaxLine(FieldsModel):
    """One rate of the tax summary. `rate` is in percent: 19 for 19 %."""

    rate: Amount | None = None
    net_amount: Amount | None = None
    amount: Amount | None = None


class LineItem(FieldsModel):
    """A line item. `amount` is the total of the line as printed; `quantity` is in `unit`."""

    description: str | None = None
    quantity: Amount | None = None
    unit: str | None = None
    unit_price: Amount | None = None
    amount: Amount | None = None
    product_code: str | None = None


def empty_is_none(value: Any) -> Any:
    """A blank text stands for no value."""
    return None if isinstance(value, str) and not value.strip() else value


class Fields(FieldsModel):
    """The values of one document as printed; None if the document does not state the value.

    `NAME` is the name of its schema. `KINDS`: the single-valued fields in display order, with the kind that determines how
    they are compared. `LISTS`: the compared columns of each list. `ROWS`: the model of the rows of each list.
    """

    NAME: ClassVar[str]
    KINDS: ClassVar[Mapping[str, FieldKind]]
    LISTS: ClassVar[Mapping[str, Mapping[str, FieldKind]]]
    ROWS: ClassVar[Mapping[str, type[FieldsModel]]]

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return empty_is_none(value)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Which fields there are is known at run time only."""


class Invoice(Fields):
    """The fields of an invoice or receipt as printed; None if the document does not state the value.

    Names follow Google Document AI's invoice processor. `total_amount` (with tax) and `amount_due` (after prepayment and
    rounding) are different fields.
    """

    document_type: DocumentType | None = None
    supplier_name: str | None = None
    supplier_address: str | None = None
    supplier_tax_id: str | None = None
    receiver_name: str | None = None
    receiver_tax_id: str | None = None
    invoice_id: str | None = None
    invoice_date: date | None = None
    due_date: date | None = None
    purchase_order: str | None = None
    currency: str | None = Field(default=None, description="ISO 4217, upper case: EUR.")
    net_amount: Amount | None = Field(default=None, description="Total without tax.")
    total_tax_amount: Amount | None = None
    total_amount: Amount | None = Field(default=None, description="Total with tax.")
    amount_due: Amount | None = Field(default=None, description="Amount left to pay.")
    tax_lines: list[TaxLine] = []
    line_items: list[LineItem] = []

    @field_validator("currency")
    @classmethod
    def _currency_code(cls, value: str | None) -> str | None:
        if value is not None and not (len(value) == 3 and value.isascii() and value.isalpha()):
            raise ValueError("must be a three-letter ISO 4217 code, like EUR")
        return value.upper() if value else value


FIELD_KINDS: dict[str, FieldKind] = {
    "document_type": "category",
    "supplier_name": "name",
    "supplier_address": "address",
    "supplier_tax_id": "tax_id",
    "receiver_name": "name",
    "receiver_tax_id": "tax_id",
    "invoice_id": "identifier",
    "invoice_date": "date",
    "due_date": "date",
    "purchase_order": "identifier",
    "currency": "category",
    "net_amount": "money",
    "total_tax_amount": "money",
    "total_amount": "money",
    "amount_due": "money",
}
"""The single-valued fields in display order, with the kind that determines how they are compared."""


def known_kind(field: str, kind: str) -> FieldKind:
    """A kind, if it is one of these; for one of evaluation.yaml, that of the field of an invoice, else text."""
    return kind if kind in get_args(FieldKind) else FIELD_KINDS.get(field, "text")  # type: ignore[return-value]


UNPRINTED = ("category", "boolean")
"""Kinds whose values say what a document is, and need not be printed on it."""

LIST_KINDS: dict[str, dict[str, FieldKind]] = {
    "line_items": {"description": "text", "quantity": "quantity", "unit_price": "money", "amount": "money"},
    "tax_lines": {"rate": "quantity", "net_amount": "money", "amount": "money"},
}
"""The compared columns of the lists, in display order. `unit` and `product_code` are stored but not compared: their printed
forms vary too much."""

Invoice.NAME = "invoice"
Invoice.KINDS = FIELD_KINDS
Invoice.LISTS = LIST_KINDS
Invoice.ROWS = {"line_items": LineItem, "tax_lines": TaxLine}


Shape = Mapping[str, Any]
"""`name`, `fields` and `lists` of a schema, JSON-serialisable: `{"name": "delivery_notes", "fields": {"signed": {"kind":
"boolean"}}, "lists": {"items": {"unit": {"kind": "text", "compared": false}}}}`. A category may have `options`."""

TYPES: dict[str, object] = {"money": Amount, "quantity": Amount, "date": date, "boolean": bool}
"""The Python types of kinds; `str` for all others."""


def shape_of(model: type[Fields]) -> Shape:
    """The shape that a model was made from. Raises KeyError for `Invoice`, which has none."""
    shape: Shape = json.loads(_MADE_FROM[model][0])
    return shape


_MADE_FROM: dict[type[BaseModel], tuple[str, str | None]] = {}
"""The shape of each made model as text, and the list that it is a row of."""


def fields_model(shape: Shape) -> type[Fields]:
    """The model of documents of this shape; the same class for the same shape."""
    return _fields_model(json.dumps(shape))


@lru_cache(maxsize=256)
def stored_model(shape: str) -> type[Fields]:
    """The model of a shape as tables keep it: its text."""
    return fields_model(json.loads(shape))


@lru_cache(maxsize=256)
def _fields_model(text: str) -> type[Fields]:
    shape = json.loads(text)
    rows = {
        name: create_model(f"{shape['name']}.{name}", __base__=_Row, **_columns(columns))
        for name, columns in shape["lists"].items()
    }
    lists: Definitions = {name: (list[row], []) for name, row in rows.items()}  # type: ignore[valid-type]
    model = create_model(shape["name"], __base__=_Own, **_columns(shape["fields"]), **lists)
    model.NAME = shape["name"]
    model.KINDS = {name: field["kind"] for name, field in shape["fields"].items()}
    model.LISTS = {
        name: {column: field["kind"] for column, field in columns.items() if field.get("compared", True)}
        for name, columns in shape["lists"].items()
    }
    model.ROWS = rows
    _MADE_FROM[model] = text, None
    for name, row in rows.items():
        _MADE_FROM[row] = text, name
    return model


def have_same_fields(first: Fields, second: Fields) -> bool:
    """Whether documents have the same fields and lists. Those of one schema do not if it changed in between."""
    if type(first) is type(second):
        return True
    return (first.NAME, first.KINDS, first.LISTS) == (second.NAME, second.KINDS, second.LISTS)


def as_model(values: Fields, model: type[Fields]) -> Fields | None:
    """The values in another model, as after a change of their schema; None if they do not fit."""
    if type(values) is model:
        return values
    try:
        return model.model_validate(values.model_dump(exclude_defaults=True)) if values.NAME == model.NAME else None
    except ValidationError:
        return None


def _columns(fields: Mapping[str, Shape]) -> Definitions:
    return {name: (_type(field) | None, None) for name, field in fields.items()}


def _type(field: Shape) -> Any:
    kind = TYPES.get(field["kind"], str)
    return Annotated[kind, AfterValidator(_option_of(field["options"]))] if field.get("options") else kind


def _option_of(options: Sequence[str]) -> Any:
    spelled = {option.casefold(): option for option in options}

    def check(value: str) -> str:
        if value.strip().casefold() not in spelled:
            raise ValueError(f"must be one of {', '.join(options)}")
        return spelled[value.strip().casefold()]

    return check


class _Made(BaseModel):
    """A model made from a shape. Its class is in no module, so it is pickled by the shape."""

    def __reduce__(self) -> Any:
        return _restored, (*_MADE_FROM[type(self)], self.__getstate__())


class _Own(_Made, Fields):
    """The base of made models of documents."""


class _Row(_Made, FieldsModel):
    """The base of made models of rows."""

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return empty_is_none(value)


def _restored(shape: str, of_list: str | None, state: Any) -> FieldsModel:
    model: type[FieldsModel] = _fields_model(shape)
    if of_list is not None:
        model = _fields_model(shape).ROWS[of_list]
    restored = model.__new__(model)
    restored.__setstate__(state)
    return restored
