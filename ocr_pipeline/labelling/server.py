"""The label page over HTTP: an ASGI application, to be served behind `ocr_pipeline.web.guard` on this machine only."""

from collections.abc import Callable, Mapping
from datetime import date
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from ocr_pipeline.documents.labels import schema_of
from ocr_pipeline.errors import DocumentError, OcrPipelineError, describe
from ocr_pipeline.labelling.content import Row, label_text
from ocr_pipeline.labelling.drawn import Drawn
from ocr_pipeline.labelling.form import field_at
from ocr_pipeline.labelling.printed import printed_value
from ocr_pipeline.labelling.session import Session
from ocr_pipeline.labelling.writing import ChangedLabelError, Writer
from ocr_pipeline.report.site import SIGNS
from ocr_pipeline.report.templating import environment
from ocr_pipeline.store import fingerprint
from ocr_pipeline.untrusted import visible

MAX_BODY = 2_000_000
"""Bytes of a request: a label of some thousand line items."""
MAX_TEXT = 4_000
MAX_LISTED = 500
"""Documents on the overview."""

POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)
CHANGED = (
    "The label file was changed since this page was opened, by another tab or program. Nothing was saved: reload to see it"
    " (what you filled in is kept as a draft), or save once more to replace it."
)


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Reading(_Asked):
    """Text that was clicked, dragged over or typed, for a field or a column (`line_items.amount`)."""

    field: Annotated[str, Field(max_length=100)]
    text: Annotated[str, Field(max_length=MAX_TEXT)]
    known: list[str] = []


class Draft(_Asked):
    """A label as it is filled in. `base`: hash of the file that the page was made from."""

    base: str = ""
    values: dict[str, str | None]
    lists: dict[str, list[dict[str, str | None]]] = {}
    boxes: dict[str, Drawn] = {}


class DecisionAsked(_Asked):
    """A decision about a label issue."""

    field: str
    choice: Literal["label", "value", "both"]
    value: str | None


Answer = Mapping[str, object]


