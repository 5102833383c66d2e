"""What reaches the label server: only its own pages write, whatever they send is checked."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from ocr_pipeline.labelling.server import MAX_BODY, build_app
from ocr_pipeline.labelling.session import Session
from ocr_pipeline_tests.documents.einvoice.samples import cii
from ocr_pipeline_tests.files import add_file, add_label, image_bytes
from ocr_pipeline_tests.labelling.conftest import Served
from ocr_pipeline_tests.labelling.shop import READ, Shop, doubt, read

if TYPE_CHECKING:
    pass


@pytest.fixture
def client(shop: Shop) -> Iterator[TestClient]:
    session = Session(shop.project, shop.warehouse)
    yield TestClient(build_app(session), base_url="http://127.0.0.1")
    session.pages.close()


def test_the_label_is_written_as_labels_edit_would(client: TestClient, shop: Shop) -> None:
    """And what the page does not show of an existing file is kept."""
    path = shop.label_file("a.pdf")
    text = {"invoice": {"total_amount": 12.5, "due_date": "2026-04-01"}, "language": "en"}
    alternatives = {"alternatives": {"due_date": ["2026-04-02"], "total_amount": ["12.51"]}}
    path.write_text(json.dumps({**text, **alternatives}))
    page = client.get("/documents/shop-a").text
    assert 'value="12.5"' in page
    base = page.partition('data-base="')[2].partition('"')[0]
    body = {"base": base, "values": {"total_amount": "120.00", "currency": None}}
    answer = client.post("/documents/shop-a/save", json=body).json()
    assert answer["next"] == "shop-b"
    assert json.loads(path.read_text()) == {
        "invoice": {"currency": None, "total_amount": "120.00"},
        "alternatives": {"total_amount": ["12.51"]},
        "language": "en",
    }
    assert answer["f1"] == {"pdf-text+rules": [None, pytest.approx(2 * 1 / (2 + 1))], "second": [None, 0.0]}
    again = client.post("/documents/shop-a/save", json=body)
    assert (again.status_code, again.json()["base"]) == (409, answer["base"])
    assert client.post("/undo").json() == {"document": "shop-a"}
    assert json.loads(path.read_text()) == {**text, **alternatives}
    path.write_text("{}")
    assert client.post("/undo").status_code == 400


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"total_amount": "much"}, "Invalid label: invoice.total_amount"),
        ({"totl": "1"}, "Invalid label: invoice.totl: unknown key."),
        ({}, "Nothing is labelled: fill at least one field."),
    ],
)
def test_only_valid_labels_are_written(client: TestClient, shop: Shop, values: object, sentence: str) -> None:
    answer = client.post("/documents/shop-a/save", json={"values": values})
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]
    assert not shop.label_file("a.pdf").exists()


@pytest.mark.parametrize(
    "path",
    ["/documents/x", "/documents/..%2f..%2fetc", "/images/..%2f..%2fwarehouse.duckdb", "/assets/..%2f__init__.py"],
)
def test_there_is_nothing_else_to_get(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_request_is_bounded(client: TestClient) -> None:
    assert client.post("/documents/shop-a/check", content=b" " * (MAX_BODY + 1)).status_code == 413
    assert client.post("/documents/shop-a/check", content=b"[").status_code == 400


def test_an_issue_is_closed_by_another_label(client: TestClient, shop: Shop) -> None:
    add_label(shop.project.data / "documents/shop/a.pdf", total_amount="150.00")
    doubt(shop, "shop-a", "total_amount", "150.00", "120.00")
    assert client.get("/issues").url.path == "/documents/shop-a"
    add_label(shop.project.data / "documents/shop/a.pdf", total_amount="120.00")
    assert client.get("/issues").url.path == "/"
    assert (
        client.post(
            "/documents/shop-a/decide", json={"field": "total_amount", "choice": "label", "value": None}
        ).status_code
        == 400
    )


def test_a_file_that_cannot_be_opened_and_an_invalid_label_are_said(client: TestClient, shop: Shop) -> None:
    add_file(shop.project, "shop/broken.pdf", b"%PDF-1.7 nothing").with_suffix(".json").write_text('{"invoice": 1}')
    text = client.get("/documents/shop-broken").text
    assert "Saving replaces the file." in text
    assert "cannot be opened" in text or "corrupt" in text.lower()


def test_a_rotated_page_is_shown_as_it_was_read(client: TestClient, shop: Shop) -> None:
    """The boxes of words are those of the image as shown."""
    add_file(shop.project, "shop/turned.png", image_bytes(300, 200))
    read(shop, "shop-turned", [READ], rotation=90)
    page = client.get("/documents/shop-turned").text
    assert 'width="200" height="300"' in page
    [image] = [part.partition('"')[0] for part in page.split('<img src="')[1:]]
    assert image.endswith("-90.webp")
    assert client.get(f"/documents/{image}").content[8:12] == b"WEBP"


def test_a_document_of_xml_is_drawn(client: TestClient, shop: Shop) -> None:
    add_file(shop.project, "shop/e.xml", cii())
    assert client.get("/documents/shop-e").text.count("<img ") == 1


class _Foreign(BaseHTTPRequestHandler):
    """A page of another site (another port is another origin) that tries to write a label in every way it can."""

    target = ""

    def do_GET(self) -> None:
        body = {"values": {"total_amount": "666.00"}}
        script = f"""
        const url = "{self.target}/documents/shop-a/save", body = {json.dumps(json.dumps(body))};
        const tries = [
          fetch(url, {{method: "POST", mode: "no-cors", credentials: "include", body}}),
          fetch(url, {{method: "POST", credentials: "include", headers: {{"Content-Type": "application/json"}}, body}}),
          fetch(url, {{method: "POST", mode: "no-cors", headers: {{"Content-Type": "text/plain"}}, body}}),
        ];
        const form = document.createElement("form");
        form.action = url; form.method = "post"; form.enctype = "text/plain"; form.target = "frame";
        const input = document.createElement("input");
        input.name = body.slice(0, -1) + ', "x": "'; input.value = '"}}';
        form.append(input); document.body.append(form); form.submit();
        Promise.allSettled(tries).then((all) => {{ document.title = all.map((one) => one.status).join(" "); }});
        """
        content = f"<!doctype html><title>wait</title><iframe name=frame></iframe><script>{script}</script>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.slow
def test_another_sites_page_cannot_write_labels(served: Served, shop: Shop) -> None:
    """In the browser that is logged in, by fetch and by a form."""
    page = served.open("shop-a")
    foreign = type("Foreign", (_Foreign,), {"target": served.url})
    with HTTPServer(("127.0.0.1", 0), foreign) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        other = page.context.new_page()
        sent: list[str] = []
        other.on("request", lambda request: sent.append(request.url))
        other.goto(f"http://127.0.0.1:{server.server_address[1]}/")
        other.wait_for_function("document.title !== 'wait'")
        other.wait_for_load_state("networkidle")
        server.shutdown()
    assert len([url for url in sent if url.endswith("/save")]) >= 3, "it tried"
    assert not shop.label_file("a.pdf").exists()


@pytest.mark.slow
def test_without_the_token_nothing_is_shown(served: Served) -> None:
    page = served.tab(served.browser.new_context())
    response = page.goto(f"{served.url}/documents/shop-a")
    assert response is not None
    assert response.status == 401
    assert "Harbour" not in page.content()
    policy = served.open("shop-a").evaluate("fetch(location.href).then(r => r.headers.get('content-security-policy'))")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    served.complaints.clear()  # the browser logs the answer 401


def test_the_command_says_why_it_does_not_start(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from ocr_pipeline_tests.cli.test_cli import Cli

    monkeypatch.setenv("OCR_PIPELINE_HOME", str(shop.project.root))
    run = Cli(monkeypatch)
    assert "Unknown field 'totl'" in run("label", "--fields", "totl").err
    assert "Unknown document 'x'" in run("label", "-d", "x").err
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert "is in use" in run("label", "--port", str(taken.getsockname()[1])).err


def test_the_folder_of_images_is_gone_afterwards(shop: Shop) -> None:
    session = Session(shop.project, shop.warehouse)
    assert session.page("shop-a").images[0]["image"]
    folder: Path = session.pages.folder
    session.pages.close()
    assert not folder.exists()


def test_drawn_places_are_kept_with_the_label(client: TestClient, shop: Shop) -> None:
    """Relative to the page as it is in the file, however it is shown; those of other values stay, those of changed ones go."""
    path = shop.label_file("a.pdf")
    read(shop, "shop-a", [READ], rotation=90)
    kept = [{"page": 1, "box": [0.1, 0.2, 0.3, 0.4], "of": "line"}]
    rows = [{"description": "Tea", "amount": "5"}]
    path.write_text(
        json.dumps(
            {
                "invoice": {"invoice_id": "4711", "currency": "GBP", "line_items": rows},
                "boxes": {"invoice_id": kept, "currency": kept, "line_items.0.amount": kept},
            }
        )
    )
    base = client.get("/documents/shop-a").text.partition('data-base="')[2].partition('"')[0]
    body = {
        "base": base,
        "values": {"invoice_id": "4711", "currency": "EUR", "total_amount": "120.00"},
        "lists": {"line_items": [{**rows[0], "quantity": None}]},
        "boxes": {"total_amount": [1, 0.1, 0.2, 0.3, 0.25], "supplier_name": [1, 0.1, 0.1, 0.2, 0.2]},
    }
    assert "base" in client.post("/documents/shop-a/save", json=body).json()
    label = json.loads(path.read_text())
    assert label["boxes"] == {
        "invoice_id": kept,
        "line_items.0.amount": kept,
        "total_amount": [{"page": 1, "box": [0.2, 0.7, 0.25, 0.9]}],
    }
    page = client.get("/documents/shop-a").text
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert data["fields"]["total_amount"]["marked"] == pytest.approx([1, 0.1, 0.2, 0.3, 0.25])
    assert data["fields"]["supplier_name"]["marked"] is None
    beyond = {**body, "base": client.get("/documents/shop-a").text.partition('data-base="')[2].partition('"')[0]}
    beyond["boxes"] = {"total_amount": [1, 0.3, 0.2, 0.3, 0.25]}
    assert "x0 < x1" in client.post("/documents/shop-a/save", json=beyond).json()["error"]
