"""tensorflow-datasets: a real set prepared here, and the mock of a well-known one."""

import sys

import numpy as np
import pytest

from zoo.core.features import Spec, image
from zoo.data import DataError, load

try:
    import tensorflow_datasets as tfds
except ImportError:
    tfds = None

needed = pytest.mark.skipif(tfds is None, reason="the extra tfds is not installed")
COUNT = 60


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("tfds")
        patch.setenv("TFDS_DATA_DIR", str(path))
        yield path


@pytest.fixture(scope="module")
def sets():
    """Builders, which tensorflow-datasets registers by their class's name."""

    class Stripes(tfds.core.GeneratorBasedBuilder):
        """Row i's pixels are all i; class i % 3."""

        VERSION = tfds.core.Version("1.0.0")
        BUILDER_CONFIGS = [tfds.core.BuilderConfig(name=n) for n in ("whole", "split", "sizes", "odd")]  # noqa: RUF012

        def _info(self):
            shape = (None, None, 1) if self.builder_config.name == "sizes" else (6, 5, 1)
            names = tfds.features.ClassLabel(names=["a", "b", "c"])
            features = {"image": tfds.features.Image(shape=shape), "label": names}
            return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

        def _split_generators(self, dl_manager):
            whole = {"train": self._generate_examples(range(COUNT))}
            own = {"train": self._generate_examples(range(40)), "test": self._generate_examples(range(40, COUNT))}
            odd = {"validation": self._generate_examples(range(COUNT))}
            return {"split": own, "odd": odd}.get(self.builder_config.name, whole)

        def _generate_examples(self, numbers):
            for i in numbers:
                yield i, {"image": np.full((6, 5, 1), i, np.uint8), "label": i % 3}

    return Stripes


def rows(split):
    arrays = split.arrays()
    x, labels = arrays["image"], arrays["label"]
    numbers = np.rint((x[:, 0, 0, 0] + 1) * 127.5).astype(int)
    assert np.array_equal(labels, numbers % 3)
    return numbers


@needed
def test_own_test_split(sets):
    made = load("tfds:stripes/split")
    assert made.spec == Spec.of(image(6, 5, 1), ("a", "b", "c"))
    assert (made.train.count, made.test.count) == (40, 20)
    assert set(rows(made.train)) == set(range(40))
    assert set(rows(made.test)) == set(range(40, COUNT))


@needed
def test_without_a_test_split_a_tenth_of_each_class_is_held_out(sets):
    made = load("tfds:stripes/whole")
    assert (made.train.count, made.test.count) == (54, 6)
    assert set(rows(made.train)) | set(rows(made.test)) == set(range(COUNT))
    assert np.bincount(rows(made.test) % 3).tolist() == [2, 2, 2]
    first, second = made.train.batches(10, seed=0, steps=5), made.train.batches(10, seed=0, first_step=2, steps=3)
    whole = [b["image"] for b in first.as_numpy_iterator()]
    assert np.array_equal(np.stack(whole[2:]), np.stack([b["image"] for b in second.as_numpy_iterator()]))
    assert len(np.unique(np.stack(whole)[..., 0, 0, 0])) == 50


@needed
def test_sizes(sets):
    with pytest.raises(DataError, match=r"images of tfds:stripes/sizes have different sizes\. Give one"):
        load("tfds:stripes/sizes")
    made = load("tfds:stripes/sizes", size=8, channels=3)
    assert made.spec.shape == (8, 8, 3)
    assert set(rows(made.test)) < set(range(COUNT))


@needed
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tfds:stripes/odd", r"tfds:stripes/odd has no split `train`; it has validation"),
        ("tfds:no_such_set", r"tensorflow-datasets has no 'no_such_set' .*list_builders"),
        ("tfds:imdb_reviews", r"tfds:imdb_reviews has no feature `image`; it has text, label\. Choose"),
    ],
)
def test_mistakes(sets, name, message):
    with pytest.raises(DataError, match=message):
        load(name)


@needed
@pytest.mark.parametrize(("name", "shape", "classes"), [("mnist", (28, 28, 1), 10), ("cifar10", (32, 32, 3), 10)])
def test_well_known_sets_by_their_mock(name, shape, classes):
    with tfds.testing.mock_data(num_examples=12):
        made = load(f"tfds:{name}")
        assert (made.spec.feature, made.spec.classes) == (image(*shape), classes)
        assert (made.train.count, made.test.count) == (12, 12)
        batch = next(iter(made.train.batches(12, seed=0)))
        arrays = made.train.arrays()
        x, labels = arrays["image"], arrays["label"]
    assert batch["image"].shape == (12, *shape)
    assert -1 <= x.min() < -0.5 < 0.5 < x.max() <= 1
    order = [int(np.argmin(np.abs(x - row).sum(axis=(1, 2, 3)))) for row in batch["image"].numpy()]
    assert sorted(order) == list(range(12))
    assert np.array_equal(batch["label"], labels[order])


def test_without_tensorflow_datasets(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(DataError, match=r"tfds:mnist needs tensorflow-datasets.*pip install 'menagerie-zoo\[tfds\]'"):
        load("tfds:mnist")
