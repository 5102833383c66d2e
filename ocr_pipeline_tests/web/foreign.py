"""A page of another origin that tries, harmlessly, every way in which a page can reach a server."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = """<!doctype html><title>another site</title><body><script>
const query = JSON.stringify({query: QUERY});
const asAddress = TARGET + "/graphql?query=" + encodeURIComponent(QUERY);
const settled = [];
const until = (thing, ...events) => settled.push(new Promise(done => {
  for (const event of events) thing.addEventListener(event, done);
  setTimeout(done, 4000);
}));
const requests = [
  ["POST", "text/plain", "cors"], ["POST", "text/plain", "no-cors"], ["POST", "application/json", "cors"],
  ["POST", "application/x-www-form-urlencoded", "no-cors"], ["PUT", "application/json", "cors"],
];
for (const [method, type, mode] of requests)
  settled.push(fetch(TARGET + "/graphql",
    {method, mode, credentials: "include", headers: {"Content-Type": type}, body: query}));
for (const mode of ["cors", "no-cors"]) {
  settled.push(fetch(asAddress, {mode, credentials: "include"}));
  settled.push(fetch(asAddress, {mode, method: "POST", credentials: "include"}));
  settled.push(fetch(asAddress, {mode, referrerPolicy: "no-referrer"}));
}
const form = new FormData(); form.append("query", QUERY);
settled.push(fetch(TARGET + "/graphql", {method: "POST", mode: "no-cors", body: form}));
navigator.sendBeacon(TARGET + "/graphql", new Blob([query], {type: "text/plain"}));
for (const tag of ["img", "script", "iframe", "embed"]) {
  const element = document.createElement(tag); element.src = asAddress;
  until(element, "load", "error"); document.body.append(element);
}
const sheet = document.createElement("link"); sheet.rel = "stylesheet"; sheet.href = asAddress;
until(sheet, "load", "error"); document.head.append(sheet);
until(new EventSource(asAddress), "error", "open");
const socket = new WebSocket(TARGET.replace("http", "ws") + "/graphql", "graphql-ws");
socket.addEventListener("open", () => socket.send(query)); until(socket, "open", "error");
for (const type of ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded"]) {
  for (const sandbox of [null, "allow-forms"]) {
    const frame = document.createElement("iframe");
    if (sandbox) frame.sandbox = sandbox;
    frame.name = "frame" + type + sandbox; document.body.append(frame);
    const form = document.createElement("form");
    form.method = "post"; form.enctype = type; form.action = asAddress; form.target = frame.name;
    document.body.append(form); until(frame, "load", "error"); form.submit();
  }
}
const work = `fetch(${JSON.stringify(TARGET)} + "/graphql", {method: "POST", body: ${JSON.stringify(query)}})`;
const worker = new Worker(URL.createObjectURL(new Blob([work + ".finally(() => postMessage(1))"])));
until(worker, "message", "error");
Promise.allSettled(settled).then(() => { document.title = "tried"; });
</script>"""


@contextmanager
def foreign_site(target: str, query: str) -> Iterator[int]:
    """Serve the page; its port."""
    import json

    page = PAGE.replace("TARGET", json.dumps(target)).replace("QUERY", json.dumps(query))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
