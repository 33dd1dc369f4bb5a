"""RUN/config.json: what a run is, so that it can be continued, restored and trusted."""

import dataclasses
import json
from importlib import metadata
from pathlib import Path

from serving.protocol.files import write_whole
from zoo.core.config import RunConfig
from zoo.core.errors import UserError
from zoo.core.features import Spec
from zoo.data import Data

FORMAT = 2
"""Of config.json; version 0.1 wrote none."""

PACKAGES = ("menagerie-zoo", "tensorflow", "keras", "tensorflow-probability", "numpy")


def versions() -> dict[str, str]:
    """Of the packages that decide what a run computes."""
    return {name: metadata.version(name) for name in PACKAGES}


def check(folder: Path, config: RunConfig, data: Data, *, fixed: bool) -> bool:
    """Whether the folder holds this run already, the number of epochs apart.

    Args:
      fixed: whether the number of epochs must be equal too, since what a step does depends on it.

    Errors: UserError where the folder holds another run, the data has changed, or the folder holds other files.
    """
    path = folder / "config.json"
    if not path.exists():
        if folder.exists() and any(folder.iterdir()):
            raise UserError(f"{folder} is neither empty nor a run (it has no config.json). Give another --out.")
        return False
    kept, spec = read(folder)
    same = dataclasses.replace(config.training, epochs=kept.training.epochs)
    changed = kept.differences(config if fixed else dataclasses.replace(config, training=same))
    if changed:
        raise UserError(
            f"{folder} holds a run with other options ({'; '.join(changed)}: kept, asked for). Give them as they "
            "were to continue it, or another --out."
        )
    if spec != data.spec:
        was, now = (", ".join(s.describe().splitlines()) for s in (spec, data.spec))
        raise UserError(f"{folder} was trained on other data: {was}. Now {data.name} has {now}. Give another --out.")
    before = json.loads(path.read_text())["fingerprint"]
    if before != data.fingerprint:
        raise UserError(
            f"{data.name} has changed since {folder} was trained ({before}; now {data.fingerprint}). Give another "
            "--out, or the data as it was."
        )
    return True


def write(folder: Path, config: RunConfig, data: Data, command: str) -> None:
    """Writes config.json; the number of epochs never falls."""
    folder.mkdir(parents=True, exist_ok=True)
    record = {
        "format": FORMAT,
        "config": dataclasses.asdict(config),
        "spec": data.spec.to_json(),
        "fingerprint": data.fingerprint,
        "command": command,
        "versions": versions(),
    }
    write_whole(folder / "config.json", json.dumps(record, indent=2) + "\n")


def read(folder: Path) -> tuple[RunConfig, Spec]:
    """A run's configuration and the features of its data. Errors: UserError if the folder holds no run of ours."""
    try:
        record = json.loads((folder / "config.json").read_text())
        if record.get("format") != FORMAT:
            raise UserError(
                f"{folder} was written by another version of this package (format {record.get('format', 'of 0.1')}, "
                f"here {FORMAT}). Train again to another --out, or use the version that wrote it."
            )
        return RunConfig.from_json(json.dumps(record["config"])), Spec.from_json(record["spec"])
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(
            f"{folder} is not a run: it has no config.json. `zoo train MODEL --out {folder}` makes one."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{folder / 'config.json'} cannot be read ({error}). Train again to another --out.") from None
