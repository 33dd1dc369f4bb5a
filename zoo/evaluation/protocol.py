"""The metrics of `zoo evaluate` by name: which model and data each is for, and what it takes of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zoo.core.model import from_wire
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
from zoo.evaluation.subject import Subject

Take = Callable[[Subject], Mapping[str, Estimate]]
TABLE, IMAGES, VIDEOS = 1, 3, 4
"""The rank of an example's shape."""


@dataclass(frozen=True)
class Metric:
    """One of them.

    Attributes:
      signature: that the model must have.
      ranks: of the examples that it is for.
      judged: whether the evaluator is asked, of images and videos.
      labelled: whether samples must be of a class that was asked for.
      take: the estimates by name.
    """

    signature: str
    ranks: tuple[int, ...]
    judged: bool
    labelled: bool
    take: Take

    def fits(self, subject: Subject) -> bool:
        """Whether it can be taken."""
        fitting = self.signature in subject.inputs and len(subject.data.spec.shape) in self.ranks
        return fitting and (subject.conditional or not self.labelled)


METRICS: dict[str, Metric] = {}


def _metric(
    *ranks: int, signature: str = "sample", judged: bool = False, labelled: bool = False
) -> Callable[[Take], Take]:
    def register(take: Take) -> Take:
        METRICS[take.__name__.strip("_")] = Metric(signature, ranks, judged, labelled, take)
        return take

    return register


@_metric(TABLE, IMAGES, judged=True)
def _frechet(s: Subject) -> Mapping[str, Estimate]:
    return {"frechet": frechet_unbiased(*s.features, seed=s.seed)}


@_metric(TABLE, IMAGES, judged=True)
def _kernel(s: Subject) -> Mapping[str, Estimate]:
    return {"kernel": kernel_distance(*s.features, seed=s.seed)}


@_metric(TABLE, IMAGES, judged=True)
def _precision_recall(s: Subject) -> Mapping[str, Estimate]:
    return precision_recall(*s.features, seed=s.seed)._asdict()


@_metric(TABLE, IMAGES, judged=True)
def _density_coverage(s: Subject) -> Mapping[str, Estimate]:
    return density_coverage(*s.features, seed=s.seed)._asdict()


@_metric(IMAGES, judged=True)
def _classifier_score(s: Subject) -> Mapping[str, Estimate]:
    return {"classifier_score": classifier_score(s.evaluator.probabilities(s.fake), seed=s.seed)}


@_metric(IMAGES, judged=True)
def _class_balance(s: Subject) -> Mapping[str, Estimate]:
    # The evaluator names the real ones' classes too: what it mistakes, it mistakes in both.
    real, fake = (s.evaluator.labels(x) for x in (s.real[0], s.fake))
    found = class_balance(real, fake, s.evaluator.classes, seed=s.seed)
    return {"class_balance": found.balance, "modes": found.modes, "class_entropy": found.entropy}


@_metric(IMAGES, judged=True, labelled=True)
def _agreement(s: Subject) -> Mapping[str, Estimate]:
    return {"agreement": of_mean(s.evaluator.labels(s.fake) == s.labels, seed=s.seed)}


@_metric(TABLE, IMAGES, labelled=True)
def _cross_accuracy(s: Subject) -> Mapping[str, Estimate]:
    found = cross_accuracy(Labelled(*s.train), Labelled(*s.real), Labelled(s.fake, s.labels), seed=s.seed)
    return {"accuracy_real": found.real, "accuracy_from_fake": found.from_fake, "accuracy_on_fake": found.on_fake}


@_metric(TABLE, IMAGES)
def _sliced_wasserstein(s: Subject) -> Mapping[str, Estimate]:
    return {"sliced_wasserstein": sliced_wasserstein(s.real[0], s.fake, seed=s.seed)}


@_metric(TABLE, IMAGES)
def _memorisation(s: Subject) -> Mapping[str, Estimate]:
    found = memorisation(s.train[0], s.real[0], s.fake, seed=s.seed)
    return {"closer_to_training": found.closer, "copies": found.copies}


@_metric(VIDEOS, judged=True)
def _video(s: Subject) -> Mapping[str, Estimate]:
    return video_distances(s.real[0], s.fake, s.evaluator.features, seed=s.seed)._asdict()


@_metric(IMAGES, signature="reconstruct")
def _reconstruction(s: Subject) -> Mapping[str, Estimate]:
    again = from_wire(s.of_real("reconstruct")["images"])
    return {name: of_mean(f(s.real[0], again), seed=s.seed) for name, f in (("psnr", psnr), ("ssim", ssim))}


@_metric(TABLE, IMAGES, signature="log_likelihood")
def _log_likelihood(s: Subject) -> Mapping[str, Estimate]:
    return {"log_likelihood": of_mean(s.of_real("log_likelihood")["log_likelihood"], seed=s.seed)}
