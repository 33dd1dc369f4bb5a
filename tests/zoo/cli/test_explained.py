"""Every discriminator and critic of the zoo, an autoencoder's error and a VAE's likelihood, explained as an analyst has
them: exported, and behind the embedded server."""

import numpy as np
import pytest
import tensorflow as tf
from smaller import smaller

from explain import Local, Remote, explain
from serving.models.store import StoreConfig
from serving.server.config import ServerConfig
from serving.server.embedded import Server
from zoo import data
from zoo.core import registry
from zoo.core.config import RunConfig
from zoo.core.features import to_unit
from zoo.export import savedmodel as export
from zoo.training import run

GANS = [name for name, recipe in registry.recipes().items() if recipe.family == "gan"]
HEADS = {
    "acgan": (
        "discriminate:class_logits[3]-class_logits[5]",
        lambda y: y["class_logits"][0, 3] - y["class_logits"][0, 5],
    ),
    "infogan": ("discriminate:category_logits[2]", lambda y: y["category_logits"][0, 2]),
    "undercomplete": ("reconstruct:error", lambda y: y["error"][0]),
    "vae": ("log_likelihood:log_likelihood", lambda y: y["log_likelihood"][0]),
}
"""Targets besides logits and scores, and how each is read off a signature's outputs."""


@pytest.mark.slow
@pytest.mark.parametrize("name", [*GANS, "undercomplete", "vae"])
def test_is_explained_the_same_by_a_server_and_from_its_folder(name, small_data, tmp_path):
    recipe = registry.get(name)
    made, size = small_data(recipe.data)
    training = recipe.config(epochs=1, batch_size=128, jit="off")
    run.train(RunConfig(name, made, size, parameters=smaller(recipe), training=training), tmp_path / "run")
    export.export(tmp_path / "run", tmp_path / "models")
    signatures = run.restore(tmp_path / "run")[0].signatures()
    found = data.load(made, size=size)
    x = np.asarray(to_unit(found.test.arrays(1)[found.spec.target][0]), np.float32)
    judged = {key: judge(s, x) for key, s in signatures.items() if key.startswith("discriminate")}
    wanted = {f"{key}:{o}": y[o].item() for key, y in judged.items() for o in ("logits", "score") if o in y}
    if name in HEADS:
        target, read = HEADS[name]
        wanted[target] = read(judge(signatures[target.partition(":")[0]], x))
    assert wanted, "it has something to be explained"
    server = Server(ServerConfig(StoreConfig(tmp_path / "models"), port=0))
    try:
        for target, f_x in wanted.items():
            label = 1 if "label" in signatures[target.partition(":")[0]].inputs else None
            options = {"target": target, "label": label}
            with (
                Remote(server.address, name, **options) as served,
                Local(tmp_path / "models", name, **options) as local,
            ):
                found, same = explain(served, x), explain(local, x)
            assert (found.target, found.version) == (target, 1)
            assert found.f_x == pytest.approx(f_x, rel=1e-4, abs=1e-5)
            assert found.coefficients.any()
            assert found.calls <= 4
            assert found == same
    finally:
        server.stop(0)


def judge(signature, x):
    """What the model itself says of x, of class 1 and with seed 0 where it asks."""
    given = {"label": np.ones(1, np.int64), "seed": np.zeros(1, np.int64)}
    reply = signature.serve({key: tf.constant(given.get(key, x[None])) for key in signature.wire_inputs})
    return {key: value.numpy() for key, value in reply.items()}
