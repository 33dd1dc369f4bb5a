"""The one rule of versions, and the one atomic write."""

import os

import pytest

from serving.protocol import versions
from serving.protocol.files import write_whole


def put(folder, *files):
    for name in files or ("saved_model.pb",):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@pytest.mark.parametrize(
    ("name", "number"),
    [("7", 7), ("007", 7), ("+7", 7), (" 7 ", 7), ("-1", -1), ("0", 0), (str(2**63 - 1), 2**63 - 1)]
    + [(name, None) for name in ("", "v7", "7.0", "1e3", "1_000", "٣", str(2**63), ".7")],  # the digit is Arabic
)
def test_a_name_is_read_as_tf_serving_reads_it(name, number):
    assert versions.number(name) == number


def test_only_whole_versions_count(tmp_path):
    shards = ("variables/variables.index", "variables/variables.data-00000-of-00002")
    put(tmp_path / "2")
    put(tmp_path / "010", "saved_model.pb", *shards, "variables/variables.data-00001-of-00002")
    put(tmp_path / "11", "saved_model.pb", *shards)  # half copied: the second of two shards is missing
    put(tmp_path / "12", *shards)
    put(tmp_path / "notes")
    assert versions.numbered(tmp_path).keys() == {2, 10, 11, 12}
    assert versions.servable(tmp_path) == {2: tmp_path / "2", 10: tmp_path / "010"}
    assert versions.latest(tmp_path) == tmp_path / "010"
    assert versions.following(tmp_path) == 13


def test_without_a_whole_version_there_is_no_latest(tmp_path):
    put(tmp_path / "vae" / "1", "variables/variables.index")
    assert versions.latest(tmp_path / "vae") is None
    assert versions.latest(tmp_path / "nowhere") is None
    assert versions.following(tmp_path) == 1
    put(tmp_path / "gan" / "3")
    assert versions.models(tmp_path) == {"gan": tmp_path / "gan"}


@pytest.mark.parametrize("content", ["ä", "ä".encode(), lambda file: file.write("ä".encode())])
def test_a_file_is_replaced_as_a_whole(tmp_path, content):
    path = tmp_path / "made" / "a.txt"
    for _ in range(2):
        write_whole(path, content)
        assert path.read_bytes() == "ä".encode()
    assert os.listdir(path.parent) == ["a.txt"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    def fail(file):
        file.write(b"half")
        raise OSError("no space left")

    write_whole(tmp_path / "a.txt", "old")
    with pytest.raises(OSError, match="no space"):
        write_whole(tmp_path / "a.txt", fail)
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"a.txt": "old"}
