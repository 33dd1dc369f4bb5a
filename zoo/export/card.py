"""The model card of an exported version, and the scores that it shares with its run.

Scores are plain JSON here: by name, each with the protocol that says how it was measured (zoo.evaluation.protocol).
"""

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serving.protocol import versions
from zoo.core import registry
from zoo.core.config import RunConfig
from zoo.core.errors import UserError
from zoo.core.features import Feature
from zoo.core.files import read_json, write_json
from zoo.core.model import GenerativeModel, Signature, wire_name
from zoo.display import pictures
from zoo.training import checkpoints, record

SCORES = "scores.json"
"""The file of scores in a run's folder."""
CARD = Path("assets.extra") / "model_card.json"
"""The card's path in the folder of an exported version."""


def content(model: GenerativeModel, config: RunConfig, folder: Path, name: str) -> dict[str, Any]:
    """The card of the run in `folder`, exported under this name."""
    log = pictures.read_log(folder / "log.csv")
    last = {key: values[-1] for key, values in log.items() if math.isfinite(values[-1])}
    return {
        "name": name,
        "data": {"name": config.data, **model.spec.to_json(), "is": model.spec.describe().splitlines()},
        "configuration": dataclasses.asdict(config),
        "versions": record.versions(),
        "checkpoint": checkpoint(folder),
        "last_epoch": last,
        "claims": [dataclasses.asdict(claim) for claim in registry.get(config.model).claims],
        "scores": current_scores(folder),
        "signatures": {key: _signature(s) for key, s in model.signatures().items()},
    }


def _signature(signature: Signature) -> dict[str, Any]:
    return {"inputs": _tensors(signature.inputs), "outputs": _tensors(signature.outputs)}


def _tensors(features: Mapping[str, Feature]) -> dict[str, Any]:
    """Type and shape of each tensor, and what it means."""
    found: dict[str, Any] = {}
    for name, feature in features.items():
        wire = wire_name(name, feature)
        meanings = feature.meanings(wire)
        for key, spec in feature.wire(wire).items():
            found[key] = {"dtype": spec.dtype.name, "shape": spec.shape.as_list(), "is": meanings[key]}
    return found


def checkpoint(folder: Path) -> str:
    """The checkpoint that a run's folder holds now, in words: `last, step 48`."""
    path = checkpoints.latest(folder) or "none"
    return f"last, step {path.rpartition('-')[2]}"


def find(models: Path, name: str, version: int | None) -> Path:
    """The card of an exported version, of the latest if None. Errors: UserError where there is none."""
    found = versions.servable(models / name)
    number = max(found, default=1) if version is None else version
    path = found.get(number, models / name / str(number)) / CARD
    if not path.exists():
        raise UserError(f"There is no {path}, which `zoo export` writes. Check --models, --name and --version.")
    return path


def describe(path: Path) -> str:
    """A card for people: the data, classes and columns by name, and what each signature takes and gives."""
    card = read_json(path)
    lines = [f"{card['name']} version {path.parents[1].name}, trained on {card['data']['name']}"]
    lines += [f"  {line}" for line in card["data"]["is"]]
    for key, signature in card["signatures"].items():
        lines += ["", key]
        for side, word in (("inputs", "in "), ("outputs", "out")):
            lines += [f"  {word} {name}: {_row(tensor)}" for name, tensor in signature[side].items()]
    return "\n".join(lines)


def _row(tensor: Mapping[str, Any]) -> str:
    shape = ", ".join("?" if side is None else str(side) for side in tensor["shape"])
    return f"{tensor['dtype']} [{shape}], {tensor['is']}"


def configuration(card: Path) -> RunConfig:
    """The configuration of the run that was exported."""
    return RunConfig.from_json(json.dumps(read_json(card)["configuration"]))


def check_weights(card: Path, folder: Path) -> None:
    """Errors: UserError unless the version was exported from the checkpoint that the run in `folder` holds now."""
    exported, now = read_json(card).get("checkpoint"), checkpoint(folder)
    if exported != now:
        raise UserError(
            f"{card.parents[1]} has other weights ({exported}) than {folder} has now ({now}), so its scores would be "
            "wrong. `zoo export` the run again, or leave out --models."
        )


def add_scores(path: Path, scores: Mapping[str, Any]) -> None:
    """Adds scores to a run's file or a card; a score of the same name is replaced."""
    before: dict[str, Any] = read_json(path) if path.exists() else {}
    write_json(path, {**before, "scores": {**before.get("scores", {}), **scores}})


def current_scores(folder: Path) -> dict[str, Any]:
    """The scores in a run's folder that were measured on the checkpoint that it holds now."""
    path = folder / SCORES
    scores = read_json(path)["scores"] if path.exists() else {}
    return {name: score for name, score in scores.items() if _protocol(score, path)["checkpoint"] == checkpoint(folder)}


def _protocol(score: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    protocol = score.get("protocol") or {}
    if "checkpoint" not in protocol:
        raise UserError(f"{path} has a score without its protocol. Delete the file and `zoo evaluate` the run again.")
    return protocol
