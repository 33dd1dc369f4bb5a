"""Every kind of discriminator, encoder and critic of the zoo, as small SavedModels: served, local, and attacked."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from explain import Local, Remote, RequestError, attack, explain, grid
from explain.quality import metrics
from explain.report import pictures

IMAGE, VIDEO, TABLE = (8, 8, 1), (4, 8, 8, 1), (6,)


def spec(shape, name="images"):
    return tf.TensorSpec((None, *shape), tf.float32, name)


LABEL, SEED = tf.TensorSpec((None,), tf.int64, "label"), tf.TensorSpec((None,), tf.int64, "seed")


class Zoo(tf.Module):
    """A network with a hidden layer for each signature of the families, in one model."""

    def __init__(self):
        super().__init__()
        rng = np.random.default_rng(0)
        for name, shape in {"image": IMAGE, "video": VIDEO, "table": TABLE}.items():
            size = int(np.prod(shape))
            setattr(self, name, tf.Variable(rng.normal(size=(size, 12)) / np.sqrt(size), dtype=tf.float32))
        self.out = tf.Variable(rng.normal(size=(12, 6)), dtype=tf.float32)

    def features(self, x, weights):
        return tf.nn.tanh(tf.reshape(x, (-1, weights.shape[0])) @ weights) @ self.out

    def signatures(self):
        def one(function, *specs):
            return tf.function(function, input_signature=list(specs)).get_concrete_function()

        def gan(images):
            y = self.features(images, self.image)
            return {"logits": y[:, 0], "probability": tf.sigmoid(y[:, 0]), "class_logits": y[:, 1:4], "codes": y[:, 4:]}

        def conditional(images, label):
            return {"logits": tf.gather(self.features(images, self.image), label, batch_dims=1)}

        def reconstruct(images):
            again = tf.reshape(tf.sigmoid(tf.tile(self.features(images, self.image)[:, :1], (1, 64))), (-1, *IMAGE))
            return {"images": again, "error": tf.reduce_mean((images - again) ** 2, axis=(1, 2, 3))}

        def log_likelihood(images, seed):
            draws = tf.map_fn(
                lambda s: tf.random.stateless_normal((6,), tf.stack([s, s])), seed, fn_output_signature=tf.float32
            )
            return {"log_likelihood": tf.reduce_sum(self.features(images, self.image) * draws, axis=1)}

        def critic(images):
            return {"score": self.features(images, self.image)[:, 5:6]}

        def videos(videos):
            return {"logits": self.features(videos, self.video)[:, 0]}

        def rows(rows):
            return {"score": self.features(rows, self.table)[:, 0]}

        def sample(seed):
            return {"videos": tf.tile(tf.cast(seed, tf.float32)[:, None, None, None, None] / 10, (1, *VIDEO))}

        return {
            "discriminate": one(gan, spec(IMAGE)),
            "discriminate_label": one(conditional, spec(IMAGE), LABEL),
            "discriminate_a": one(critic, spec(IMAGE)),
            "discriminate_b": one(critic, spec(IMAGE)),
            "discriminate_motion": one(videos, spec(VIDEO, "videos")),
            "reconstruct": one(reconstruct, spec(IMAGE)),
            "log_likelihood": one(log_likelihood, spec(IMAGE), SEED),
            "anomaly": one(rows, spec(TABLE, "rows")),
            "sample": one(sample, SEED),
        }


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder, zoo = tmp_path_factory.mktemp("models"), Zoo()
    tf.saved_model.save(zoo, str(folder / "zoo" / "1"), signatures=zoo.signatures())
    return folder


@pytest.fixture(scope="module")
def address(models, serving_process):
    with serving_process(models) as address:
        yield address


TARGETS = {
    "logits": IMAGE,
    "discriminate:probability": IMAGE,
    "class_logits[2]": IMAGE,
    "class_logits[2]-class_logits[0]": IMAGE,
    "codes[1]": IMAGE,
    "discriminate_label:logits": IMAGE,
    "discriminate_a:score": IMAGE,
    "discriminate_b:score": IMAGE,
    "discriminate_motion:logits": VIDEO,
    "reconstruct:error": IMAGE,
    "reconstruct:images[3,4,0]": IMAGE,
    "log_likelihood": IMAGE,
    "anomaly:score": TABLE,
}


def an_input(shape):
    return np.random.default_rng(1).random(shape).astype(np.float32)


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_is_explained_with_the_same_bytes_served_and_local(models, address, target):
    label = 3 if target == "discriminate_label:logits" else None
    x = an_input(TARGETS[target])
    with Remote(address, "zoo", target=target, label=label) as served:
        found = explain(served, x)
    local = Local(models, "zoo", target=target, label=label)
    assert found.calls <= 4, "remote"
    again = explain(local, x)
    assert again.coefficients.tobytes() == found.coefficients.tobytes()
    assert again == found, "in every field but the seconds"
    assert found.coefficients.any()
    assert found.target.endswith(target)


def test_a_margin_is_the_difference_of_its_explanations(models):
    x = an_input(IMAGE)
    margin, two, none = (
        explain(Local(models, "zoo", target=t), x, agreement=0)
        for t in ("class_logits[2]-class_logits[0]", "class_logits[2]", "class_logits[0]")
    )
    np.testing.assert_allclose(margin.coefficients, two.coefficients - none.coefficients, atol=1e-5)
    assert margin.f_x == pytest.approx(two.f_x - none.f_x, abs=1e-5)


@pytest.mark.parametrize(
    "target", ["class_logits[7]", "class_logits[0]-class_logits[7]", "codes[1,2]", "logits[0]-probability[0]"]
)
def test_indices_that_are_not_there_are_refused(models, target):
    with pytest.raises(RequestError, match=r"There is no discriminate|A target is output"):
        explain(Local(models, "zoo", target=target), an_input(IMAGE))


def test_a_video_model_draws_videos(models):
    sample = Local(models, "zoo", target="discriminate_motion:logits").sample(4)
    np.testing.assert_allclose(sample, np.full(VIDEO, 0.4), rtol=1e-6)


def test_an_attack_changes_the_decision_by_a_small_change_of_the_input(models):
    source, x = Local(models, "zoo"), an_input(IMAGE)
    found = attack(source, x)
    assert found.succeeded
    assert found.f_x * found.f_adversarial < 0
    assert 0 <= found.adversarial.min() <= found.adversarial.max() <= 1
    assert "moved discriminate:logits" in found.summary
    values = source.evaluate(np.stack([x, found.adversarial, (x + found.adversarial) / 2])).ravel()
    np.testing.assert_allclose(values[:2], [found.f_x, found.f_adversarial], atol=1e-5)
    assert values[2] * found.f_x > 0, "half of the change does not"
    rng = np.random.default_rng(0)
    steps = rng.normal(size=(200, *IMAGE))
    steps *= found.distance / np.linalg.norm(steps.reshape(200, -1), axis=1)[:, None, None, None]
    turned = source.evaluate(np.clip(x + steps, 0, 1).astype(np.float32)).ravel() * found.f_x < 0
    assert turned.mean() < 0.05, "random changes of that length do not"


@pytest.mark.parametrize(
    ("target", "shape"), [("discriminate_motion:logits", VIDEO), ("anomaly:score", TABLE)], ids=["video", "row"]
)
def test_an_attack_of_any_kind_of_input_is_drawn(models, target, shape):
    source, x = Local(models, "zoo", target=target), an_input(shape)
    turned = attack(source, x)
    assert turned.succeeded
    before, after = pictures.attacked(turned), pictures.attacked(replace(turned, adversarial=turned.x))
    assert before.startswith(b"\x89PNG")
    assert before != after, "the change is to be seen"


def test_an_attack_that_cannot_succeed_says_so(models):
    found = attack(Local(models, "zoo"), an_input(IMAGE), threshold=1e6)
    assert not found.succeeded
    assert "did not change the decision" in found.summary


def test_an_attack_of_a_server_is_refused(address):
    with Remote(address, "zoo") as served, pytest.raises(RequestError, match="Use Local with the model's folder"):
        attack(served, an_input(IMAGE))


def test_gradients_are_those_of_finite_differences(models):
    weights = Local(models, "zoo", target="class_logits[2]-class_logits[0]").gradients()
    x = an_input((1, *IMAGE))
    _, (slope,) = weights.gradient(x)
    for place in ((0, 0, 0), (3, 5, 0), (7, 7, 0)):
        up, down = x.copy(), x.copy()
        up[(0, *place)] += 0.01
        down[(0, *place)] -= 0.01
        numeric = (weights.values(up) - weights.values(down))[0] / 0.02
        assert slope[place] == pytest.approx(numeric, rel=0.02, abs=1e-3)


def test_shuffled_weights_give_another_explanation_and_leave_the_model_alone(models):
    source, x = Local(models, "zoo"), an_input(IMAGE)
    before = explain(source, x, map=grid(IMAGE, 4))
    shuffled = [explain(source.shuffled(seed), x, map=grid(IMAGE, 4)) for seed in range(12)]
    correlations = [metrics.spearman(before.coefficients, e.coefficients) for e in shuffled]
    assert abs(np.mean(correlations)) < 0.25
    others = [explain(source, x, map=grid(IMAGE, 4), seed=seed) for seed in range(1, 4)]
    assert min(metrics.spearman(before.coefficients, e.coefficients) for e in others) > 0.95
    assert explain(source, x, map=grid(IMAGE, 4)) == before


def test_quality_of_a_local_model_includes_its_weights(models):
    found = explain(Local(models, "zoo"), an_input(IMAGE), map=grid(IMAGE, 4), quality=True)
    assert -1 <= found.quality.sanity <= 1
    assert found.quality.vsi > 0.7
