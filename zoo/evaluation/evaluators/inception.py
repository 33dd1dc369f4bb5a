"""Inception as an evaluator, where its weights can be fetched. Szegedy et al., arXiv 1512.00567.

The weights are those of keras.applications and not of the original FID: its scores can be compared with each other, but
not with those of papers.
"""

import keras
from keras import layers

from zoo.core.errors import UserError
from zoo.evaluation.evaluators.evaluator import Evaluator, Record

SHAPE = (299, 299, 3)
_CLASSES = 1000


def inception() -> Evaluator:
    """Features (..., 2048) of the last pooling, logits of ImageNet's 1,000 classes. Errors: UserError offline."""
    try:
        network = keras.applications.InceptionV3(weights="imagenet", classifier_activation=None)
    except Exception as error:  # keras raises a bare Exception where a download fails
        raise UserError(
            f"Inception's weights could not be fetched ({error}). Connect to a network once, or train an evaluator "
            "on your own labelled data: zoo evaluator train DATA --out FILE.npz."
        ) from None
    both = keras.Model(network.input, [network.layers[-2].output, layers.Identity()(network.output)])
    names = tuple(str(i) for i in range(_CLASSES))
    return Evaluator(Record("inception", SHAPE, names, "keras.applications.InceptionV3"), both)
