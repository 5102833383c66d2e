"""Looks for a secret in every byte that a project left behind, and repeats it like servers that do."""

import base64
import gzip
import html
import io
import json
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb

from ocr_pipeline_tests.standin import StandIn, answers
from ocr_pipeline_tests.standin.server import Seen, _Handler

PART = 8
"""Characters of a key in a row that must not be found."""


def forms(secret: str) -> dict[str, str]:
    """The secret in the forms in which servers and proxies repeat it."""
    return {
        "plain": secret,
        "part": secret[3 : 3 + PART],
        "end": secret[-PART:],
        "masked": f"{secret[:PART]}...{secret[-4:]}",
        "url": quote(secret, safe=""),
        "url of all": "".join(f"%{byte:02X}" for byte in secret.encode()),
        "html": html.escape(secret),
        "entities": "".join(f"&#{ord(character)};" for character in secret),
        "json": "".join(f"\\u{ord(character):04x}" for character in secret),
        "slashes": secret.replace("/", "\\/"),
        "slash in the middle": secret[secret.find("/") - 4 :][:9].replace("/", "\\/"),
        "hex": secret.encode().hex(),
        "HEX": secret.encode().hex().upper(),
        **{f"base64 {lead}": base64.b64encode(b"xyz"[:lead] + secret.encode() + b"!").decode() for lead in range(3)},
        "base64 url": base64.urlsafe_b64encode(secret.encode()).decode(),
        "header": f"Bearer {secret}",
    }


def found_in(content: bytes, secret: str) -> str | None:
    """The form in which a part of the secret stands in the content."""
    if not content:
        return None
    folded = content.lower()
    for name, pieces in _pieces(secret).items():
        where = folded if name == "hex" else content
        if any(piece in where for piece in pieces):
            return name
    return None


def _pieces(secret: str) -> dict[str, list[bytes]]:
    parts = [secret[start : start + PART] for start in range(len(secret) - PART + 1)]
    in_base64 = []
    for lead in range(3):
        encoded = (
            base64.b64encode(b"\0" * lead + secret.encode()).decode().rstrip("=")[2 * (lead > 0) + (lead == 2) : -2]
        )
        in_base64 += [encoded[start : start + 12].encode() for start in range(len(encoded) - 11)]
    return {
        "plain": [part.encode() for part in parts],
        "utf-16": [part.encode("utf-16-le") for part in parts],
        "hex": [part.encode().hex().encode() for part in parts],
        "json": ["".join(f"\\u{ord(character):04x}" for character in part).encode() for part in parts],
        "json twice": ["".join(f"\\\\u{ord(character):04x}" for character in part).encode() for part in parts],
        "url": [form.encode() for part in parts for form in (quote(part, safe=""), part.replace("/", "\\/"))],
        "url of all": ["".join(f"%{byte:02X}" for byte in part.encode()).encode() for part in parts],
        "entities": ["".join(f"&#{ord(character)};" for character in part).encode() for part in parts],
        "base64": in_base64,
        "base64 url": [piece.translate(bytes.maketrans(b"+/", b"-_")) for piece in in_base64],
    }


def leaks(root: Path, secrets: dict[str, str]) -> list[str]:
    """Where a part of a secret stands in the files below `root`, unpacked as well: file, name of the secret, form."""
    return [
        f"{place}: {name} ({form})"
        for place, content in contents(root)
        for name, secret in secrets.items()
        if (form := found_in(content, secret))
    ]


