"""`python -m ocr_pipeline_tests.standin [SECONDS]`: run it by hand; the argument is the latency of an answer."""

import sys
import threading

from ocr_pipeline_tests.standin import StandIn

if __name__ == "__main__":
    with StandIn(latency=float(sys.argv[1]) if len(sys.argv) > 1 else 0.0) as standin:
        print(f"export GEMINI_API_KEY=any GOOGLE_GEMINI_BASE_URL={standin.url}", flush=True)
        threading.Event().wait()
