"""The project of the study: receipts and recorded predictions, imported the ordinary way, and what is run beside them.

Everything is done again only where something changed: a study that was stopped goes on where it stopped.
"""

from collections.abc import Callable, Collection
from pathlib import Path

import yaml

from ocr_pipeline.backends.backend import load_backends
from ocr_pipeline.backends.importing import import_predictions
from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.importers import import_sroie
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import Project
from ocr_pipeline.study.training import train_receipts, trained_model
from ocr_pipeline.study.words import Json

SETTINGS = Path(__file__).with_name("recorded.yaml")
RECEIPTS, CORD, TRAINING = "sroie-recorded", "cord-recorded", "sroie-train-words"
FILES = {
    "recorded-textract": "aws-textract.jsonl",
    "recorded-claude-haiku-4.5": "claude-haiku-4.5.jsonl",
    "recorded-qwen2.5-vl": "qwen2.5-vl.jsonl",
    "recorded-qwen2.5-vl-lora": "qwen2.5-vl-lora.jsonl",
}
"""The file of predictions of each recorded system."""

MISSING = (
    "{folder} is not there: the study needs 145 receipts of the ICDAR 2019 SROIE test split (CC-BY-4.0, Huang et al.) as"
    " img/<id>.jpg, key/<id>.json and box/<id>.csv, and the answers recorded in github.com/yasirijazgoraya/docai-sroie,"
    " commit 3e199f9 (no licence stated: for measuring only), as predictions/aws-textract.jsonl, claude-haiku-4.5.jsonl,"
    " qwen2.5-vl.jsonl and qwen2.5-vl-lora.jsonl. Name the folder that holds {name} with --data."
)

Say = Callable[[str], None]


def receipts_folder(data: Path) -> Path:
    """The folder of the receipts.

    Raises:
        ConfigurationError: it is not there; the sentence says where the data comes from and how it is laid out.
    """
    folder = data / RECEIPTS
    if not all((folder / part).is_dir() for part in ("img", "key", "predictions")):
        raise ConfigurationError(MISSING.format(folder=folder, name=RECEIPTS))
    return folder


def prepare(root: Path, data: Path, without: Collection[str], say: Say) -> Project:
    """Write the settings, train the model, import receipts and predictions. `without`: backends that are left out.

    Raises:
        ConfigurationError: data is missing, or `without` names no backend of the study.
    """
    folder = receipts_folder(data)
    entries = settings(without)
    if "rapidocr+learned" in entries["backends"]:
        if (data / TRAINING / "words").is_dir():
            say(f"Training rapidocr+learned on {TRAINING} (once; no test receipt is among them).")
            model = trained_model(
                list(train_receipts(data / TRAINING)), "rapidocr", root / "data" / "models" / f"{TRAINING}.json"
            )
            entries["backends"]["rapidocr+learned"]["options"] = {"model": str(model.absolute())}
        else:
            say(f"{data / TRAINING} is not there: rapidocr+learned is left out.")
            entries = settings({*without, "rapidocr+learned"})
    root.mkdir(parents=True, exist_ok=True)
    project = Project(root.absolute())
    project.config_file.write_text(yaml.safe_dump(entries, sort_keys=False), "utf-8")
    project.evaluation_file.write_text(f"datasets:\n  {RECEIPTS}: {{day_first: true}}\n", "utf-8")
    report = import_sroie(folder, project.data / "documents", RECEIPTS)
    say(f"{RECEIPTS}: {report.labelled} labelled receipts, {report.transcripts} with a transcript.")
    for sentence in report.problems:
        say(f"  {sentence}")
    _import_predictions(project, folder, say)
    return project


def settings(without: Collection[str]) -> Json:
    """The content of backends.yaml. An ensemble loses the members that are left out, and goes with its last but one."""
    content: Json = yaml.safe_load(SETTINGS.read_text("utf-8"))
    backends = content["backends"]
    unknown = sorted(set(without) - set(backends))
    if unknown:
        known = ", ".join(backends)
        raise ConfigurationError(f"--without: there is no backend {unknown[0]!r} in the study; known are {known}.")
    for name in without:
        del backends[name]
    for name, entry in list(backends.items()):
        members = entry.get("options", {}).get("of")
        if members is not None:
            entry["options"]["of"] = [member for member in members if member in backends]
            if len(entry["options"]["of"]) < 2:
                del backends[name]
    return content


def _import_predictions(project: Project, folder: Path, say: Say) -> None:
    configured = load_backends(project)
    documents = [source for source in find_documents(project.data) if source.dataset == RECEIPTS]
    for backend, file in FILES.items():
        path = folder / "predictions" / file
        if backend not in configured:
            continue
        if not path.is_file():
            say(f"{backend}: {path} is not there; left out.")
            continue
        report = import_predictions(path, backend, configured, documents)
        say(f"{backend}: {report.new + report.changed + report.unchanged} predictions.")
        for sentence in report.problems:
            say(f"  {sentence}")
