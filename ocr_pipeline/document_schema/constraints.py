"""Arithmetic that the values of a document satisfy: `sum(items.quantity) = total_quantity`, `delivery_date >= order_date`.

A constraint compares two terms by `=`, `<=`, `>=`, `<` or `>`. A term has fields, numbers, `+ - * /`, brackets, and
`sum(list.column)` or `count(list)`. A column outside of `sum` is that of each row: `items.quantity * items.price =
items.amount`. A constraint of which a value is missing says nothing.
"""

import ast
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, DivisionByZero, InvalidOperation
from functools import lru_cache
from typing import Any

from ocr_pipeline.document_fields import Fields
from ocr_pipeline.document_schema.spec import SchemaSpec

TOLERANCE = Decimal("0.01")
"""Numbers that are to be equal may differ by this much: amounts are rounded to cents."""

MAX_LENGTH = 500

_OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_NUMBERS = ("money", "quantity")
_FORMS = "compare two terms, as in sum(items.quantity) = total_quantity"


class _Invalid(ValueError):
    """What is wrong with a constraint, without the full stop."""


class _Missing(Exception):
    """A value that the constraint needs is missing, or a division has no result."""


@dataclass(frozen=True)
class Constraint:
    """A constraint of a schema. `of_list`: the list whose rows it is about, one by one."""

    text: str
    tree: ast.Compare
    of_list: str | None


def constraint_problems(spec: SchemaSpec) -> Iterator[tuple[int, str]]:
    """(position, sentence) of every constraint that cannot be evaluated."""
    for position, text in enumerate(spec.constraints):
        try:
            _parsed(text, spec)
        except _Invalid as error:
            yield position, f"constraint {text[:80]!r}: {error}."


def broken(spec: SchemaSpec, values: Fields) -> Iterator[str]:
    """A sentence for every constraint that the values break; never a value itself."""
    for text in spec.constraints:
        constraint = _parsed(text, spec)
        rows = getattr(values, constraint.of_list) if constraint.of_list else [None]
        for position, row in enumerate(rows):
            if not _holds(constraint, values, row):
                where = f" in {constraint.of_list}.{position}" if constraint.of_list else ""
                yield f"{text} does not hold{where}."


def broken_fields(spec: SchemaSpec, values: Fields) -> Iterator[tuple[list[str], str]]:
    """The single-valued fields that each broken constraint names, and the sentence about it."""
    for text in spec.constraints:
        alone = spec.model_copy(update={"constraints": [text]})
        if sentence := next(broken(alone, values), None):
            names = [node.id for node in ast.walk(_tree(text)) if isinstance(node, ast.Name)]
            yield [name for name in dict.fromkeys(names) if name in spec.fields], sentence


def _parsed(text: str, spec: SchemaSpec) -> Constraint:
    tree = _tree(text)
    lists: set[str] = set()
    kinds = [_Kinds(spec, lists).of(side) for side in (tree.left, tree.comparators[0])]
    if kinds[0] != kinds[1]:
        raise _Invalid(f"a {kinds[0]} cannot be compared with a {kinds[1]}")
    if kinds[0] not in ("number", "date") and not isinstance(tree.ops[0], ast.Eq):
        raise _Invalid(f"a {kinds[0]} can only be compared by =")
    if len(lists) > 1:
        raise _Invalid(f"it is about the rows of more than one list: {', '.join(sorted(lists))}")
    return Constraint(text, tree, next(iter(lists), None))


