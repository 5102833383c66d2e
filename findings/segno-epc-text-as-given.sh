#!/usr/bin/env bash
# segno 1.6.6: `helpers.make_epc_qr` writes IBAN, reference and text as they are given.
#
# EPC069-12 has one element a line, and an IBAN without blanks. Seen:
#   - an IBAN or reference in its printed form keeps its blanks;
#   - a text of two lines becomes two elements: its second line is read as "beneficiary to originator information";
#   - amounts lose trailing zeros (12.30 is EUR12.3), which the guideline allows.
# So a reader has to remove blanks, and the end of a message may be in the last element.
#
# Output seen:
#   ['BCD', '002', '2', 'SCT', '', 'Shop', 'DE75 5121 0800 1245 1261 99', 'EUR12.3', '', '', 'Invoice 7', 'of 2 May']
#   ['BCD', '002', '2', 'SCT', '', 'Shop', 'DE75512108001245126199', 'EUR12.3', '', 'RF18 5390 0754 7034']
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check segno==1.6.6 zxing-cpp==3.1.1 pillow==12.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import io

import zxingcpp
from PIL import Image
from segno import helpers


def elements(**values: str) -> list[str]:
    picture = io.BytesIO()
    helpers.make_epc_qr(name="Shop", amount="12.30", **values).save(picture, kind="png", scale=4)
    [code] = zxingcpp.read_barcodes(Image.open(picture))
    return code.bytes.decode("iso8859-1").split("\n")


HEAD = ["BCD", "002", "2", "SCT", "", "Shop"]
printed = elements(iban="DE75 5121 0800 1245 1261 99", text="Invoice 7\nof 2 May")
reference = elements(iban="DE75512108001245126199", reference="RF18 5390 0754 7034")
print(printed, reference, sep="\n")
assert printed == [*HEAD, "DE75 5121 0800 1245 1261 99", "EUR12.3", "", "", "Invoice 7", "of 2 May"], "changed"
assert reference == [*HEAD, "DE75512108001245126199", "EUR12.3", "", "RF18 5390 0754 7034"], "changed"
PYTHON
