"""Takes the pictures of the README from the running Dagster UI.

usage: python scripts/make_pictures.py [--chromium /usr/bin/chromium]     (needs: pip install playwright)

Starts `ocr-pipeline dev` on the project's instance, opens it in a headless Chromium, and writes docs/images/.
"""

import argparse
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
PORT = 3999


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("google-chrome"))
    chromium = parser.parse_args().chromium
    server = subprocess.Popen([sys.executable, "-m", "ocr_pipeline.cli", "dev", "--port", str(PORT)])
    try:
        _wait_for(f"http://127.0.0.1:{PORT}/server_info")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1500, "height": 640}, device_scale_factor=1)
            page.goto(f"http://127.0.0.1:{PORT}/assets/leaderboard?view=lineage&lineageScope=upstream&lineageDepth=5")
            page.get_by_text("Hide navigation").click()
            page.get_by_text("raw_documents").first.wait_for()
            page.wait_for_timeout(3000)  # the graph moves into place
            page.screenshot(path=IMAGES / "lineage.png")
            page.goto(f"http://127.0.0.1:{PORT}/assets/extractions?view=partitions")
            page.get_by_text("rapidocr+rules").first.click()
            page.get_by_text("demo-tapas").first.click()
            page.wait_for_timeout(3000)
            page.screenshot(path=IMAGES / "cell.png")
            browser.close()
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