def contents(root: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below `root`, its name among its content; the members of archives and the rows of tables as well."""
    for path in sorted(root.rglob("*")):
        if not path.is_file():
            continue
        place = str(path.relative_to(root))
        yield from _unpacked(place, place.encode() + b"\n" + path.read_bytes(), path.read_bytes())
        if path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as database:
                for (table,) in database.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                    yield f"{place}:{table}", repr(database.execute(f'SELECT * FROM "{table}"').fetchall()).encode()
        elif path.suffix == ".parquet":
            yield f"{place}:rows", repr(duckdb.execute(f"SELECT * FROM '{path}'").fetchall()).encode()


def _unpacked(place: str, shown: bytes, content: bytes, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    yield place, shown
    if depth > 3:
        return
    stream = io.BytesIO(content)
    inner: list[tuple[str, bytes]] = []
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(stream) as archive:
            inner = [(name, archive.read(name)) for name in archive.namelist()]
    elif content.startswith(b"\x1f\x8b"):
        inner = [("gzip", gzip.decompress(content))]
    elif content.startswith(b"\xfd7zXZ"):
        inner = [("xz", lzma.decompress(content))]
    elif content[:2] in (b"x\x9c", b"x\xda", b"x\x01"):
        try:
            inner = [("zlib", zlib.decompress(content))]
        except zlib.error:
            inner = []
    elif content[257:262] == b"ustar":
        with tarfile.open(fileobj=stream) as archive:
            inner = [(member.name, archive.extractfile(member).read()) for member in archive if member.isfile()]  # type: ignore[union-attr]
    for name, piece in inner:
        yield from _unpacked(f"{place}!{name}", name.encode() + b"\n" + piece, piece, depth + 1)


def as_json(text: str, raw: dict[str, str]) -> str:
    """JSON in which each `@NAME@` is replaced by a form as it is, so that escapes reach the reader unescaped once."""
    for name, form in raw.items():
        text = text.replace(f"@{name}@", form if name in ("json", "slashes") else json.dumps(form)[1:-1])
    return text


PASSING = ["400", "408", "413", "422", "429", "500", "503", "html", "broken"]
"""Answers that let a run go on."""
REDIRECTS = ["300", "301", "302", "303", "304", "305", "306", "307", "308"]
ENDING = ["401", "403", "404", "418", *REDIRECTS]
"""Answers that end a run."""


@contextmanager
def leaky_standin() -> Iterator[StandIn]:
    """A stand-in whose scenarios are `ok` and those named above; each repeats the key."""
    with StandIn() as standin:
        standin._server.RequestHandlerClass = type("Handler", (_Leaky,), {"standin": standin})
        yield standin


class _Leaky(_Handler):
    """Repeats the key that came in every place and form; the status of the answer is what the plan says."""

    def _answer(self, scenario: str, seen: Seen) -> None:
        secret = forms(seen.key or "")
        everything = as_json(json.dumps({name: f"@{name}@" for name in secret}), secret)
        headers = {f"x-key-{number}": form for number, form in enumerate(secret.values())}
        if scenario == "ok":
            text = json.dumps(
                {**answers.INVOICE, "supplier_name": "@all@", "invoice_id": "@plain@", "receiver_name": "@hex@"}
            )
            text = as_json(text, {**secret, "all": " ".join(secret.values())})
            speak = answers.gemini if ":generateContent" in self.path else answers.openai
            body = json.loads(speak("ok", "")[2])
            body |= {
                "responseId": secret["plain"],
                "id": secret["base64 0"],
                "modelVersion": secret["part"],
                "extra": secret,
            }
            body["model"] = secret["plain"]
            if "candidates" in body:
                body["candidates"][0]["content"]["parts"][-1]["text"] = text
            else:
                body["choices"][0]["message"]["content"] = text
            return self._send(200, headers, json.dumps(body))
        if scenario in ("html", "broken"):
            page = f"<html>{' '.join(secret.values())}</html>"
            return self._send(
                200, {**headers, "content-type": "text/html"}, page if scenario == "html" else everything[:-1]
            )
        error = {"error": {"code": int(scenario), "message": secret["plain"], "status": secret["plain"], "details": []}}
        headers |= {
            "location": f"{self.standin.url}/{secret['url']}?key={secret['plain']}",
            "retry-after": secret["plain"],
        }
        return self._send(int(scenario), headers, json.dumps(error)[:-1] + f', "more": {everything}}}')

    def _job(self, job: dict[str, Any]) -> dict[str, Any]:
        answer = super()._job(job)
        secret = forms(self.headers.get("x-goog-api-key", ""))
        for item in answer["metadata"].get("output", {}).get("inlinedResponses", {}).get("inlinedResponses", []):
            item["response"] |= {"responseId": secret["plain"], "modelVersion": secret["base64 1"]}
            text = json.dumps({**answers.INVOICE, "supplier_name": " ".join(secret.values())})
            item["response"]["candidates"][0]["content"]["parts"][-1]["text"] = text
        return answer
