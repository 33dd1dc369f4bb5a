"""Scores of one model: every metric that is for it, each with its protocol."""

from collections.abc import Sequence
from dataclasses import replace

from zoo.core.config import RunConfig
from zoo.core.errors import UserError, unknown
from zoo.core.parameters import show
from zoo.data import Data
from zoo.display.progress import Bar
from zoo.evaluation import score
from zoo.evaluation.measures import Trained
from zoo.evaluation.protocol import METRICS, Metric
from zoo.evaluation.score import Protocol, Score
from zoo.evaluation.subject import Subject
from zoo.training import run


def chosen(subject: Subject, names: Sequence[str] | None) -> list[str]:
    """The metrics of these names, or all that fit. Errors: UserError for one that is unknown or does not fit."""
    fitting = [name for name, metric in METRICS.items() if metric.fits(subject)]
    for name in names or ():
        if name not in METRICS:
            raise unknown("metric", name, METRICS)
        if name not in fitting:
            raise UserError(f"{name} is not for this model and data. Those that are: {', '.join(fitting) or 'none'}.")
    if not fitting:
        raise UserError(
            f"No metric is for this model: it has {', '.join(subject.inputs)}. `zoo verify` measures what it claims."
        )
    return list(names or fitting)


def evaluate(subject: Subject, names: Sequence[str], protocol: Protocol) -> dict[str, Score]:
    """The scores of these metrics by name; the protocol is completed for each."""
    found: dict[str, Score] = {}
    with Bar(total=len(names), unit="metrics") as bar:
        for name in names:
            bar.label(name)
            own = _completed(protocol, subject, METRICS[name])
            found |= {key: Score(e.value, e.low, e.high, own) for key, e in METRICS[name].take(subject).items()}
            bar.update()
    return found


def _completed(protocol: Protocol, subject: Subject, metric: Metric) -> Protocol:
    """With what this metric looked at."""
    real = len(subject.real[0])
    fake = subject.count if metric.signature == "sample" else real
    judged = metric.judged and len(subject.data.spec.shape) > 1
    return replace(protocol, real=real, fake=fake, evaluator=score.named(subject.evaluator) if judged else None)


def of_run(trained: Trained, judge: str | None, count: int, seed: int) -> Subject:
    """A run's last checkpoint as a subject."""
    inputs = {name: list(s.inputs) for name, s in trained.model.signatures().items()}
    return Subject(lambda name, given: trained.ask(name, **given), inputs, trained.data, judge, count, seed)


def protocol(command: str, model: str, config: RunConfig | None, data: Data, weights: str) -> Protocol:
    """Of any score of a model, with the configuration of its run where that is known; see `evaluate` for the rest."""
    return Protocol(
        command=command,
        model=" ".join([model, *(f"{k}={show(v)}" for k, v in config.parameters.items())]) if config else model,
        data=score.described(data),
        split="test",
        real=None,
        fake=None,
        range="[0, 1]",
        evaluator=None,
        seeds=(config.training.seed,) if config else (),
        checkpoint=weights,
        averaged=config.training.ema is not None if config else None,
        interval=score.OVER_EXAMPLES,
        versions=run.versions(),
    )
