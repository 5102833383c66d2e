"""The company that a project belongs to: `own` at the top of `backends.yaml`. It is never the supplier of a purchase."""

from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator, model_validator

from ocr_pipeline.values.names import normalise_name
from ocr_pipeline.values.tax_ids import compact, same_tax_id

_MIN_LETTERS = 3
"""Letters and digits. Shorter names would be found in other names."""
_MIN_DIGITS = 5
_MIN_SHARE = 0.6
"""A printed name is the own one if it has at least this share of it: without the legal form, for instance."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class OwnCompany(BaseModel):
    """Names and tax ids of the own company, as they may be printed. At least one of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: tuple[Text, ...] = ()
    tax_ids: tuple[Text, ...] = ()

    @field_validator("names")
    @classmethod
    def _names_are_long_enough(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if len(normalise_name(name)) < _MIN_LETTERS:
                raise ValueError(f"{name!r} is too short: a name has at least {_MIN_LETTERS} letters or digits")
        return names

    @field_validator("tax_ids")
    @classmethod
    def _tax_ids_have_digits(cls, tax_ids: tuple[str, ...]) -> tuple[str, ...]:
        for tax_id in tax_ids:
            if sum(map(str.isdigit, compact(tax_id))) < _MIN_DIGITS:
                raise ValueError(f"{tax_id!r} is not a tax id: it has fewer than {_MIN_DIGITS} digits")
        return tax_ids

    @model_validator(mode="after")
    def _says_something(self) -> "OwnCompany":
        if not self.names and not self.tax_ids:
            raise ValueError("names or tax_ids is required")
        return self

    def fingerprint(self) -> dict[str, list[str]]:
        """What can change a result; spelling and order do not."""
        return {"names": sorted(set(self._names)), "tax_ids": sorted({compact(tax_id) for tax_id in self.tax_ids})}

    def is_name(self, text: str) -> bool:
        """Whether a text is a name of the own company, with or without its legal form, or has it within."""
        folded = normalise_name(text)
        return any(
            name in folded or (name.startswith(folded) and len(folded) >= max(_MIN_LETTERS, _MIN_SHARE * len(name)))
            for name in self._names
        )

    def is_tax_id(self, text: str) -> bool:
        """Whether a text is a tax id of the own company in any spelling."""
        return any(same_tax_id(text, tax_id) for tax_id in self.tax_ids)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(map(normalise_name, self.names))
