"""What `zoo list MODEL` tells of a model beside its parameters: its claims with their results, and its signatures."""

from zoo.core.config import RunConfig
from zoo.core.registry import Recipe
from zoo.data import load
from zoo.evaluation.results import Results
from zoo.training import run


def claims(recipe: Recipe, results: Results) -> list[tuple[str, str, str]]:
    """Each claim in words, how it is measured, and what was found of it on which data."""
    rows = []
    for claim in recipe.claims:
        found = [
            f"{'shown' if verdict.shown else 'not shown'} on {verified.data}: difference {verdict.difference}"
            for verified in results.verified
            for verdict in verified.verdicts
            if verified.model == recipe.name and verdict.claim == claim
        ]
        measured = f"{claim.measure} {claim.direction} {claim.against}"
        rows.append((claim.says, measured, "; ".join(found) or "not measured yet"))
    return rows


def signatures(recipe: Recipe) -> list[str]:
    """What is exported of the model for the data that it is for, as name(inputs)."""
    config = RunConfig(recipe.name, recipe.data, training=recipe.config())
    model = run.build(config, load(recipe.data).spec)
    return [f"{name}({', '.join(signature.inputs)})" for name, signature in model.signatures().items()]
