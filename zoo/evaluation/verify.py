"""Claims verified: each variant against what its paper says it is better than, seed by seed."""

import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from zoo.core.claims import Claim
from zoo.core.errors import Failure, UserError
from zoo.core.registry import Recipe
from zoo.evaluation import measures, score
from zoo.evaluation.measures import Trained
from zoo.evaluation.results import Store
from zoo.evaluation.score import Protocol
from zoo.evaluation.trials import Budget, Contender, Trials, command_line, measured, most, seeds
from zoo.evaluation.verdicts import Verdict, Verified
from zoo.training import run


def verify(recipe: Recipe, budget: Budget, *, count: int, out: Path, store: Store) -> Verified:
    """Trains the variant, and the models that it is held against, `count` times each, and stores the verdicts.

    A run that fails leaves its claim not shown. Errors: UserError for a variant without claims.
    """
    if not recipe.claims:
        raise UserError(f"{recipe.name} claims nothing: its recipe has no `claims`. See zoo/core/claims.py.")
    variant, chosen = Contender(recipe, {}), seeds(count)
    rivals = {claim.against: Contender.of(claim.against) for claim in recipe.claims if _is_model(claim)}
    trials = Trials(budget, out, count * (1 + len(rivals)))
    command = command_line("verify", recipe.name, seeds=count, data=budget.data, epochs=budget.epochs)
    protocol = trials.protocol(command, variant, chosen)
    found = [_one_seed(trials, variant, rivals, seed) for seed in chosen]
    verdicts = [
        _verdict(claim, pairs, protocol) for claim, pairs in zip(recipe.claims, zip(*found, strict=True), strict=True)
    ]
    seconds = [run.seconds(trials.folder(variant, seed)) for seed in chosen]
    verified = Verified(recipe.name, budget.data, tuple(seconds), tuple(verdicts))
    score.write(store.record(verified.name), verified.to_json())
    _keep_picture(trials.folder(variant, 0) / "samples", store.pictures / verified.name)
    return verified


class _Pair(NamedTuple):
    """The measure of both sides for one seed, or why there is none."""

    ours: float = math.nan
    theirs: float = math.nan
    rows: int | None = None
    failure: str = ""


def _one_seed(trials: Trials, variant: Contender, rivals: Mapping[str, Contender], seed: int) -> list[_Pair]:
    """A pair for each claim. Each model is trained once."""
    trained: dict[str, Trained | Failure] = {}
    for name, contender in {"": variant, **rivals}.items():
        try:
            trials.announce(contender, seed)
            trained[name] = trials.train(contender, seed)
        except Failure as error:
            trained[name] = Failure(f"{contender}, seed {seed}: {error}")
    return [_pair(claim, trained[""], trained.get(claim.against)) for claim in variant.recipe.claims]


def _pair(claim: Claim, variant: Trained | Failure, rival: Trained | Failure | None) -> _Pair:
    if isinstance(variant, Failure):
        return _Pair(failure=str(variant))
    if isinstance(rival, Failure):
        return _Pair(failure=str(rival))
    try:
        theirs = _fixed(claim, variant) if rival is None else measured(claim.measure, rival).value
        ours = measured(claim.measure, variant)
        return _Pair(ours.value, theirs, ours.rows)
    except Failure as error:
        return _Pair(failure=f"{claim.measure} of seed {variant.seed}: {error}")


def _fixed(claim: Claim, variant: Trained) -> float:
    """What needs no training of its own: a baseline, or a number."""
    baselines = measures.baselines(claim.measure)
    return baselines[claim.against](variant) if claim.against in baselines else float(claim.against)


def _is_model(claim: Claim) -> bool:
    if claim.against in measures.baselines(claim.measure):
        return False
    try:
        float(claim.against)
    except ValueError:
        return True
    return False


def _verdict(claim: Claim, pairs: Sequence[_Pair], protocol: Protocol) -> Verdict:
    rows = most(p.rows for p in pairs)
    difference = score.over_seeds([p.ours - p.theirs for p in pairs], replace(protocol, fake=rows))
    ours, theirs = (tuple(side) for side in ([p.ours for p in pairs], [p.theirs for p in pairs]))
    return Verdict(claim, ours, theirs, difference, tuple(p.failure for p in pairs if p.failure))


def _keep_picture(samples: Path, name: Path) -> None:
    """The last picture of a run, under this name with its own suffix; tables of numbers have none."""
    for picture in sorted(samples.glob("epoch-*"))[-1:]:
        name.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, name.with_name(f"{name.name}{picture.suffix}"))
