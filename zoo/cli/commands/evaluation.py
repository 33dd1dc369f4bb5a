"""Commands that measure models: evaluate, verify, compare, report."""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from zoo.cli.command import command
from zoo.cli.flags import Flag
from zoo.cli.options import DATA, RECIPES, loading
from zoo.cli.table import table
from zoo.core.errors import UserError

_STORE = (
    Flag("store", str, "results", "folder of results that `zoo report` reads"),
    Flag("pictures", str, None, "folder for the results' pictures; default: --store"),
)


@command(
    "evaluate",
    "RUN|MODEL",
    example="zoo evaluate runs/vae --count 500 --metrics frechet,memorisation",
    flags=[
        Flag("metrics", list, None, "metrics, as in frechet,memorisation; default: all that fit"),
        Flag("count", int, 2000, "samples to draw"),
        Flag("seed", int, 0, "seed of the first sample; the others follow it"),
        Flag("evaluator", str, None, "a name or file of `zoo evaluator`; default: the data's own"),
        Flag("server", str, None, "host:port of a server; then MODEL is a name that it serves"),
        Flag("models", str, None, "folder of exported models: the scores are added to the version's card"),
        Flag("name", str, None, "name of the run in --models; default: the model's"),
        Flag("version", int, None, "version of the exported or served model; default: the latest"),
        *DATA,
        RECIPES,
        Flag("out", str, None, "JSON file; default: the run's scores.json, or MODEL-scores.json"),
    ],
)
def _evaluate(values: Any, positional: list[str]) -> None:
    from zoo.core import registry
    from zoo.evaluation import evaluate
    from zoo.export import card

    registry.import_files(values.recipes)
    if values.count < 2:
        raise UserError(f"--count must be above 1; received {values.count}.")
    line = shlex.join(["zoo", "evaluate", *positional, *values.given])
    found = (_served if values.server else _trained)(values, positional[0], line)
    names = evaluate.chosen(found.model, values.metrics)
    scores = evaluate.evaluate(found.model, names, found.protocol)
    table([(name, str(s), _summary(s.protocol)) for name, s in scores.items()])
    for path in found.files:
        card.add_scores(path, {name: s.to_json() for name, s in scores.items()})
        print(f"Scores: {path}")


def _summary(protocol: Any) -> str:
    """A score's protocol in a line; the file has all of it."""
    name, _, digest = (protocol.evaluator or "no evaluator").partition(" ")
    rows = f"{protocol.fake} generated, {protocol.real} real: {protocol.data}, {protocol.split}"
    return f"{rows}; {name} {digest[:12]}; {protocol.checkpoint}"


class _Found(NamedTuple):
    """The model that is evaluated, and the files for its scores."""

    model: Any
    protocol: Any
    files: list[Path]


def _trained(values: Any, run: str, line: str) -> _Found:
    """A run's folder."""
    from zoo.core.files import read_json
    from zoo.evaluation import evaluate
    from zoo.evaluation.models import TrainedModel
    from zoo.export import card

    folder = Path(run)
    trained = TrainedModel.of(folder)
    if values.data or loading(values):
        trained = replace(trained, data=_data(values, trained.config))
    weights = card.checkpoint(folder)
    begun = read_json(folder / "config.json")["command"]
    protocol = evaluate.protocol(f"{begun} && {line}", trained.config.model, trained.config, trained.data, weights)
    files = [Path(values.out or folder / card.SCORES)]
    if values.models:
        files.append(card.find(Path(values.models), values.name or trained.config.model, values.version))
        card.check_weights(files[-1], folder)
    return _Found(evaluate.of_run(trained, values.evaluator, values.count, values.seed), protocol, files)


