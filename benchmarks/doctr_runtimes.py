"""docTR on PyTorch and on ONNX Runtime: CPU time per page and peak memory, with the same random weights.

    .venv-doctr/bin/python benchmarks/doctr_runtimes.py [--pages 6] [--rounds 3] [--data ../shared/data]

Needs both packages (`make test-doctr` installs them). The default pair of models with seeded weights, which find some text on
nearly every page: what it costs is measured, what it recognises is nothing. Each runtime is a process of its own, in turn
(A B A B), with one thread. Prints the median CPU time per page, the ratio, and the peak memory of each.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CHILD = """
import json, re, sys, time
from pathlib import Path
from ocr_pipeline.documents.limits import Limits
from ocr_pipeline.documents.pages import open_document
from ocr_pipeline.ocr.doctr import DocTr
runtime, detection, recognition, *pages = sys.argv[1:]
engine = DocTr(runtime=runtime, device="cpu", detection_weights=detection, recognition_weights=recognition)
engine.read(open_document(Path(pages[0]).read_bytes(), Limits()))
began, words = time.process_time(), 0
for page in pages:
    words += sum(len(read.words) for read in engine.read(open_document(Path(page).read_bytes(), Limits())))
seconds = time.process_time() - began
# Not ru_maxrss: a child inherits that of the process that started it.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps([seconds / len(pages), words, peak]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--pages", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    pages = [str(path) for path in sorted((arguments.data / "sroie" / "img").glob("*.jpg"))[: arguments.pages]]
    results: dict[str, list[tuple[float, int, float]]] = {"torch": [], "onnx": []}
    with tempfile.TemporaryDirectory() as folder:
        weights = export(Path(folder))
        for _ in range(arguments.rounds):
            for runtime, found in results.items():
                command = [sys.executable, "-c", CHILD, runtime, *weights[runtime], *pages]
                environment = {**os.environ, "OMP_NUM_THREADS": "1"}
                done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
                found.append(tuple(json.loads(done.stdout.splitlines()[-1])))
    for runtime, found in results.items():
        seconds, words, memory = (statistics.median(values) for values in zip(*found, strict=True))
        print(f"{runtime}: {seconds:.2f} s of CPU per page, {words:.0f} boxes with text, {memory:.0f} MB at most")
    torch, onnx = (statistics.median(entry[0] for entry in found) for found in results.values())
    print(f"onnx / torch: {onnx / torch:.2f}x")


def export(folder: Path) -> dict[str, tuple[str, str]]:
    """The default pair for both runtimes; the detector sees text as dark strokes, so that there are boxes to recognise."""
    import torch
    from doctr.models import detection, recognition
    from doctr.models.utils import export_model_to_onnx

    from ocr_pipeline_tests.ocr.test_doctr import let_it_see_red

    torch.manual_seed(0)
    detector = detection.db_mobilenet_v3_large(pretrained=False, pretrained_backbone=False, exportable=True)
    let_it_see_red(detector)
    with torch.no_grad():  # darkness instead of redness
        first = detector.feat_extractor["0"][0] if "0" in detector.feat_extractor else detector.feat_extractor[0][0]
        first.weight[0] = 0.0
        first.weight[0, 1] = -6 * 0.2749 / 9
        first_norm = dict(detector.named_modules())["feat_extractor.0.1"]
        first_norm.bias[0] = 2.0
    recogniser = recognition.crnn_mobilenet_v3_small(
        pretrained=False, pretrained_backbone=False, exportable=True
    ).eval()
    files: dict[str, tuple[str, str]] = {}
    for runtime, suffix in (("torch", "pt"), ("onnx", "onnx")):
        paths = folder / f"detection.{suffix}", folder / f"recognition.{suffix}"
        for model, path, side in ((detector, paths[0], (1024, 1024)), (recogniser, paths[1], (32, 128))):
            if runtime == "torch":
                torch.save(model.state_dict(), path)
            else:
                export_model_to_onnx(model, str(path.with_suffix("")), torch.rand(1, 3, *side))
        files[runtime] = str(paths[0]), str(paths[1])
    return files


if __name__ == "__main__":
    main()
