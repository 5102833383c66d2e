#!/usr/bin/env bash
# a38 0.1.8: validation of a FatturaPA invoice refuses document types that the exchange system accepts.
#
# Agenzia delle Entrate has added TipoDocumento TD28 (purchases from San Marino) and TD29 (missing or irregular invoice). Seen: the
# list of codes ends at TD27, so a valid invoice of a newer type parses, and its validation reports an error.
#
# Output seen:
#   TD01 []
#   TD27 []
#   TD28 ["'TD28' is not a valid choice for this field"]
#   TD29 ["'TD29' is not a valid choice for this field"]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check a38==0.1.8
"$folder/venv/bin/python" - <<'PYTHON'
import datetime

from a38 import fattura, validation

EXPECTED = {
    "TD01": [],
    "TD27": [],
    "TD28": ["'TD28' is not a valid choice for this field"],
    "TD29": ["'TD29' is not a valid choice for this field"],
}

for kind, expected in EXPECTED.items():
    general = fattura.DatiGeneraliDocumento(
        tipo_documento=kind, divisa="EUR", data=datetime.date(2026, 3, 4), numero="1"
    )
    report = validation.Validation()
    general.validate(report)
    found = [error.msg for error in report.errors]
    print(kind, found)
    assert found == expected, "changed"
PYTHON
