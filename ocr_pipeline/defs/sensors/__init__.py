"""The sensors: `arrivals`, `stale_cells` and `alarms`, a module each. All are off until somebody turns them on in the UI.

The first two launch the job `process`; why there is not one automation condition per asset: docs/decisions/0009. How often a
sensor ticks is fixed when the code location loads; all other settings and the backends are loaded within each tick, so
that a trained model or an edited `backends.yaml` counts at once.
"""

import dagster as dg

from ocr_pipeline.defs.sensors.alarms import alarms_sensor
from ocr_pipeline.defs.sensors.arrivals import arrivals_sensor
from ocr_pipeline.defs.sensors.stale_cells import stale_cells_sensor
from ocr_pipeline.operation.settings import Operation


def build_sensors(process: dg.JobDefinition, operation: Operation) -> list[dg.SensorDefinition]:
    """All sensors."""
    return [
        arrivals_sensor(process, operation.arrivals.every_seconds),
        stale_cells_sensor(process, operation.arrivals.stale_every_seconds),
        alarms_sensor(operation.alarms.every_seconds),
    ]
