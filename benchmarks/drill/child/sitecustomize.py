"""Python imports this at start from `PYTHONPATH`: the probe, in every process of a drilled run."""

import os

if os.environ.get("DRILL_JOURNAL"):
    import drill_probe

    drill_probe.install(os.environ["DRILL_JOURNAL"])