class _Pages:
    """The routes of one session."""

    def __init__(self, session: Session, start: str | None) -> None:
        self._session = session
        self._start = start
        self._writer = Writer(session)
        self._templates = environment("ocr_pipeline.labelling")

    def routes(self) -> list[Route]:
        return [
            Route("/", self._overview),
            Route("/next", self._next),
            Route("/issues", self._next_issue),
            Route("/documents/{document_id}", self._document),
            Route("/images/{name}", self._image),
            Route("/assets/{name}", _asset),
            Route("/undo", self._command(self._undo), methods=["POST"]),
            Route("/documents/{document_id}/read", self._command(self._read), methods=["POST"]),
            Route("/documents/{document_id}/check", self._command(self._check), methods=["POST"]),
            Route("/documents/{document_id}/save", self._command(self._save), methods=["POST"]),
            Route("/documents/{document_id}/skip", self._command(self._skip), methods=["POST"]),
            Route("/documents/{document_id}/decide", self._command(self._decide), methods=["POST"]),
        ]

    # ---- pages -------------------------------------------------------------------------------------------------------

    def _overview(self, request: Request) -> Response:
        session, start = self._session, self._start
        if start is not None:  # once, after the login
            self._start = None
            return RedirectResponse(f"/{start}")
        waiting, issues = session.queue(), session.issues()
        done = [source for source in session.sources().values() if source.label]
        return self._html(
            "overview.html.j2",
            waiting=waiting[:MAX_LISTED],
            waiting_count=len(waiting),
            done=done[:MAX_LISTED],
            done_count=len(done),
            issues=issues[:MAX_LISTED],
        )

    def _next(self, request: Request) -> Response:
        document_id = self._session.next_document()
        return RedirectResponse(f"documents/{document_id}" if document_id else "/")

    def _next_issue(self, request: Request) -> Response:
        issue = next(iter(self._session.issues()), None)
        return RedirectResponse(f"documents/{issue.document_id}?issues" if issue else "/")

    def _document(self, request: Request) -> Response:
        page = self._session.page(request.path_params["document_id"])
        return self._html(
            "label.html.j2",
            view=page,
            root="../",
            project=fingerprint(str(self._session.project.root)),
            in_issues="issues" in request.query_params,
        )

    def _image(self, request: Request) -> Response:
        path = self._session.pages.folder / request.path_params["name"]
        if path.parent != self._session.pages.folder or not path.is_file():
            raise HTTPException(404)
        return FileResponse(path, media_type="image/webp", headers={"Cache-Control": "private, max-age=3600"})

    def _html(self, template: str, **values: object) -> Response:
        values = {"root": "", "notice": None, "signs": SIGNS, **values}
        content = self._templates.get_template(template).render(page=template, **values)
        return HTMLResponse(content.encode("utf-8", "replace"), headers={"Cache-Control": "no-store"})

    # ---- commands ----------------------------------------------------------------------------------------------------

    def _command(self, run: Callable[[str, bytes], Answer]) -> Callable[[Request], object]:
        async def answer(request: Request) -> Response:
            body = await _body(request)
            try:
                found = await run_in_threadpool(run, request.path_params.get("document_id", ""), body)
            except ChangedLabelError as error:
                return JSONResponse({"error": CHANGED, "base": error.sha256}, 409)
            except ValidationError as error:
                return JSONResponse({"error": f"Bad request: {describe(error)}"}, 400)
            except OcrPipelineError as error:
                return JSONResponse({"error": str(error)}, 400)
            return JSONResponse(found)

        return answer

    def _read(self, document_id: str, body: bytes) -> Answer:
        asked = Reading.model_validate_json(body)
        schema = schema_of(self._session.source(document_id))
        field = field_at(asked.field, schema)
        if field is None:
            return {"value": None, "error": f"Unknown field {asked.field}."}
        day_first = field.kind == "date" and self._session.day_first(document_id)
        value = printed_value(field, asked.text, asked.known, day_first=day_first, schema=schema)
        if value is None:
            return {
                "value": None,
                "error": f"No {field.kind.replace('_', ' ')} in “{visible(asked.text, longest=80)}”.",
            }
        return {"value": value, "note": _in_words(field.kind, value)}

    def _check(self, document_id: str, body: bytes) -> Answer:
        draft = Draft.model_validate_json(body)
        source = self._session.source(document_id)
        try:
            counts = self._session.counts(source, label_text(draft.values, draft.lists, schema=schema_of(source)))
        except DocumentError as error:
            return {"error": str(error)}
        return {"scores": {name: [found.right, found.total] for name, found in counts.items()}}

    def _save(self, document_id: str, body: bytes) -> Answer:
        draft = Draft.model_validate_json(body)
        lists: dict[str, list[Row]] = {name: list(rows) for name, rows in draft.lists.items()}
        source = self._session.source(document_id)
        # The scores before: read before the file changes.
        before = self._session.f1_of(source.dataset)
        sha256 = self._writer.save(document_id, draft.base, draft.values, lists, draft.boxes)
        self._session.rescore(self._session.source(document_id))
        after = self._session.f1_of(source.dataset)
        return {
            "base": sha256,
            "next": self._session.next_document(document_id),
            "f1": {name: [before.get(name), value] for name, value in after.items()},
        }

    def _skip(self, document_id: str, body: bytes) -> Answer:
        return {"next": self._session.skip(document_id)}

    def _undo(self, document_id: str, body: bytes) -> Answer:
        return {"document": self._writer.undo()}

    def _decide(self, document_id: str, body: bytes) -> Answer:
        asked = DecisionAsked.model_validate_json(body)
        self._writer.decide(document_id, asked.field, asked.choice, asked.value)
        issues = self._session.issues()
        own = [issue for issue in issues if issue.document_id == document_id]
        return {"next": (own or issues)[0].document_id if issues else None, "left": len(issues)}


def build_app(session: Session, start: str | None = None) -> Starlette:
    """The application of a session. `start`: the first page, instead of the overview."""

    async def failed(request: Request, error: Exception) -> Response:
        return HTMLResponse(_plain(str(error)), 404)

    app = Starlette(routes=_Pages(session, start).routes(), exception_handlers={OcrPipelineError: failed})
    app.add_middleware(_Policy)
    return app


class _Policy:
    """Adds the content security policy to every response."""

    def __init__(self, app: Callable[..., object]) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, object], receive: object, send: Callable[..., object]) -> None:
        async def sending(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                given = message.get("headers", [])
                assert isinstance(given, list)
                message["headers"] = [*given, (b"content-security-policy", POLICY.encode())]
            await send(message)  # type: ignore[misc]

        await self._app(scope, receive, sending)  # type: ignore[misc]


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise HTTPException(413)
    return body


async def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    for package in ("ocr_pipeline.labelling", "ocr_pipeline.report"):
        with as_file(files(package) / "assets") as folder:
            path = Path(folder) / name
            if path.parent == Path(folder) and path.is_file():
                return FileResponse(path, headers={"Cache-Control": "no-cache"})
    raise HTTPException(404)


def _in_words(kind: str, value: str) -> str:
    return date.fromisoformat(value).strftime("%-d %B %Y, %A") if kind == "date" else ""


def _plain(sentence: str) -> str:
    from markupsafe import escape

    return f"<!doctype html><html lang=en><title>Label</title><main><p>{escape(visible(sentence))}</p></main></html>"
