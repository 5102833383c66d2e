"""Whether a value from a label, a CSV file or XML is one that its field can have."""

from pydantic import ValidationError

from ocr_pipeline.schemas import Invoice


def is_valid(field_name: str, value: object) -> bool:
    """Whether `Invoice` accepts a value for a field."""
    try:
        Invoice.model_validate({field_name: value})
    except ValidationError:
        return False
    return True
