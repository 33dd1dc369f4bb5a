"""Verification of claims: each model against what its paper says it is better than, seed by seed."""

import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from zoo.core.claims import Claim
from zoo.core.errors import Failure, UserError
from zoo.core.files import write_json
from zoo.core.registry import Recipe
from zoo.evaluation import measures
from zoo.evaluation.experiment import Budget, Candidate, Experiment, command_line, measured, most, over_seeds, seeds
from zoo.evaluation.models import TrainedModel
from zoo.evaluation.protocol import Protocol
from zoo.evaluation.results import ClaimResult, Store, Verification
from zoo.training import run


def verify(recipe: Recipe, budget: Budget, *, count: int, out: Path, store: Store) -> Verification:
    """Trains the model, and the models that its claims compare it with, `count` times each, and stores the results.

    A claim whose run fails is not shown. Errors: UserError for a model without claims.
    """
    if not recipe.claims:
        raise UserError(f"{recipe.name} has no claims. Its recipe lists them in `claims`: see zoo/core/claims.py.")
    candidate, chosen = Candidate(recipe, {}), seeds(count)
    others = {claim.against: Candidate.of(claim.against) for claim in recipe.claims if _is_model(claim)}
    experiment = Experiment(budget, out, count * (1 + len(others)))
    command = command_line("verify", recipe.name, seeds=count, data=budget.data, epochs=budget.epochs)
    protocol = experiment.protocol(command, candidate, chosen)
    found = [_one_seed(experiment, candidate, others, seed) for seed in chosen]
    results = [
        _result(claim, pairs, protocol) for claim, pairs in zip(recipe.claims, zip(*found, strict=True), strict=True)
    ]
    seconds = [run.seconds(experiment.folder(candidate, seed)) for seed in chosen]
    verification = Verification(recipe.name, budget.data, tuple(seconds), tuple(results))
    write_json(store.record(verification.name), verification.to_json())
    _copy_preview(experiment.folder(candidate, 0) / "samples", store.pictures / verification.name)
    return verification


class _Pair(NamedTuple):
    """The measure of the model and of what it is compared with, for one seed; or why there is none."""

    value: float = math.nan
    other: float = math.nan
    rows: int | None = None
    failure: str = ""


def _one_seed(experiment: Experiment, candidate: Candidate, others: Mapping[str, Candidate], seed: int) -> list[_Pair]:
    """A pair for each claim. Each model is trained once."""
    trained: dict[str, TrainedModel | Failure] = {}
    for name, one in {"": candidate, **others}.items():
        try:
            experiment.announce(one, seed)
            trained[name] = experiment.train(one, seed)
        except Failure as error:
            trained[name] = Failure(f"{one}, seed {seed}: {error}")
    return [_pair(claim, trained[""], trained.get(claim.against)) for claim in candidate.recipe.claims]


def _pair(claim: Claim, model: TrainedModel | Failure, other: TrainedModel | Failure | None) -> _Pair:
    if isinstance(model, Failure):
        return _Pair(failure=str(model))
    if isinstance(other, Failure):
        return _Pair(failure=str(other))
    try:
        compared = _untrained(claim, model) if other is None else measured(claim.measure, other).value
        own = measured(claim.measure, model)
        return _Pair(own.value, compared, own.rows)
    except Failure as error:
        return _Pair(failure=f"{claim.measure} of seed {model.seed}: {error}")


def _untrained(claim: Claim, model: TrainedModel) -> float:
    """The value that the claim compares with where no model is trained for it: a baseline's, or a number."""
    baselines = measures.baselines(claim.measure)
    return baselines[claim.against](model) if claim.against in baselines else float(claim.against)


def _is_model(claim: Claim) -> bool:
    if claim.against in measures.baselines(claim.measure):
        return False
    try:
        float(claim.against)
    except ValueError:
        return True
    return False


def _result(claim: Claim, pairs: Sequence[_Pair], protocol: Protocol) -> ClaimResult:
    own = replace(protocol, fake=most(p.rows for p in pairs))
    difference = over_seeds([p.value - p.other for p in pairs], own)
    values, others = tuple(p.value for p in pairs), tuple(p.other for p in pairs)
    return ClaimResult(claim, values, others, difference, tuple(p.failure for p in pairs if p.failure))


def _copy_preview(samples: Path, name: Path) -> None:
    """Copies the last picture of a run, under this name with its own suffix."""
    pictures = sorted(path for path in samples.glob("epoch-*") if path.suffix in (".png", ".gif"))
    for picture in pictures[-1:]:
        name.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, name.with_name(f"{name.name}{picture.suffix}"))
