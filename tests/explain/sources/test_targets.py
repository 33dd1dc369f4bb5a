"""Which number of a model is explained."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from explain import RequestError
from explain.sources.targets import resolve


@dataclass(frozen=True)
class Spec:
    shape: tuple[int | None, ...] | None
    dtype: str = "float32"


@dataclass(frozen=True)
class Signature:
    inputs: dict[str, Any]
    outputs: dict[str, Any]


IMAGES, VECTOR = Spec((None, 28, 28, 1)), Spec((None,))


def takes_images(*outputs, label=False):
    inputs = {"images": IMAGES} | ({"label": VECTOR} if label else {})
    return Signature(inputs, dict.fromkeys(outputs, VECTOR))


GAN = {
    "serving_default": Signature({"seed": VECTOR}, {"images": IMAGES}),
    "sample": Signature({"seed": VECTOR}, {"images": IMAGES}),
    "discriminate": takes_images("logits", "probability", "class_logits"),
}
CRITIC = {"discriminate": takes_images("score")}
CONDITIONAL = {"discriminate": takes_images("logits", label=True)}
TRANSLATION = {"discriminate_a": takes_images("logits"), "discriminate_b": takes_images("logits")}
AUTOENCODER = {
    "serving_default": takes_images("codes"),
    "encode": takes_images("codes"),
    "reconstruct": takes_images("error"),
}
PLAIN = {"serving_default": Signature({"pixels": IMAGES}, {"score": VECTOR})}


@pytest.mark.parametrize(
    ("model", "wanted", "label", "expected"),
    [
        (GAN, None, None, "discriminate:logits"),
        (GAN, "probability", None, "discriminate:probability"),
        (GAN, "discriminate:probability", None, "discriminate:probability"),
        (GAN, "class_logits[3]", None, "discriminate:class_logits[3]"),
        (CRITIC, None, None, "discriminate:score"),
        (CRITIC | {"other": takes_images("score")}, None, None, "discriminate:score"),
        ({"judge": takes_images("logits", "score")}, None, None, "judge:logits"),
        (CONDITIONAL, None, 3, "discriminate:logits"),
        (TRANSLATION, "discriminate_b:logits", None, "discriminate_b:logits"),
        (AUTOENCODER, "error", None, "reconstruct:error"),
        (AUTOENCODER, "codes[0]", None, "encode:codes[0]"),
        (PLAIN, None, None, "serving_default:score"),
    ],
)
def test_targets_by_name_and_by_default(model, wanted, label, expected):
    assert str(resolve(model, wanted, label)) == expected


@pytest.mark.parametrize(
    ("model", "wanted", "label", "message"),
    [
        (GAN, "logit", None, "no target 'logit'.*discriminate:class_logits, discriminate:logits"),
        (GAN, "sample:images", None, "no target 'sample:images'"),
        (AUTOENCODER, None, None, "no target 'logits or score'.*offers: encode:codes, reconstruct:error"),
        ({"sample": GAN["sample"]}, None, None, "no function of images"),
        (TRANSLATION, None, None, "ambiguous.*discriminate_a:logits, discriminate_b:logits"),
        (CONDITIONAL, None, None, "conditional.*label=0"),
        (GAN, None, 3, "takes no class; received label=3"),
        (GAN, "logits[x]", None, r"output\[k\].*received 'logits\[x\]'"),
        (GAN, "", None, r"output\[k\].*received ''"),
    ],
)
def test_targets_that_cannot_be_are_refused_with_the_choices(model, wanted, label, message):
    with pytest.raises(RequestError, match=message):
        resolve(model, wanted, label)


@pytest.mark.parametrize(
    ("wanted", "probability"),
    [
        ("logits", False),
        ("probability", True),
        ("class_logits[3]", False),
        ("class_probabilities[3]", True),
        ("class_probabilities[3]-class_probabilities[5]", False),
        ("softmax[0]", True),
    ],
)
def test_the_name_of_an_output_says_whether_it_is_a_probability(wanted, probability):
    outputs = ("logits", "probability", "class_logits", "class_probabilities", "softmax")
    assert resolve({"discriminate": takes_images(*outputs)}, wanted, None).probability is probability


def test_the_class_goes_to_every_image():
    images = np.zeros((5, 28, 28, 1), np.float32)
    tensors = resolve(CONDITIONAL, None, 3).inputs(images, 3)
    assert tensors["images"] is images
    assert tensors["label"].tolist() == [3] * 5
    assert tensors["label"].dtype == np.int64
    assert set(resolve(GAN, None, None).inputs(images, None)) == {"images"}


def test_images_go_to_the_input_whatever_its_name():
    images = np.zeros((1, 28, 28, 1), np.float32)
    assert set(resolve(PLAIN, None, None).inputs(images, None)) == {"pixels"}


@pytest.mark.parametrize(("shape", "fits"), [((28, 28, 1), True), ((28, 28, 3), False), ((32, 32, 1), False)])
def test_images_of_another_shape_are_refused(shape, fits):
    target, images = resolve(GAN, None, None), np.zeros((2, *shape), np.float32)
    if fits:
        assert target.inputs(images, None)["images"] is images
    else:
        with pytest.raises(RequestError, match=r"takes images of shape \(28, 28, 1\)"):
            target.inputs(images, None)


@pytest.mark.parametrize("shape", [None, (None, None, None, 3), (-1, -1, -1, 3)])
def test_unknown_sizes_take_any_image(shape):
    model = {"discriminate": Signature({"images": Spec(shape)}, {"logits": VECTOR})}
    images = np.zeros((2, 17, 40, 3), np.float32)
    assert resolve(model, None, None).inputs(images, None)["images"] is images


def test_a_column_is_picked():
    values = np.arange(12).reshape(4, 3)
    assert resolve(GAN, "class_logits[2]", None).pick(values).tolist() == [2, 5, 8, 11]
    assert resolve(GAN, "class_logits", None).pick(values) is values
    for wrong in (values, values[:, 0]):
        with pytest.raises(RequestError, match=r"There is no discriminate:class_logits\[3\]"):
            resolve(GAN, "class_logits[3]", None).pick(wrong)
