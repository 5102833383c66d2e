#!/usr/bin/env bash
# dagster 1.13.27 with the run launcher of dagster-ray 0.4.8: run monitoring marks a run as failed that is at work, if it was executed
# in process.
#
# `execute_in_process(instance=...)`, `dg.materialize(instance=...)` and `dagster job execute` record their runs on the instance of the UI. Its
# monitor asks the run launcher about every started run, also about those that it did not launch. RayRunLauncher finds no job of
# Ray with that name and answers UNKNOWN, which the monitor takes as dead. Dagster's default launcher does not answer at all, so
# nothing happens there. Expected: a run that the launcher has not launched is left alone.
#
# Output seen:
#   while its op is at work, the run is FAILURE: Detected run worker status UNKNOWN
#   after it: SUCCESS
set -euo pipefail
folder=$(mktemp -d)
cluster= daemon=
stop() {
  for process in $daemon $cluster; do kill "$process"; wait "$process" || true; done 2> /dev/null
  rm -rf "$folder"
}
trap stop EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check dagster==1.13.27 dagster-ray==0.4.8 'ray[default]==2.60.0'
export DAGSTER_HOME="$folder/home" RAY_USAGE_STATS_ENABLED=0 PATH="$folder/venv/bin:$PATH"
ray start --head --block --num-cpus=1 --port=6398 --node-ip-address=127.0.0.1 --include-dashboard=true --dashboard-host=127.0.0.1 \
  --dashboard-port=8398 --temp-dir="$folder/ray" > /dev/null 2>&1 &
cluster=$!
until ray job list --address http://127.0.0.1:8398 > /dev/null 2>&1; do sleep 1; done
mkdir "$DAGSTER_HOME"
cat > "$DAGSTER_HOME/dagster.yaml" <<'YAML'
telemetry: {enabled: false}
run_monitoring: {enabled: true, poll_interval_seconds: 2}
run_launcher:
  module: dagster_ray
  class: RayRunLauncher
  config:
    ray: {address: "http://127.0.0.1:8398"}
YAML
cat > "$folder/work.py" <<'PYTHON'
import time

import dagster as dg


@dg.op
def work(context):
    for _ in range(240):
        run = context.instance.get_run_by_id(context.run_id)
        if run.status != dg.DagsterRunStatus.STARTED:
            texts = [event.dagster_event.message for event in context.instance.all_logs(run.run_id) if event.dagster_event]
            [said] = [text for text in texts if text and "Detected run worker status" in text]
            print(f"while its op is at work, the run is {run.status.value}: {said.partition(':')[0]}")
            return
        time.sleep(0.5)
    raise RuntimeError("changed: nothing happened in two minutes")


@dg.job
def single():
    work()


defs = dg.Definitions(jobs=[single])

if __name__ == "__main__":
    with dg.DagsterInstance.get() as instance:
        single.execute_in_process(instance=instance)
        [run] = instance.get_runs()
        print(f"after it: {run.status.value}")
PYTHON
cd "$folder"
dagster-daemon run -f "$folder/work.py" > "$folder/daemon.log" 2>&1 &
daemon=$!
until grep -q "Instance is configured" "$folder/daemon.log"; do sleep 1; done
python "$folder/work.py" 2> "$folder/log" || { cat "$folder/log"; exit 1; }
