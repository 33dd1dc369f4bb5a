"""TFRecords and Examples, against TensorFlow's own readers and writers."""

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from serving import InvalidRequest
from serving.protocol import examples, records


def written(path, payloads):
    with path.open("wb") as file:
        records.write(file, payloads)
    return path


@settings(deadline=None, derandomize=True)
@given(payloads=st.lists(st.binary(max_size=300), max_size=8))
def test_records_are_tensorflows(payloads, tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    ours = written(folder / "ours", payloads)
    with tf.io.TFRecordWriter(str(folder / "theirs")) as writer:
        for payload in payloads:
            writer.write(payload)
    assert ours.read_bytes() == (folder / "theirs").read_bytes()
    found = records.index(folder / "theirs")
    assert list(records.read(found)) == payloads
    assert list(records.read(reversed(found))) == payloads[::-1]
    assert list(records.scan(folder / "theirs")) == list(zip(found, payloads, strict=True))
    assert [str(a) for a in found] == [f"record {i} of {folder / 'theirs'}" for i in range(len(payloads))]


@pytest.mark.parametrize("spoil", ["cut", "length", "payload"])
def test_a_spoilt_record_is_found(spoil, tmp_path):
    path = written(tmp_path / "x", [b"one", b"another"])
    content = bytearray(path.read_bytes())
    content[{"cut": -1, "length": 19, "payload": 33}[spoil]] ^= 1
    path.write_bytes(content[:-1] if spoil == "cut" else content)
    reason = {"cut": "incomplete", "length": "length's checksum is wrong", "payload": "record's checksum is wrong"}
    for find in (records.scan, lambda path: records.read(records.index(path))):
        with pytest.raises(records.BrokenRecord, match=rf"breaks at byte 19 \(.*{reason[spoil]}") as caught:
            list(find(path))
        assert (caught.value.path, caught.value.offset) == (path, 19)
    whole = records.scan(path)
    assert next(whole) == (records.Address(path, 12, 3, 0), b"one")


@settings(deadline=None, derandomize=True)
@given(
    st.dictionaries(
        st.text(max_size=5),
        st.one_of(
            st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=4),
            st.lists(st.binary(max_size=6), min_size=1, max_size=4),
            st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=4),
        ),
        max_size=4,
    )
)
def test_examples_are_tensorflows(given_features):
    theirs = tf.train.Example()
    for name, values in given_features.items():
        kind = {int: "int64_list", bytes: "bytes_list", float: "float_list"}[type(values[0])]
        getattr(theirs.features.feature[name], kind).value.extend(values)
    ours = examples.example(given_features).SerializeToString()
    assert tf.train.Example.FromString(ours) == theirs
    back = examples.features(theirs.SerializeToString())
    assert {name: a.tolist() for name, a in back.items()} == given_features


def test_bytes_that_are_not_an_example():
    with pytest.raises(InvalidRequest, match=r"not a tf\.train\.Example"):
        examples.features(b"\xff\xff")
