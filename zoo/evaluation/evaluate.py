"""Scores of one model: every metric that fits it, each with its protocol."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from zoo.core.config import RunConfig
from zoo.core.errors import UserError, unknown
from zoo.core.features import Feature
from zoo.core.parameters import show
from zoo.data import Data
from zoo.display.progress import Bar
from zoo.evaluation.metrics.bootstrap import Estimate, of_mean
from zoo.evaluation.metrics.class_balance import class_balance
from zoo.evaluation.metrics.classifier_score import classifier_score
from zoo.evaluation.metrics.cross_accuracy import Labelled, cross_accuracy
from zoo.evaluation.metrics.frechet import frechet_unbiased
from zoo.evaluation.metrics.image_quality import psnr, ssim
from zoo.evaluation.metrics.kernel import kernel_distance
from zoo.evaluation.metrics.memorisation import memorisation
from zoo.evaluation.metrics.precision_recall import density_coverage, precision_recall
from zoo.evaluation.metrics.sliced_wasserstein import sliced_wasserstein
from zoo.evaluation.metrics.video import video_distances
from zoo.evaluation.models import EvaluatedModel, TrainedModel
from zoo.evaluation.protocol import OVER_EXAMPLES, Protocol, Score
from zoo.training import record

Measure = Callable[[EvaluatedModel], Mapping[str, Estimate]]

_ROWS = ("image", "table", "vector")
"""Kinds whose examples have few enough features for distances between distributions."""
_NUMBERS = (*_ROWS, "audio", "series", "volume")
"""Kinds whose examples are numbers of equal count."""


@dataclass(frozen=True)
class Metric:
    """One of METRICS.

    Attributes:
      signature: which the model must have.
      kinds: of the features that it is for.
      uses_evaluator: whether it depends on the evaluator, where the feature is an image or a video.
      conditional: whether samples must be of a given class.
      measure: gives the estimates by name.
    """

    signature: str
    kinds: tuple[str, ...]
    uses_evaluator: bool
    conditional: bool
    measure: Measure

    def fits(self, model: EvaluatedModel) -> bool:
        """Whether the model can be measured by it."""
        fitting = self.signature in model.inputs and model.spec.kind in self.kinds
        return fitting and (model.conditional or not self.conditional)


METRICS: dict[str, Metric] = {}
"""The metrics of `zoo evaluate` by name."""


def _metric(
    *kinds: str, signature: str = "sample", uses_evaluator: bool = False, conditional: bool = False
) -> Callable[[Measure], Measure]:
    def register(measure: Measure) -> Measure:
        METRICS[measure.__name__.strip("_")] = Metric(signature, kinds, uses_evaluator, conditional, measure)
        return measure

    return register


@_metric(*_ROWS, uses_evaluator=True)
def _frechet(m: EvaluatedModel) -> Mapping[str, Estimate]:
    return {"frechet": frechet_unbiased(*m.features, seed=m.seed)}


@_metric(*_ROWS, uses_evaluator=True)
def _kernel(m: EvaluatedModel) -> Mapping[str, Estimate]:
    return {"kernel": kernel_distance(*m.features, seed=m.seed)}


@_metric(*_ROWS, uses_evaluator=True)
def _precision_recall(m: EvaluatedModel) -> Mapping[str, Estimate]:
    return precision_recall(*m.features, seed=m.seed)._asdict()


@_metric(*_ROWS, uses_evaluator=True)
def _density_coverage(m: EvaluatedModel) -> Mapping[str, Estimate]:
    return density_coverage(*m.features, seed=m.seed)._asdict()


@_metric("image", uses_evaluator=True)
def _classifier_score(m: EvaluatedModel) -> Mapping[str, Estimate]:
    return {"classifier_score": classifier_score(m.evaluator.probabilities(m.samples), seed=m.seed)}


@_metric("image", uses_evaluator=True)
def _class_balance(m: EvaluatedModel) -> Mapping[str, Estimate]:
    # The evaluator classifies the real examples too: its mistakes are in both.
    real, fake = (m.evaluator.labels(x) for x in (m.real, m.samples))
    found = class_balance(real, fake, m.evaluator.classes, seed=m.seed)
    return {"class_balance": found.balance, "modes": found.modes, "class_entropy": found.entropy}


@_metric("image", uses_evaluator=True, conditional=True)
def _agreement(m: EvaluatedModel) -> Mapping[str, Estimate]:
    return {"agreement": of_mean(m.evaluator.labels(m.samples) == m.conditions["label"], seed=m.seed)}


@_metric(*_ROWS, conditional=True)
def _cross_accuracy(m: EvaluatedModel) -> Mapping[str, Estimate]:
    train, test = (Labelled(split[m.spec.target], split["label"]) for split in (m.train, m.test))
    found = cross_accuracy(train, test, Labelled(m.samples, m.conditions["label"]), seed=m.seed)
    return {"accuracy_real": found.real, "accuracy_from_fake": found.from_fake, "accuracy_on_fake": found.on_fake}


@_metric(*_NUMBERS)
def _sliced_wasserstein(m: EvaluatedModel) -> Mapping[str, Estimate]:
    return {"sliced_wasserstein": sliced_wasserstein(m.real, m.samples, seed=m.seed)}


@_metric(*_NUMBERS)
def _memorisation(m: EvaluatedModel) -> Mapping[str, Estimate]:
    found = memorisation(m.train[m.spec.target], m.real, m.samples, seed=m.seed)
    return {"closer_to_training": found.closer, "copies": found.copies}


@_metric("video", uses_evaluator=True)
def _video(m: EvaluatedModel) -> Mapping[str, Estimate]:
    return video_distances(m.real, m.samples, m.evaluator.features, seed=m.seed)._asdict()


@_metric("image", signature="reconstruct")
def _reconstruction(m: EvaluatedModel) -> Mapping[str, Estimate]:
    again = m.of_real("reconstruct")["x"]
    return {name: of_mean(f(m.real, again), seed=m.seed) for name, f in (("psnr", psnr), ("ssim", ssim))}


@_metric(*_NUMBERS, signature="log_likelihood")
def _log_likelihood(m: EvaluatedModel) -> Mapping[str, Estimate]:
    return {"log_likelihood": of_mean(m.of_real("log_likelihood")["log_likelihood"], seed=m.seed)}


def chosen(model: EvaluatedModel, names: Sequence[str] | None) -> list[str]:
    """The metrics of these names, or all that fit. Errors: UserError for one that is unknown or does not fit."""
    fitting = [name for name, metric in METRICS.items() if metric.fits(model)]
    for name in names or ():
        if name not in METRICS:
            raise unknown("metric", name, METRICS)
        if name not in fitting:
            raise UserError(
                f"{name} does not fit this model and its data. These metrics fit: {', '.join(fitting) or 'none'}."
            )
    if not fitting:
        raise UserError(
            f"No metric fits this model and its data (the model has {', '.join(model.inputs)}; the data is "
            f"{model.spec.feature.describe()}). `zoo verify` measures what the model's paper claims."
        )
    return list(names or fitting)


def evaluate(model: EvaluatedModel, names: Sequence[str], protocol: Protocol) -> dict[str, Score]:
    """The scores of these metrics by name; the protocol is completed for each."""
    found: dict[str, Score] = {}
    with Bar(total=len(names), unit="metrics") as bar:
        for name in names:
            bar.label(name)
            own = _completed(protocol, model, METRICS[name])
            found |= {key: Score(e.value, e.low, e.high, own) for key, e in METRICS[name].measure(model).items()}
            bar.update()
    return found


def _completed(protocol: Protocol, model: EvaluatedModel, metric: Metric) -> Protocol:
    real = len(model.real)
    fake = model.count if metric.signature == "sample" else real
    uses = metric.uses_evaluator and model.spec.kind in ("image", "video")
    return replace(protocol, real=real, fake=fake, evaluator=model.evaluator.identity if uses else None)


def of_run(trained: TrainedModel, evaluator: str | None, count: int, seed: int) -> EvaluatedModel:
    """The model of a run's last checkpoint."""
    inputs = {name: list(s.wire_inputs) for name, s in trained.model.signatures().items()}
    return EvaluatedModel(trained.serve, inputs, trained.data, evaluator, count, seed)


def protocol(command: str, model: str, config: RunConfig | None, data: Data, weights: str) -> Protocol:
    """The protocol of any score of a model; `evaluate` completes it for each metric.

    Args:
      config: of the model's run; None where it is not known.
      weights: which weights the model has.
    """
    return Protocol(
        command=command,
        model=" ".join([model, *(f"{k}={show(v)}" for k, v in config.parameters.items())]) if config else model,
        data=described(data),
        split="test",
        real=None,
        fake=None,
        range=value_range(data.spec.feature),
        evaluator=None,
        seeds=(config.training.seed,) if config else (),
        checkpoint=weights,
        averaged=config.training.ema is not None if config else None,
        interval=OVER_EXAMPLES,
        versions=record.versions(),
    )


def described(data: Data) -> str:
    """The name and the shape of a data set: `digits, 8x8x1`."""
    return f"{data.name}, {'x'.join('?' if side is None else str(side) for side in data.spec.feature.shape)}"


def value_range(feature: Feature) -> str:
    """The range of a feature's values on the wire: `[0, 1]`."""
    return "its own units" if feature.low is None else f"[{feature.low:g}, {feature.high:g}]"
