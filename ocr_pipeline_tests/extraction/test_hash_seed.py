"""Results do not depend on the order in which Python iterates over sets."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
from datetime import UTC, datetime
from pathlib import Path

from ocr_pipeline.extraction.rules.extractor import extract_text
from ocr_pipeline.training.models import train_model
from ocr_pipeline_tests.evaluation.words import text_of
from ocr_pipeline_tests.extraction.learned.receipts import receipts

folder = Path(sys.argv[1])
examples = receipts(30)
model = train_model(examples, "pixel")
model.model_copy(update={"trained_at": datetime(2026, 1, 1, tzinfo=UTC)}).save(folder / "model.json")
texts = [
    *(example.text for example in examples[:5]),
    text_of("ALPHA SDN BHD", "Total Sales (Inclusive GST) 10.60", "GST 0.60", "Total Excl. GST 10.00", "Cash 20.00"),
]
(folder / "extractions.json").write_text("\\n".join(extract_text(text).model_dump_json() for text in texts))
"""


def outputs(seed: str, folder: Path) -> dict[str, bytes]:
    """Train and extract in a fresh process."""
    folder.mkdir()
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    subprocess.run([sys.executable, "-c", SCRIPT, str(folder)], check=True, env=environment, timeout=300)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_two_hash_seeds_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = outputs("0", tmp_path / "0"), outputs("1", tmp_path / "1")
    assert first.keys() == {"model.json", "extractions.json"}
    assert first == second
