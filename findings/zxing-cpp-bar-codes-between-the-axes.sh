#!/usr/bin/env bash
# zxing-cpp 3.1.1 (Python): `read_barcodes` finds a bar code near the axes only.
#
# Documented: try_rotate=True (the default): "decoder searches for barcodes in any direction".
# Seen: a clean Code 128 of 4 pixels a module is read turned by 0 to 15 and by 90 degrees, and not at all by 20 to 70; a QR code
# is read at every angle. "Any direction" holds for matrix codes; bar codes are read along rows and columns.
#
# Output seen:
#   Code128 read at [0, 5, 10, 15, 90], not at [20, 30, 45, 60, 70]
#   QRCode read at [0, 5, 10, 15, 20, 30, 45, 60, 70, 90], not at []
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check zxing-cpp==3.1.1 numpy==2.2.6 pillow==12.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import zxingcpp
from PIL import Image

ANGLES = [0, 5, 10, 15, 20, 30, 45, 60, 70, 90]
EXPECTED = {"Code128": [0, 5, 10, 15, 90], "QRCode": ANGLES}

for name, expected in EXPECTED.items():
    code = zxingcpp.create_barcode("ABC-1234567890", getattr(zxingcpp.BarcodeFormat, name))
    drawn = Image.fromarray(np.array(zxingcpp.write_barcode_to_image(code, scale=4)))
    page = Image.new("L", (900, 900), 255)
    page.paste(drawn, ((900 - drawn.width) // 2, (900 - drawn.height) // 2))
    found = [
        angle
        for angle in ANGLES
        if [code.text for code in zxingcpp.read_barcodes(page.rotate(angle, resample=Image.Resampling.BICUBIC, fillcolor=255))]
        == ["ABC-1234567890"]
    ]
    print(f"{name} read at {found}, not at {[angle for angle in ANGLES if angle not in found]}")
    assert found == expected, f"changed: expected {expected}"
PYTHON