def _served(values: Any, model: str, line: str) -> _Found:
    """A model that a server has, of whose training only its card knows."""
    from serving import Client
    from zoo.evaluation import evaluate
    from zoo.evaluation.models import EvaluatedModel
    from zoo.export import card

    with Client(values.server) as client:
        found = client.metadata(model, values.version)

    def call(signature: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        with Client(values.server, timeout=600.0) as client:
            return client.predict_chunked(model, inputs, version=found.version, signature=signature)

    cards = [card.find(Path(values.models), model, found.version)] if values.models else []
    config = card.configuration(cards[0]) if cards else None
    data = _data(values, config)
    protocol = evaluate.protocol(line, model, config, data, f"version {found.version}")
    inputs = {name: list(s.inputs) for name, s in found.signatures.items()}
    evaluated = EvaluatedModel(call, inputs, data, values.evaluator, values.count, values.seed)
    out = Path(values.out or f"{model}-scores.json")
    return _Found(evaluated, protocol, [out, *cards])


def _data(values: Any, config: Any) -> Any:
    """The data of the flags, or else of the run."""
    from zoo.data import load

    if not (values.data or config):
        raise UserError("A served model does not say what it was trained on: give --data, or --models with its card.")
    kept = config.loading if config else {}
    return load(values.data or config.data, **{**kept, **loading(values)})


@command(
    "verify",
    "MODEL",
    example="zoo verify undercomplete --data digits --epochs 2 --seeds 2",
    flags=[
        Flag("seeds", int, 3, "trainings of each model, with the seeds 0, 1 and so on"),
        Flag("data", str, None, "a name of `zoo list --data`, or your own; default: the model's"),
        Flag("epochs", int, None, "passes over the data, for every model; default: the model's"),
        Flag("out", str, "runs/verify", "folder for the runs; the same command continues them"),
        *_STORE,
        RECIPES,
    ],
)
def _verify(values: Any, positional: list[str]) -> None:
    from zoo.core import registry
    from zoo.evaluation.experiment import Budget
    from zoo.evaluation.verify import verify

    registry.import_files(values.recipes)
    recipe, store = registry.get(positional[0]), _store(values)
    budget = Budget.of(recipe, values.data, values.epochs)
    found = verify(recipe, budget, count=values.seeds, out=Path(values.out), store=store)
    for result in found.claims:
        print(result)
    print(f"Stored: {store.record(found.name)}\n{_next(values)}")


@command(
    "compare",
    "MODEL MODEL ...",
    example="zoo compare undercomplete deep --measure test_error --data digits --epochs 2 --seeds 2",
    flags=[
        Flag("measure", str, "frechet", "measure to compare, as in frechet or test_error"),
        Flag("better", ("lower", "higher"), "lower", "which values of the measure are better"),
        Flag("seeds", int, 3, "trainings of each model, with the seeds 0, 1 and so on"),
        Flag("data", str, None, "a name of `zoo list --data`, or your own; default: the first model's"),
        Flag("epochs", int, None, "passes over the data; default: the first model's. All models get its batch size"),
        Flag("title", str, None, "title of the result and its files; default: the measure and the data"),
        Flag("out", str, "runs/compare", "folder for the runs; the same command continues them"),
        *_STORE,
        RECIPES,
    ],
)
def _compare(values: Any, positional: list[str]) -> None:
    from zoo.core import registry
    from zoo.evaluation.compare import Question, compare
    from zoo.evaluation.experiment import Budget, Candidate

    registry.import_files(values.recipes)
    candidates, store = [Candidate.of(text) for text in positional], _store(values)
    if len({str(c) for c in candidates}) < len(candidates):
        raise UserError(f"Each model is compared once; received {', '.join(map(str, candidates))}.")
    budget = Budget.of(candidates[0].recipe, values.data, values.epochs)
    title = values.title or f"{values.measure} on {budget.data}"
    question = Question(values.measure, values.better, title, values.seeds)
    found = compare(candidates, question, budget, out=Path(values.out), store=store)
    print(f"{found}\nStored: {store.record(found.name)}\n{_next(values)}")


@command(
    "report",
    example="zoo report",
    flags=[*_STORE, RECIPES, Flag("out", str, "results.md", "the page, a .md file")],
)
def _report(values: Any, positional: list[str]) -> None:
    from zoo.core import registry
    from zoo.evaluation import report
    from zoo.evaluation.results import Results

    registry.import_files(values.recipes)
    store, path = _store(values), Path(values.out)
    results = Results.read(store.records)
    report.write(results, registry.recipes().values(), store, path)
    print(f"{len(results.verifications)} verifications and {len(results.comparisons)} comparisons: {path}")


def _store(values: Any) -> Any:
    from zoo.evaluation.results import Store

    return Store(Path(values.store), Path(values.pictures or values.store))


def _next(values: Any) -> str:
    """The command that makes the page of what was stored."""
    given = [word for word in values.given if word.startswith(("--store=", "--pictures="))]
    return f"Next: {shlex.join(['zoo', 'report', *given])}"
