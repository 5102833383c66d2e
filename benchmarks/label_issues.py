"""How many right labels are doubted, and how many wrong ones are found: two readers of SROIE receipts with the same rules.

    python benchmarks/label_issues.py ../shared/data

Words: RapidOCR's lines of `sroie-train-words`, and the transcripts of `sroie`. The rules read both: two engines, one voice.
A label counts as wrong if transcript and RapidOCR agree on something similar instead, or if it is on the list of
`attribution_by_hand.json`, otherwise as right. On CORD, Gemini's recorded answers and the rules are two voices.
"""

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from ocr_pipeline.documents.find import find_documents
from ocr_pipeline.documents.importers.sroie import import_sroie
from ocr_pipeline.documents.labels import load_label
from ocr_pipeline.documents.transcripts import has_transcript, load_transcript
from ocr_pipeline.evaluation.diagnosis.alignment import Aligner
from ocr_pipeline.evaluation.diagnosis.label_issues import LabelIssue, label_issues
from ocr_pipeline.evaluation.diagnosis.page_issues import page_issues
from ocr_pipeline.evaluation.diagnosis.transcripts import aligned_cases, open_cases
from ocr_pipeline.evaluation.diagnosis.voices import Voice, voice
from ocr_pipeline.evaluation.scoring.comparators import canonical
from ocr_pipeline.evaluation.scoring.stage import StoredScore, score_backend
from ocr_pipeline.extraction.rules.extractor import RulesExtractor
from ocr_pipeline.schemas import FIELD_KINDS, Extraction, Label, OcrText
from ocr_pipeline.study.cord import answered_by, load_receipts, recorded
from ocr_pipeline.study.corrections import contradictions
from ocr_pipeline.study.words import text_of_lines
from ocr_pipeline.values.names import normalise_name

BY_HAND = Path(__file__).parents[1] / "ocr_pipeline_tests/evaluation/diagnosis/attribution_by_hand.json"

Texts = Mapping[str, Mapping[str, OcrText]]
"""By engine and document."""


def main() -> None:
    data = Path(sys.argv[1])
    labels, texts = _sroie(data)
    answers = {f"{engine}+rules": answered_by(RulesExtractor(), of) for engine, of in texts.items()}
    voices = {f"{engine}+rules": voice(engine, "rules") for engine in texts}
    wrong = {
        (key, field)
        for key, label in labels.items()
        for field in label.labelled_fields
        if _agree_on_another(field, canonical(getattr(label.invoice, field)), [of[key] for of in texts.values()])
    }
    by_hand = {
        (row.get("document_id", "").removeprefix("sroie-"), row["field"])
        for row in json.loads(BY_HAND.read_text())
        if row.get("attribution") == "label_issue"
    }
    known = {(key, field) for key, label in labels.items() for field in label.labelled_fields}
    _report("sroie", labels, answers, voices, texts, wrong | (by_hand & known))

    receipts = load_receipts(data / "cord-recorded")
    gemini = next(of for name, of in recorded(data / "cord-recorded").items() if "emini" in name and len(of) > 200)
    labels = {one.document_id: one.label for one in receipts if one.document_id in gemini}
    words = {"words": {one.document_id: one.text for one in receipts if one.document_id in labels}}
    answers = {"words+rules": answered_by(RulesExtractor(), words["words"]), "gemini": gemini}
    voices = {"words+rules": voice("words", "rules"), "gemini": voice(None, "gemini")}
    wrong = {(c.document_id, c.field) for key in labels for c in contradictions(key, labels[key], words["words"][key])}
    _report("cord", labels, answers, voices, words, wrong)


def _sroie(data: Path) -> tuple[dict[str, Label], Texts]:
    labels: dict[str, Label] = {}
    texts: dict[str, dict[str, OcrText]] = {"rapidocr": {}, "transcript": {}}
    with TemporaryDirectory() as folder:
        import_sroie(data / "sroie", Path(folder) / "data" / "documents")
        for source in find_documents(Path(folder) / "data"):
            words = data / "sroie-train-words" / "words" / f"{source.path.stem}.json"
            if source.label and has_transcript(source.path) and words.exists():
                labels[source.path.stem] = load_label(source.label)[0]
                texts["transcript"][source.path.stem] = load_transcript(source.path)
                texts["rapidocr"][source.path.stem] = text_of_lines(json.loads(words.read_text()))
    return labels, texts


def _agree_on_another(field: str, truth: str, texts: Sequence[OcrText]) -> bool:
    places = [Aligner(text).find(FIELD_KINDS[field], truth) for text in texts]
    read = {normalise_name(place.text) for place in places if place}
    return all(place and not place.exact for place in places) and len(read) == 1


def _report(
    name: str,
    labels: Mapping[str, Label],
    answers: Mapping[str, Mapping[str, Extraction]],
    voices: Mapping[str, Voice],
    texts: Texts,
    wrong: set[tuple[str, str]],
) -> None:
    datasets = dict.fromkeys(labels, name)
    scores: list[StoredScore] = [
        StoredScore(d.document_id, name, backend, s.field, s.kind, s.truth, s.prediction, s.outcome)
        for backend, of in answers.items()
        for d in score_backend(backend, labels, of, datasets)
        for s in d.fields
    ]
    values: dict[str, dict[str, dict[str, str]]] = {key: {} for key in labels}
    for backend, of in answers.items():
        for key in labels:
            found = of[key].invoice.model_dump() if key in of else {}
            values[key][backend] = {
                field: canonical(value) for field, value in found.items() if value and not isinstance(value, list)
            }
    engines = {engine: voice(engine) for engine in texts}
    cases = aligned_cases(open_cases(scores), engines, lambda engine, ids: {key: texts[engine][key] for key in ids})
    pages = [issue for case in cases for issue in page_issues(case, engines, "transcript")]
    count = sum(len(label.labelled_fields) for label in labels.values())
    print(f"{name}: {len(labels)} documents, {count} labelled fields, {len(wrong)} known to be wrong")
    same = label_issues(labels, values, {backend: voice(backend, backend) for backend in voices}, {})
    _counts("every backend a voice of its own", same, wrong)
    _counts("independent voices", label_issues(labels, values, voices, {}), wrong)
    _counts("pages", pages, wrong)
    _counts("both", label_issues(labels, values, voices, {}, pages), wrong)
    for issue in pages:
        mark = "wrong" if (issue.document_id, issue.field) in wrong else "RIGHT?"
        print(f"  {mark} {issue.document_id} {issue.field} {issue.label!r} {issue.kinds[0]}: {issue.reason}")


def _counts(title: str, issues: Sequence[LabelIssue], wrong: set[tuple[str, str]]) -> None:
    doubted = {(issue.document_id, issue.field) for issue in issues}
    kinds = Counter(kind for issue in issues for kind in issue.kinds)
    print(
        f"  {title}: {len(doubted - wrong)} right labels doubted, {len(doubted & wrong)} wrong ones found  {dict(kinds)}"
    )


if __name__ == "__main__":
    main()
