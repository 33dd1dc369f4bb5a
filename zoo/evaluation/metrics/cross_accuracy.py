"""Whether samples with classes can replace data: a classifier is trained on one and tested on the other.

Ravuri & Vinyals, arXiv 1905.10887 (the classification accuracy score), and with its reverse Shmelkov et al., arXiv
1807.09499 (GAN-train and GAN-test).
"""

from typing import NamedTuple

import numpy as np
from sklearn.svm import SVC

from zoo.core.errors import UserError
from zoo.evaluation.metrics.bootstrap import Estimate, of_mean
from zoo.evaluation.metrics.rows import pair, rows

_ROWS = 5000
"""Training examples, at most: the classifier's time grows with their square."""


class Labelled(NamedTuple):
    """Examples (N, ...) and their classes, whole numbers (N,)."""

    x: np.ndarray
    labels: np.ndarray


class CrossAccuracy(NamedTuple):
    """Accuracies in [0, 1].

    Attributes:
      real: trained on real examples, tested on held-out real ones: what the classifier can reach.
      from_fake: trained on samples, tested on held-out real examples: lower where samples lack variety or quality.
      on_fake: trained on real examples, tested on samples: lower where samples are not of their class.
    """

    real: Estimate
    from_fake: Estimate
    on_fake: Estimate


def cross_accuracy(train: Labelled, test: Labelled, fake: Labelled, *, seed: int) -> CrossAccuracy:
    """The accuracies, given real examples for training and for testing, and samples.

    The classifier is a support vector machine with a Gaussian kernel (scikit-learn). It is trained on as many samples
    as real examples: the smaller number, 5,000 at most. Errors: UserError for samples of one class, and as
    `zoo.evaluation.metrics.rows.pair`.
    """
    pair(train.x, test.x, ("examples", "held-out examples"))
    pair(train.x, fake.x, ("examples", "samples"))
    random = np.random.default_rng(seed)
    real, made = (_some(part, min(len(train.x), len(fake.x), _ROWS), random) for part in (train, fake))
    from_real, from_fake = _trained(real), _trained(made)
    return CrossAccuracy(
        _accuracy(from_real, test, seed), _accuracy(from_fake, test, seed), _accuracy(from_real, fake, seed)
    )


def _some(part: Labelled, count: int, random: np.random.Generator) -> Labelled:
    chosen = random.permutation(len(part.x))[:count]
    return Labelled(part.x[chosen], part.labels[chosen])


def _trained(part: Labelled) -> SVC:
    if len(np.unique(part.labels)) < 2:
        raise UserError(f"All training examples are of class {part.labels[0]}; a classifier needs two. Take more.")
    return SVC(C=10).fit(rows(part.x, "examples"), part.labels)


def _accuracy(classifier: SVC, part: Labelled, seed: int) -> Estimate:
    return of_mean(classifier.predict(rows(part.x, "examples")) == part.labels, seed=seed)
