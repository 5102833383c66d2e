"""Assets and asset checks found by scanning folders: this package, and `defs/` of the project folder.

A file with a decorated function is enough to add an asset; nothing has to be registered. Sensors, schedules and jobs of a
deployment belong in its own code location.
"""

import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import dagster as dg

from ocr_pipeline import defs as package
from ocr_pipeline.errors import ConfigurationError
from ocr_pipeline.project import Project

FOLDER = "defs"


def found_definitions(project: Project) -> dg.Definitions:
    """Assets and asset checks at module level of the files in both folders.

    Raises:
        ConfigurationError: a file in the project's folder cannot be imported.
    """
    modules = list(_modules(project.root / FOLDER))
    return dg.Definitions(
        assets=[*dg.load_assets_from_package_module(package), *dg.load_assets_from_modules(modules)],
        asset_checks=[
            *dg.load_asset_checks_from_package_module(package),
            *dg.load_asset_checks_from_modules(modules),
        ],
    )


def _modules(folder: Path) -> Iterator[ModuleType]:
    for path in sorted(folder.rglob("*.py")):
        name = ".".join(("ocr_pipeline_project", *path.relative_to(folder.parent).with_suffix("").parts))
        spec = spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        sys.modules[name] = module  # pickling and annotations look modules up
        try:
            spec.loader.exec_module(module)
        except Exception as error:  # noqa: BLE001 - whatever a user's own file raises
            raise ConfigurationError(f"{path.relative_to(folder.parent)} cannot be imported: {error}.") from None
        yield module
