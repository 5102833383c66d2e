"""Takes the pictures of the documentation: the Dagster UI of this project, and the report of the story in docs/inspecting.md.

usage: python scripts/make_pictures.py [--chromium /usr/bin/chromium]     (needs make demo, and: pip install playwright)

Starts `ocr-pipeline dev` on the project's instance, opens it in a headless Chromium, and writes docs/images/.
"""

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
PORT = 3999


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("google-chrome"))
    chromium = parser.parse_args().chromium
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        the_report(browser)
        the_dagster_ui(browser)
        browser.close()


def the_report(browser: Browser) -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([ROOT / "scripts" / "make_story.sh", folder], check=True, stdout=subprocess.DEVNULL)
        report = (Path(folder) / "data" / "report").as_uri()
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{report}/index.html")
        page.screenshot(path=IMAGES / "report-index.png")
        page.goto(f"{report}/documents/demo-design-studio-invoice.html#net_amount@tesseract+rules")
        page.wait_for_timeout(1000)  # it scrolls to the frame
        page.screenshot(path=IMAGES / "report-document.png")


def the_dagster_ui(browser: Browser) -> None:
    server = subprocess.Popen([sys.executable, "-m", "ocr_pipeline.cli", "dev", "--port", str(PORT)])
    try:
        _wait_for(f"http://127.0.0.1:{PORT}/server_info")
        page = browser.new_page(viewport={"width": 1500, "height": 1100}, device_scale_factor=1)
        page.goto(f"http://127.0.0.1:{PORT}/assets/report?view=lineage&lineageScope=upstream&lineageDepth=6")
        page.get_by_text("Hide navigation").click()
        page.get_by_text("raw_documents").first.wait_for()
        page.wait_for_timeout(3000)  # the graph moves into place, with the selected asset in the middle
        page.mouse.move(1200, 500)
        page.mouse.down()
        page.mouse.move(1200, 330, steps=5)
        page.mouse.up()
        page.screenshot(path=IMAGES / "lineage.png")
        page.goto(f"http://127.0.0.1:{PORT}/assets/extractions?view=partitions")
        page.get_by_text("rapidocr+rules").first.click()
        page.get_by_text("demo-tapas").first.click()
        page.wait_for_timeout(3000)
        page.screenshot(path=IMAGES / "cell.png")
        page.goto(f"http://127.0.0.1:{PORT}/automation")
        page.get_by_text("arrivals").first.wait_for()
        page.wait_for_timeout(1500)
        page.screenshot(path=IMAGES / "automation.png")
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)


def _wait_for(url: str) -> None:
    for _ in range(120):
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(1)
    raise SystemExit(f"{url} did not answer")


if __name__ == "__main__":
    main()
