"""Every recipe keeps the contract of zoo.core.model: its losses and signatures, on small data of a kind that fits."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from smaller import smaller

from zoo.core import registry
from zoo.core.columns import Column
from zoo.core.features import Spec, audio, image, label, series, table, vector, video, volume
from zoo.core.model import Metric, wire_name
from zoo.core.random import Seed
from zoo.gans.family import Adversarial
from zoo.vaes.family import VAE
from zoo.vaes.vq_vae import VQVAE

COLUMNS = [Column("age", high=90.0, whole=True), Column("colour", "category", categories=("red", "blue", "green"))]
SPECS = {
    "image": Spec.of(image(8, 8, 1), 10),
    "video": Spec.of(video(4, 8, 8, 1), 10),
    "volume": Spec.of(volume(4, 4, 4), 10),
    "audio": Spec.of(audio(16), 10),
    "series": Spec.of(series(6, 2, -3.0, 5.0), 10),
    "table": Spec.of(table(COLUMNS), ("no", "yes")),
    "vector": Spec.of(vector(5), 10),
    "domains": Spec({"a": image(8, 8, 1), "b": image(8, 8, 1)}, ("a", "b")),
}
COUNT = 4
FITTING = [(name, kind) for name, r in registry.recipes().items() for kind in SPECS if not r.misfit(SPECS[kind])]
RARE = {"video", "volume", "audio", "series", "vector"}
CHECKED = [
    (name, kind)
    for name, kind in FITTING
    if kind not in RARE or name in ("undercomplete", "conditional_vae", "cgan", "dvdgan")
]
"""All recipes on the usual kinds; on the others, which differ by their shape alone, one of each family."""


def value(feature, count=COUNT):
    """Random examples of a feature, as a model sees them."""
    shape = (count, *(side or 8 for side in feature.shape))
    if feature.dtype == "int64":
        return tf.random.stateless_uniform(shape, (1, 2), 0, len(feature.names) or 2, tf.int64)
    return tf.random.stateless_uniform(shape, (0, 1), -1, 1)


@functools.cache
def built(name, kind):
    recipe = registry.get(name)
    parameters = smaller(recipe)
    if kind != "image" and recipe.parameters.get("networks") and recipe.kinds == registry.ANY_KIND:
        parameters["networks"] = "mlp"
    keras.utils.set_random_seed(0)
    return recipe(SPECS[kind], **parameters)


@pytest.mark.parametrize(("name", "kind"), CHECKED)
def test_losses_are_finite_and_one_for_each_example(name, kind):
    model = built(name, kind)
    batch, seed = {name: value(f) for name, f in model.spec.features.items()}, Seed.of(tf.range(COUNT))
    for player in model.players:
        for loss in (player.loss, player.lazy):
            for key, term in (loss(batch, seed) if loss else {}).items():
                term = term.value if isinstance(term, Metric) else term
                assert np.all(np.isfinite(term)), (player.name, key)
                if term.shape.rank and not key.endswith("accuracy"):
                    assert term.shape[0] % COUNT == 0, (player.name, key)
    shown = model.preview(batch, seed)
    assert shown.shape[1:] == model.spec.shape
    assert np.abs(shown).max() <= 1


@pytest.mark.parametrize(("name", "kind"), CHECKED)
def test_signatures_answer_what_they_promise(name, kind):
    for key, signature in built(name, kind).signatures().items():
        request = {}
        for given, feature in signature.inputs.items():
            request |= feature.to_wire(wire_name(given, feature), value(feature))
        assert request.keys() == signature.wire_inputs.keys(), key
        reply = signature.serve(request)
        assert reply.keys() == signature.wire_outputs.keys(), key
        for output, spec in signature.wire_outputs.items():
            assert spec.is_compatible_with(reply[output]), (key, output)
            assert reply[output].shape[0] == COUNT, (key, output)
            if output in ("images", "videos") or output.startswith("coarse_"):
                assert 0 <= np.min(reply[output]) <= np.max(reply[output]) <= 1, (key, output)


@pytest.mark.parametrize("name", registry.recipes())
def test_every_recipe_fits_some_data_and_says_so_of_other_data(name):
    fitting = {kind for n, kind in FITTING if n == name}
    assert fitting
    assert fitting != SPECS.keys()
    if registry.get(name).condition:
        unlabelled = Spec.of(SPECS[min(fitting)].feature)
        assert "conditioned on a feature 'label'" in registry.get(name).misfit(unlabelled)


def test_data_without_labels_is_enough_for_unconditional_models():
    for name, recipe in registry.recipes().items():
        spec = SPECS["image"] if not recipe.misfit(SPECS["image"]) else None
        if spec is None or recipe.condition:
            continue
        keras.utils.set_random_seed(0)
        model = recipe(Spec.of(spec.feature), **smaller(recipe))
        batch = {"image": value(spec.feature)}
        for player in model.players:
            assert player.loss(batch, Seed.of(tf.range(COUNT))), name
        for signature in model.signatures().values():
            assert "label" not in signature.inputs


def test_label_feature_keeps_the_datas_class_names():
    spec = Spec.of(image(8, 8, 1), ("cat", "dog"))
    for name in ("conditional_vae", "cgan", "acgan"):
        model = registry.get(name)(spec, **smaller(registry.get(name)))
        assert model.signatures()["sample"].inputs["label"] == label(("cat", "dog"))


@pytest.mark.parametrize("name", [n for n, r in registry.recipes().items() if r.family in ("autoencoder", "vae")])
def test_the_error_is_that_of_the_images_served_and_codes_decode_to_them(name):
    signatures = built(name, "image").signatures()
    request = {k: value(f) for k, f in signatures["reconstruct"].inputs.items() if k != "x"}
    images = tf.random.stateless_uniform((COUNT, 8, 8, 1), (3, 4))
    reply = signatures["reconstruct"].serve({"images": images, **request})
    np.testing.assert_allclose(reply["error"], np.mean((reply["images"] - images) ** 2, axis=(1, 2, 3)), rtol=1e-4)
    encoded = signatures["encode"].serve({"images": images, **request})
    codes = encoded["codes"] if "codes" in encoded else encoded["mean"]
    if name != "flow_vae":  # its code is where the flow takes the mean
        again = signatures["decode"].serve({"codes": codes, **request})
        np.testing.assert_allclose(again["images"], reply["images"], atol=1e-5)


def coded(model, x, label):
    """An encoder's codes, and a decoder's logits of these: without signatures."""
    if isinstance(model, VAE):
        mean, _ = model.posterior.moments(model.encoder(model.given(x, label)))
        return mean, model.decoder(model.given(mean, label))
    codes = model.encoder(x)
    if isinstance(model, VQVAE):
        return model.nearest(codes), model.decoder(model.embed(model.nearest(codes)))
    return codes, model.decoder(codes)


@pytest.mark.parametrize("name", [n for n, r in registry.recipes().items() if r.family in ("autoencoder", "vae")])
def test_signatures_are_the_networks_on_images_of_0_to_1(name):
    model = built(name, "image")
    images, label = tf.random.stateless_uniform((COUNT, 8, 8, 1), (3, 4)), tf.range(COUNT, dtype=tf.int64)
    codes, logits = coded(model, 2.0 * images - 1.0, label)
    request = {"images": images, "codes": codes, "label": label}
    served = {
        key: signature.serve({k: request[k] for k in signature.wire_inputs})
        for key, signature in model.signatures().items()
        if key in ("encode", "decode")
    }
    np.testing.assert_allclose(next(iter(served["encode"].values())), codes, atol=1e-5)
    np.testing.assert_allclose(served["decode"]["images"], tf.sigmoid(logits), atol=1e-5)


@pytest.mark.parametrize("name", [n for n, kind in CHECKED if kind == "image" and registry.get(n).family == "gan"])
def test_discriminators_take_what_clients_send(name):
    """Images of 0 to 1 on the wire are -1 to 1 inside."""
    model = built(name, "image")
    signature = model.signatures()["discriminate"]
    request = {k: value(f) for k, f in signature.inputs.items() if k != "x"}
    images = tf.random.stateless_uniform((COUNT, 8, 8, 1), (3, 4))
    expected = signature.function(x=2.0 * images - 1.0, **request)
    for output, found in signature.serve({"images": images, **request}).items():
        np.testing.assert_allclose(found, expected[output], atol=1e-5)
    if isinstance(model, Adversarial):
        c = model.condition.encode(**request) if request else None
        logits, _ = model.discriminated(2.0 * images - 1.0, c)
        np.testing.assert_allclose(next(iter(expected.values())), logits, atol=1e-5)
    if "generate" in model.signatures():
        z = tf.random.stateless_normal((COUNT, model.latent), (1, 2))
        given = {k: value(f) for k, f in model.signatures()["generate"].inputs.items() if k != "latents"}
        served = model.signatures()["generate"].serve({"latents": z, **given})["images"]
        c = model.condition.encode(**given)
        network = model.G(model.noise_scale * z if c is None else tf.concat([model.noise_scale * z, c], axis=1))
        np.testing.assert_allclose(served, (network + 1) / 2, atol=1e-5)
