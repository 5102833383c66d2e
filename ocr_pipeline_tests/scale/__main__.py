"""`python -m ocr_pipeline_tests.scale [ARGUMENTS OF PYTEST]`: the scale tests in a network namespace, with all servers.

PostgreSQL is started outside, since it does not run as the root user that a user namespace has; its Unix socket reaches in.
"""

import os
import shutil
import subprocess
import sys

from ocr_pipeline_tests.scale.servers import POSTGRES_VARIABLE, CannotRun, postgres_server

NOT_RUN = 77
"""Exit code where this machine does not permit it."""


def main(arguments: list[str]) -> int:
    """Run pytest, or another module (`-m NAME ...`), in the namespace."""
    inside = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    if not all(map(shutil.which, ("unshare", "ip"))) or subprocess.run([*inside, "true"], check=False).returncode:
        print("Not run: this machine permits no network namespace (unshare -rn, ip link set lo up).", file=sys.stderr)
        return NOT_RUN
    command = (
        arguments
        if arguments[:1] == ["-m"]
        else ["-m", "pytest", "-m", "scale", *(arguments or ["ocr_pipeline_tests"])]
    )
    try:
        with postgres_server() as postgres:
            environment = {**os.environ, POSTGRES_VARIABLE: str(postgres.folder)}
            return subprocess.run([*inside, sys.executable, *command], env=environment, check=False).returncode
    except CannotRun as error:
        print(f"Not run: {error}.", file=sys.stderr)
        return NOT_RUN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
