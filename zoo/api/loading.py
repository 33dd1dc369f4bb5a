"""`zoo.load`: a run's folder or an exported model."""

import os
from pathlib import Path

from serving.protocol import versions
from zoo.api.exported import Exported
from zoo.api.run import Run
from zoo.core.errors import UserError


def load(path: str | Path) -> Run | Exported:
    """The model in a folder.

    Args:
      path: a run, as runs/NAME; an exported model, as models/NAME, of which the latest version is taken; or one
        version, as models/NAME/3.

    Errors: UserError where there is no such folder, or nothing of the three in it.
    """
    folder = Path(os.path.abspath(Path(path).expanduser()))
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}. Give a run, as runs/NAME, or an exported model, as models/NAME.")
    if (folder / "config.json").is_file():
        return Run(folder)
    if versions.number(folder.name) is not None and versions.complete(folder):
        return Exported(folder)
    if version := versions.latest(folder):
        return Exported(version)
    models = versions.models(folder)
    hint = f" It holds models: give one of them, as {folder / next(iter(models))}." if models else ""
    raise UserError(f"{folder} is neither a run nor an exported model, nor a version of one.{hint}")
