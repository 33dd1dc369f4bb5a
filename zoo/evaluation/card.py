"""Where the scores of one model are kept: in its run's folder, and in the cards of its exported versions."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from serving.protocol import versions
from zoo.core.config import RunConfig
from zoo.core.errors import UserError
from zoo.evaluation import score
from zoo.evaluation.score import Score

SCORES = "scores.json"
"""In a run's folder."""
CARD = Path("assets.extra") / "model_card.json"
"""In an exported version's."""


def checkpoint(folder: Path) -> str:
    """Which weights a run's folder holds now, as a protocol names them."""
    latest = tf.train.latest_checkpoint(str(folder / "checkpoints")) or "none"
    return f"last, step {latest.rpartition('-')[2]}"


def find(models: Path, name: str, version: int | None) -> Path:
    """The card of an exported version, the latest if None. Errors: UserError where there is none."""
    found = versions.servable(models / name)
    number = max(found, default=1) if version is None else version
    path = found.get(number, models / name / str(number)) / CARD
    if not path.exists():
        raise UserError(f"There is no {path}: a version that `zoo export` wrote has one. Check --models and --name.")
    return path


def configuration(card: Path) -> RunConfig:
    """Of the run that an exported version came from."""
    return RunConfig.from_json(json.dumps(score.read(card)["configuration"]))


def check(card: Path, folder: Path) -> None:
    """Errors: UserError unless the card's version has the weights that the run in `folder` holds now."""
    exported, ours = score.read(card).get("checkpoint"), checkpoint(folder)
    if exported != ours:
        raise UserError(
            f"{card.parents[1]} was not exported from {folder} as it is now ({exported}; {ours}): scores of one are "
            "not the other's. `zoo export` it again, or leave out --models."
        )


def keep(path: Path, scores: Mapping[str, Score]) -> None:
    """Adds scores to a JSON file: a run's, or a model card's."""
    before: dict[str, Any] = score.read(path) if path.exists() else {}
    before["scores"] = {**before.get("scores", {}), **{name: s.to_json() for name, s in scores.items()}}
    score.write(path, before)


def kept(folder: Path) -> dict[str, Any]:
    """The scores in a run's folder that are of the weights it holds now, as JSON; none for those of earlier ones."""
    path = folder / SCORES
    scores = score.read(path)["scores"] if path.exists() else {}
    return {name: s for name, s in scores.items() if Score.of(s, path).protocol.checkpoint == checkpoint(folder)}
