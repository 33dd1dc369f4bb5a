"""How every registered model must be built, and what its signatures must answer. A new variant gets this by existing.

The tests of a model share a small one, and the answers of its signatures: `made`, `answers`.
"""

from contextlib import contextmanager
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf
from harness import EVERY, build, spec_for, weights

from zoo.core.conditions import example_values
from zoo.core.model import wire_name


@pytest.fixture(scope="module")
def made(name, digits):
    """A small model of images of 28 x 28 pixels."""
    return build(name, spec_for(digits, (28, 28, 1)))


@EVERY
def test_normalisation_is_over_all_replicas(name, made):
    """Fact 10."""
    layers = [
        layer
        for n in made.networks
        for layer in n._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    assert all(layer.synchronized for layer in layers)
    dropouts = [x for n in made.networks for x in n._flatten_layers() if isinstance(x, keras.layers.Dropout)]
    assert not any(layer.rate for layer in dropouts)  # attention has one that drops nothing


@EVERY
def test_initial_weights_follow_from_the_seed_alone(name, digits, made):
    """An initializer settles its seed when it is made: one shared by layers or builds would repeat itself, or depend
    on what was imported first."""
    again = build(name, spec_for(digits, (28, 28, 1)))
    assert np.array_equal(weights(made), weights(again))
    layers = {id(layer): layer for m in (made, again) for n in m.networks for layer in n._flatten_layers()}.values()
    random = [
        layer.kernel_initializer for layer in layers if hasattr(getattr(layer, "kernel_initializer", None), "seed")
    ]
    assert len({id(initializer) for initializer in random}) == len(random) > 0


def wire(named, values):
    """Values by name, each with its feature, as tensors of a request or a reply."""
    tensors = {}
    for name, feature in named.items():
        tensors |= feature.to_wire(wire_name(name, feature), values[name])
    return tensors


class Answer(NamedTuple):
    """What a signature takes and gives, as the model sees it; and the reply to the same request of a client."""

    inputs: dict
    outputs: dict
    request: dict
    reply: dict


@pytest.fixture(scope="module")
def answers(made):
    """For each signature, of three rows."""
    found = {}
    for key, signature in made.signatures().items():
        inputs = {name: example_values(feature, 3) for name, feature in signature.inputs.items()}
        request = wire(signature.inputs, inputs)
        found[key] = Answer(inputs, signature.function(**inputs), request, signature.serve(request))
    return found


@EVERY
def test_signatures_have_the_batch_in_front(name, made, answers):
    for key, signature in made.signatures().items():
        answer = answers[key]
        assert answer.reply, key
        for side, specs in ((answer.request, signature.wire_inputs), (answer.reply, signature.wire_outputs)):
            assert side.keys() == specs.keys(), key
            assert all(
                specs[k].shape.is_compatible_with(v.shape) and specs[k].dtype == v.dtype for k, v in side.items()
            )
            assert {v.shape[0] for v in side.values()} == {3}, key
        for value in (v for k, v in answer.reply.items() if k in ("images", "videos")):
            free = any(None in i.shape for i in signature.inputs.values())
            assert value.shape[1:] == made.spec.shape or free, key
            assert 0 <= np.min(value) <= np.max(value) <= 1


@EVERY
def test_a_client_gets_what_the_networks_compute(name, made, answers):
    """signature.serve(to_wire(x)) == to_wire(signature.function(x)), of every signature; and errors of pictures are
    those of the pictures that the client has."""
    for key, signature in made.signatures().items():
        answer = answers[key]
        expected = wire(signature.outputs, answer.outputs)
        for output, value in answer.reply.items():
            np.testing.assert_allclose(value, expected[output], rtol=1e-3, atol=1e-4, err_msg=f"{key}:{output}")
        if "error" in answer.reply:
            off = np.square(np.subtract(answer.request["images"], answer.reply["images"])).mean(axis=(1, 2, 3))
            np.testing.assert_allclose(answer.reply["error"], off, rtol=1e-3, err_msg=key)


@contextmanager
def first_inputs(model, monkeypatch):
    """What the first call of one of the model's networks is given: a list of one array, filled within."""
    own, found, call = {id(n) for n in model.networks}, [], keras.Model.__call__

    def recorded(network, inputs, *args, **kwargs):
        if id(network) in own and not found:
            numbers = [np.ravel(x) for x in tf.nest.flatten(inputs) if x.dtype.is_floating]  # a label has no range
            found.append(np.concatenate(numbers))
        return call(network, inputs, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(keras.Model, "__call__", recorded)
        yield found


@EVERY
def test_networks_see_a_clients_lowest_and_highest_values_as_minus_one_and_one(name, made, answers, monkeypatch):
    for key, signature in made.signatures().items():
        feature = signature.inputs.get("x")
        if feature is None:
            continue
        (tensor,) = feature.wire(wire_name("x", feature))
        for value, extreme in ((feature.low, np.min), (feature.high, np.max)):
            request = {**answers[key].request, tensor: tf.fill(answers[key].request[tensor].shape, value)}
            with first_inputs(made, monkeypatch) as found:
                signature.serve(request)
            assert extreme(found[0]) == pytest.approx(-1 if value == feature.low else 1, abs=1e-5), key


@EVERY
def test_what_networks_generate_fills_the_range_on_the_wire(name, made, answers):
    """Of networks with such weights that each value is at one end or the other, nearly."""
    kept = [(v, v.numpy()) for n in made.averaged for v in n.variables]
    for variable, value in kept:
        if "kernel" in variable.path:
            variable.assign(30.0 * value)
    try:
        for key, signature in made.signatures().items():
            for name_, feature in signature.outputs.items():
                if feature.low is not None:
                    x = signature.serve(answers[key].request)[wire_name(name_, feature)].numpy()
                    share = (x - feature.low) / (feature.high - feature.low)
                    assert 0.0 <= share.min() < 0.05, key
                    assert 0.95 < share.max() <= 1.0, key
    finally:
        for variable, value in kept:
            variable.assign(value)


@EVERY
def test_a_sample_has_an_address(name, made):
    sample = made.signatures().get("sample")
    if sample is None:
        pytest.skip(f"{name} does not sample")

    def drawn(seeds):
        """For these seeds, all of them under the same conditions."""
        inputs = {key: tf.repeat(example_values(f, 2)[1:], len(seeds), axis=0) for key, f in sample.inputs.items()}
        return sample.function(**{**inputs, "seed": tf.constant(list(seeds), tf.int64)})["x"].numpy()

    together, alone = drawn(range(10)), drawn([7])
    assert together[7] == pytest.approx(alone[0], abs=1e-6)
    assert np.abs(together[7] - together[8]).max() > 1e-3
