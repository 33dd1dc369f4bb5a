"""Remote with a fake client; folders of versions."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from explain import Remote, RequestError, explain
from explain.sources.models import find_version

IMAGES, VECTOR = SimpleNamespace(shape=(None, 8, 8, 1), dtype="float32"), SimpleNamespace(shape=(None,), dtype="int64")
WEIGHTS = np.linspace(-1, 1, 64).reshape(8, 8, 1)


@dataclass
class FakeClient:
    """Serves one conditional GAN from memory; version 7 unless another is named."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    latest: int = 7

    def metadata(self, model, version=None):
        signatures = {
            "discriminate": SimpleNamespace(
                inputs={"images": IMAGES, "label": VECTOR}, outputs={"logits": VECTOR, "class_logits": VECTOR}
            ),
            "sample": SimpleNamespace(inputs={"seed": VECTOR, "label": VECTOR}, outputs={"images": IMAGES}),
        }
        return SimpleNamespace(version=version or self.latest, signatures=signatures)

    def predict(self, model, inputs, *, signature, version, outputs):
        self.calls.append({"model": model, "signature": signature, "version": version, "outputs": outputs} | inputs)
        self.latest += 1
        if signature == "sample":
            return {"images": (inputs["seed"] + inputs["label"])[:, None, None, None] * np.full((8, 8, 1), 0.01)}
        logits = (inputs["images"] * WEIGHTS).sum((1, 2, 3)) * (1 + inputs["label"])
        return {"logits": logits.astype(np.float32), "class_logits": np.stack([0 * logits, logits], 1)}


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).random((8, 8, 1)).astype(np.float32)


def test_one_version_serves_the_whole_explanation(x):
    client = FakeClient()
    found = explain(Remote(client, "gan", label=2, chunk=100), x, samples=299, agreement=0)
    assert found.version == 7
    assert (found.model, found.target) == ("gan", "discriminate:logits")
    assert found.calls == len(client.calls) == 1 + 3
    for call in client.calls:
        assert (call["model"], call["signature"], call["version"]) == ("gan", "discriminate", 7)
        assert call["outputs"] == ["logits"]
        assert call["label"].tolist() == [2] * len(call["images"])
        assert call["images"].dtype == np.float32
    assert [len(call["images"]) for call in client.calls] == [1, 100, 100, 100]


def test_the_given_version_and_target_are_used(x):
    client = FakeClient()
    source = Remote(client, "gan", label=0, version=3, target="class_logits[1]")
    found = explain(source, x, samples=100, alpha=1e-9)
    assert {call["version"] for call in client.calls} == {3}
    assert found.target == "discriminate:class_logits[1]"
    np.testing.assert_allclose(found.f_x, (x * WEIGHTS).sum(), rtol=1e-5)
    assert explain(Remote(client, "gan", label=0, target="class_logits[0]"), x, samples=100).trust == "constant"


def test_an_image_of_another_shape_is_refused_before_any_call():
    client = FakeClient()
    with pytest.raises(RequestError, match=r"takes images of shape \(8, 8, 1\)"):
        explain(Remote(client, "gan", label=0), np.full((9, 9, 1), 0.5))
    assert client.calls == []


def test_the_models_own_sample_can_be_explained():
    client = FakeClient()
    with Remote(client, "gan", label=2) as source:
        assert source.shape == (8, 8, 1)
        image = source.sample(5)
    np.testing.assert_allclose(image, np.full((8, 8, 1), 0.07), atol=1e-7)
    assert image.dtype == np.float32
    assert client.calls[0]["seed"].dtype == np.int64


@pytest.fixture
def models(tmp_path):
    for name, version in (("gan", 2), ("gan", 10), ("vae", 1), ("gan", "junk"), ("half", 1)):
        (tmp_path / name / str(version)).mkdir(parents=True)
        if name != "half":
            (tmp_path / name / str(version) / "saved_model.pb").touch()
    (tmp_path / "gan" / "11").mkdir()  # a version that is still being copied
    return tmp_path


@pytest.mark.parametrize(
    ("path", "model", "version", "expected"),
    [
        ("", "gan", None, "gan/10"),
        ("gan", None, None, "gan/10"),
        ("gan", None, 2, "gan/2"),
        ("gan/2", None, None, "gan/2"),
        ("gan/2", None, 2, "gan/2"),
        ("", "vae", 1, "vae/1"),
    ],
)
def test_versions_are_found(models, path, model, version, expected):
    assert find_version(models / path, model, version) == (models / expected).resolve()


@pytest.mark.parametrize(
    ("path", "model", "version", "message"),
    [
        ("nowhere", None, None, "no folder"),
        ("", None, None, "Name one of its models: gan, vae"),
        ("", "wae", None, "Name one of its models: gan, vae"),
        ("half", None, None, "Export a model there first"),
        ("gan", None, 3, "no version 3. It has: 2, 10"),
        ("gan/2", None, 10, "should have 10 for its name"),
        ("gan/junk", None, None, "should have a number for its name"),
    ],
)
def test_folders_without_the_version_say_what_there_is(models, path, model, version, message):
    with pytest.raises(RequestError, match=message):
        find_version(models / path, model, version)
