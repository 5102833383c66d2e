"""The diagnosis stage: rows of scores, values and words in, rows of attributions out. Never calls an engine or a model."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ocr_pipeline.evaluation.diagnosis.agreement import same_value
from ocr_pipeline.evaluation.diagnosis.alignment import Aligner
from ocr_pipeline.evaluation.diagnosis.attribution import ATTRIBUTION_VERSION, Case, Judgement, judge, transcript_doubt
from ocr_pipeline.evaluation.diagnosis.label_issues import LabelIssue
from ocr_pipeline.schemas import OcrText

Row = Mapping[str, Any]
Texts = Callable[[str, Sequence[str]], Mapping[str, OcrText]]
"""(engine, documents) to what it read in them."""

BATCH = 200
"""Documents whose words are in memory at once."""


def attribution_rows(
    scores: Iterable[Row],
    *,
    engines: Mapping[str, str | None],
    transcripts: str | None,
    control_of: Mapping[str, str],
    texts: Texts,
    evidence: Mapping[str, Mapping[tuple[str, str], Row]],
    failures: Mapping[str, Mapping[str, str]],
    issues: Iterable[Row],
    read: Mapping[str, str],
    kept: Iterable[Row] = (),
) -> list[dict[str, Any]]:
    """A row of `attributions` for every score that is wrong, missing or spurious.

    Aligning a label to the words of a document costs milliseconds, so a document about which nothing has changed keeps
    the rows that it has. They are given back as they are.

    Args:
        scores: rows of `field_scores`, those of controls included.
        engines: the engine of each backend to judge.
        transcripts: the engine that gives transcripts; None where there is none.
        control_of: the backend with the same extractor on transcripts, by backend.
        texts: what an engine read.
        evidence: rows of `evidence` by backend and (document, field).
        failures: reasons by backend and document.
        issues: rows of `label_issues`.
        read: by document, a text that changes when what an engine read in it does.
        kept: the rows of `attributions` of before.
    """
    scores = list(scores)
    controls = {(row["document_id"], row["backend"], row["field"]): row for row in scores}
    doubtful = {(row["document_id"], row["field"]): row for row in issues}
    by_document: dict[str, list[Row]] = defaultdict(list)
    for row in scores:
        if row["backend"] in engines and row["outcome"] not in ("correct", "both_empty"):
            by_document[row["document_id"]].append(row)
    read_by = list(
        dict.fromkeys([engine for engine in engines.values() if engine] + ([transcripts] if transcripts else []))
    )

    def content(document_id: str) -> str:
        """A hash of all that the attributions on a document depend on."""
        everything: list[Any] = [ATTRIBUTION_VERSION, read.get(document_id), engines, transcripts]
        for row in by_document[document_id]:
            backend, field = row["backend"], row["field"]
            control = controls.get((document_id, control_of.get(backend, ""), field), {})
            found = evidence.get(backend, {}).get((document_id, field), {})
            doubt = _doubt(row, doubtful.get((document_id, field)))
            everything += [
                [row[name] for name in ("dataset", "backend", "field", "kind", "outcome", "truth", "prediction")],
                [control.get("outcome"), control.get("prediction"), found.get("words"), found.get("correction")],
                [failures.get(backend, {}).get(document_id), doubt],
            ]
        return hashlib.sha256(json.dumps(everything, default=list).encode()).hexdigest()[:16]

    contents = {document_id: content(document_id) for document_id in by_document}
    rows = [dict(row) for row in kept if contents.get(row["document_id"]) == row["content"]]
    judged = {row["document_id"] for row in rows}
    documents = sorted(contents.keys() - judged)
    for start in range(0, len(documents), BATCH):
        batch = documents[start : start + BATCH]
        words = {engine: texts(engine, batch) for engine in read_by}
        for document_id in batch:
            aligners = {
                engine: Aligner(words[engine][document_id]) for engine in read_by if document_id in words[engine]
            }
            for row in by_document[document_id]:
                backend, field = row["backend"], row["field"]
                own = engines[backend]
                found = evidence.get(backend, {}).get((document_id, field), {})
                control = controls.get((document_id, control_of.get(backend, ""), field), {})
                case = Case(
                    document_id=document_id,
                    backend=backend,
                    field=field,
                    kind=row["kind"],
                    outcome=row["outcome"],
                    truth=row["truth"],
                    prediction=row["prediction"],
                    failure=failures.get(backend, {}).get(document_id),
                    text=aligners.get(own) if own else None,
                    evidence=tuple(found.get("words") or ()),
                    correction=found.get("correction"),
                    transcript=aligners.get(transcripts) if transcripts else None,
                    others=[text for engine, text in aligners.items() if engine not in (own, transcripts)],
                    control=control.get("outcome"),
                    control_value=control.get("prediction"),
                    issue=_doubt(row, doubtful.get((document_id, field))),
                )
                rows.append({**_about(row), **_columns(judge(case)), "content": contents[document_id]})
    return sorted(rows, key=lambda row: row["document_id"])


def transcript_issues(
    scores: Iterable[Row], *, transcripts: str, engines: Sequence[str], texts: Texts
) -> list[LabelIssue]:
    """Labels that no backend agrees with and that the transcript does not have.

    Args:
        scores: rows of `field_scores`, those of controls included.
        transcripts: the engine that gives transcripts.
        engines: the others.
        texts: what an engine read.
    """
    open_cases: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in scores:
        if row["truth"] is not None:
            open_cases[row["document_id"]][row["field"]].append(row)
    documents = sorted(
        document_id
        for document_id, fields in open_cases.items()
        if any(all(row["outcome"] != "correct" for row in rows) for rows in fields.values())
    )
    found = []
    for start in range(0, len(documents), BATCH):
        batch = documents[start : start + BATCH]
        read = {engine: texts(engine, batch) for engine in (transcripts, *engines)}
        for document_id in batch:
            aligners = {name: Aligner(read[name][document_id]) for name in read if document_id in read[name]}
            transcript = aligners.pop(transcripts, None)
            for field, rows in open_cases[document_id].items():
                if transcript is None or any(row["outcome"] == "correct" for row in rows):
                    continue
                predictions = [row["prediction"] for row in rows]
                truth = rows[0]["truth"]
                doubt = transcript_doubt(field, truth, predictions, transcript, list(aligners.values()))
                if doubt:
                    reason, place = doubt
                    typed = place.text if place and rows[0]["kind"] not in ("money", "date") else None
                    found.append(
                        LabelIssue(
                            document_id=document_id,
                            field=field,
                            label=truth,
                            value=typed,
                            kinds=("transcript",),
                            reason=reason,
                            independent=True,
                            score=1.5,
                        )
                    )
    return found


def _doubt(row: Row, issue: Row | None) -> str | None:
    """Why the label is not to be trusted, where that is more than a question: it is no matter of agreement alone, or
    backends with different extractors give the same value as this one."""
    if issue is None or not issue["independent"]:
        return None
    agrees = same_value(row["field"], row["prediction"]) == same_value(row["field"], issue["value"])
    if list(issue["kinds"]) == ["agreement"] and not agrees:
        return None
    return str(issue["reason"])


def _about(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("dataset", "outcome", "truth", "prediction")}


def _columns(judgement: Judgement) -> dict[str, Any]:
    columns = asdict(judgement)
    box = columns.pop("box")
    return {**columns, **dict(zip(("x0", "y0", "x1", "y1"), box or (None,) * 4, strict=True))}
