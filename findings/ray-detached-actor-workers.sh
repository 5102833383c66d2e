#!/usr/bin/env bash
# ray 2.60.0: workers of tasks that a detached actor submits do not outlive the process that made the actor.
#
# A detached actor lives on when its driver has ended, and its tasks still run. So it looks like a way to keep workers warm (a
# loaded OCR engine takes seconds) from one run to the next. Seen: while the driver is there, tasks 8 s later find the same
# worker processes; 8 s after the driver has ended, the same actor's tasks run in new ones. Idle workers belong to the job of
# the driver, and end with it. What keeps them is a driver that stays.
#
# Output seen:
#   while the driver is there: the same workers
#   after the driver has ended: other workers
set -euo pipefail
folder=$(mktemp -d)
cluster=
trap '[ -z "$cluster" ] || { kill "$cluster"; wait "$cluster" || true; }; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ray==2.60.0
"$folder/venv/bin/ray" start --head --block --num-cpus=2 --port=6397 --node-ip-address=127.0.0.1 --include-dashboard=false \
  --disable-usage-stats --temp-dir="$folder/ray" > /dev/null 2>&1 &
cluster=$!
cat > "$folder/driver.py" <<'PYTHON'
import json
import sys
import time
from pathlib import Path

import ray


@ray.remote(num_cpus=1)
def process():
    import os

    time.sleep(0.5)
    return os.getpid()


@ray.remote(num_cpus=0)
class Submitter:
    def processes(self):
        return {*ray.get([process.remote() for _ in range(10)])}


for attempt in range(60):
    try:
        ray.init(address="127.0.0.1:6397", log_to_driver=False, logging_level="CRITICAL")
        break
    except ConnectionError:
        time.sleep(1)
seen = Path(sys.argv[1])
if not seen.exists():
    submitter = Submitter.options(name="submitter", namespace="finding", lifetime="detached").remote()
    seen.write_text(json.dumps([*ray.get(submitter.processes.remote())]))
    time.sleep(8)
    expected, when = True, "while the driver is there"
else:
    submitter = ray.get_actor("submitter", namespace="finding")
    expected, when = False, "after the driver has ended"
same = bool({*json.loads(seen.read_text())} & ray.get(submitter.processes.remote()))
print(f"{when}: {'the same' if same else 'other'} workers")
assert same is expected, "changed"
PYTHON
"$folder/venv/bin/python" "$folder/driver.py" "$folder/seen"
sleep 8
"$folder/venv/bin/python" "$folder/driver.py" "$folder/seen"