@lru_cache(maxsize=512)
def _tree(text: str) -> ast.Compare:
    if len(text) > MAX_LENGTH:
        raise _Invalid(f"longer than {MAX_LENGTH} characters")
    try:
        tree = ast.parse(re.sub(r"(?<![<>=!])=(?!=)", "==", text.strip()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _Invalid(_FORMS) from None
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1 or type(tree.ops[0]) not in _COMPARISONS:
        raise _Invalid(_FORMS)
    return tree


class _Kinds:
    """Finds out what a term is: a number, a date, or of another kind. `lists`: those whose rows it is about."""

    def __init__(self, spec: SchemaSpec, lists: set[str]) -> None:
        self.spec, self.lists = spec, lists

    def of(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
                return "number"
            case ast.Name(id=name):
                return self._kind(name)
            case ast.Attribute(value=ast.Name(id=name), attr=column):
                self.lists.add(name)
                return self._kind(f"{name}.{column}")
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._number(operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
                kinds = self.of(left), self.of(right)
                if kinds == ("date", "number") and isinstance(op, ast.Add | ast.Sub):
                    return "date"
                if kinds == ("date", "date") and isinstance(op, ast.Sub):
                    return "number"
                if kinds == ("number", "number"):
                    return "number"
                raise _Invalid(f"a {kinds[0]} and a {kinds[1]} cannot be combined like this")
            case ast.Call(func=ast.Name(id="sum"), args=[ast.Attribute(value=ast.Name(id=name), attr=column)]):
                if self._kind(f"{name}.{column}") != "number":
                    raise _Invalid(f"{name}.{column} has no numbers to add up")
                return "number"
            case ast.Call(func=ast.Name(id="count"), args=[ast.Name(id=name)]) if name in self.spec.lists:
                return "number"
        raise _Invalid(f"{ast.unparse(node)[:60]} cannot be understood; {_FORMS}")

    def _number(self, node: ast.expr) -> str:
        if (kind := self.of(node)) != "number":
            raise _Invalid(f"a {kind} has no sign")
        return kind

    def _kind(self, name: str) -> str:
        field = dict(self.spec.every_field()).get(name)
        if field is None:
            raise _Invalid(f"unknown field {name}")
        return "number" if field.kind in _NUMBERS else field.kind


def _holds(constraint: Constraint, values: Fields, row: Any) -> bool:
    try:
        left, right = (_value(node, values, row) for node in (constraint.tree.left, constraint.tree.comparators[0]))
        return bool(_COMPARISONS[type(constraint.tree.ops[0])](left, right))
    except (_Missing, DivisionByZero, InvalidOperation, OverflowError):
        return True


def _value(node: ast.expr, values: Fields, row: Any) -> Any:
    match node:
        case ast.Constant(value=number):
            return Decimal(str(number))
        case ast.Name(id=name):
            return _known(getattr(values, name))
        case ast.Attribute(attr=column):
            return _known(getattr(row, column))
        case ast.UnaryOp(operand=operand):
            return -_value(operand, values, row)
        case ast.BinOp(left=left, op=op, right=right):
            first, second = _value(left, values, row), _value(right, values, row)
            if isinstance(first, date) and isinstance(second, Decimal):
                second = timedelta(days=int(second))
            result = _OPERATIONS[type(op)](first, second)
            return Decimal(result.days) if isinstance(result, timedelta) else result
        case ast.Call(func=ast.Name(id="count"), args=[ast.Name(id=name)]):
            return Decimal(len(getattr(values, name)))
        case ast.Call(args=[ast.Attribute(value=ast.Name(id=name), attr=column)]):
            rows = getattr(values, name)
            if not rows:
                raise _Missing
            return sum((_known(getattr(entry, column)) for entry in rows), Decimal(0))
    raise AssertionError(ast.dump(node))


def _known(value: Any) -> Any:
    if value is None:
        raise _Missing
    return value


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, Decimal):
        return bool(abs(left - right) <= TOLERANCE)
    return bool(left.casefold() == right.casefold() if isinstance(left, str) else left == right)


_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: _equal,
    ast.LtE: lambda left, right: left <= right or (isinstance(left, Decimal) and _equal(left, right)),
    ast.GtE: lambda left, right: left >= right or (isinstance(left, Decimal) and _equal(left, right)),
    ast.Lt: operator.lt,
    ast.Gt: operator.gt,
}
