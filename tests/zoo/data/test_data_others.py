"""Tables, sounds, MIDI, texts and TFRecords of one's own."""

import json
import sys

import numpy as np
import pytest

from serving.protocol import examples, records
from zoo.data import DataError, load
from zoo.data.sources import midi

RNG = np.random.default_rng(0)

# Tables.

ROWS = 40
COLUMNS = {
    "age": [20 + i for i in range(ROWS)],
    "job": ["nurse", "pilot"] * (ROWS // 2),
    "wage": [1000.5 + 10 * i for i in range(ROWS)],
    "since": [f"20{10 + i % 20}-0{1 + i % 9}-15" for i in range(ROWS)],
    "member": ["yes", "no"] * (ROWS // 2),
}


@pytest.fixture
def table(tmp_path):
    """Writes columns to a file of this ending and gives its path."""

    def write(ending=".csv", **columns):
        pandas = pytest.importorskip("pandas")
        frame = pandas.DataFrame(columns or COLUMNS)
        path = tmp_path / f"a{ending}"
        if ending == ".parquet":
            frame.to_parquet(path)
        else:
            frame.to_csv(path, index=False, sep="\t" if ending == ".tsv" else ",")
        return str(path)

    return write


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet"])
def test_a_tables_columns_have_types(table, ending):
    made = load(table(ending))
    columns = made.spec.feature.columns
    assert [(c.name, c.type) for c in columns] == [
        ("age", "number"), ("job", "category"), ("wage", "number"), ("since", "date"), ("member", "flag"),
    ]  # fmt: skip
    assert columns[0].whole
    assert not columns[2].whole
    assert columns[1].categories == ("nurse", "pilot")
    assert made.spec.shape == (6,)
    assert (columns[0].low, columns[0].high) == (20, 58)  # of the training rows: every tenth is kept for testing
    x = made.train.arrays()["table"]
    assert (x.min(), x.max()) == (-1, 1)
    back = made.spec.feature.to_wire("table", made.test.arrays()["table"])
    assert back["age"].numpy().tolist() == COLUMNS["age"][9::10]
    assert back["job"].numpy().tolist() == [b"pilot"] * 4
    assert back["since"].numpy().tolist() == [text.encode() for text in COLUMNS["since"][9::10]]
    assert back["wage"].numpy() == pytest.approx(COLUMNS["wage"][9::10])
    assert back["member"].numpy().tolist() == [False] * 4


def test_types_are_overridden_and_columns_left_out_by_the_file_beside(table, tmp_path):
    path = table(code=[1, 2, 3, 1] * 10, name=[f"n{i}" for i in range(40)], kind=["a", "b"] * 20, x=list(range(40)))
    (tmp_path / "a.features.json").write_text(
        json.dumps({"columns": {"code": "category"}, "omit": ["name"], "label": "kind"})
    )
    made = load(path)
    assert [(c.name, c.type) for c in made.spec.feature.columns] == [("code", "category"), ("x", "number")]
    assert made.spec.feature.columns[0].categories == ("1", "2", "3")
    assert made.spec.features["label"].names == ("a", "b")
    assert made.notes.left_out == ("column 'name'",)


def test_a_folder_of_tables_is_one_table(table, tmp_path):
    for name in ("b.csv", "c.csv"):
        (tmp_path / name).write_text("x,y\n" + "1,2\n" * 10)
    assert load(str(tmp_path)).train.count == 18
    (tmp_path / "c.csv").write_text("x,z\n1,2\n")
    with pytest.raises(DataError, match=r"b\.csv and .*c\.csv have different columns"):
        load(str(tmp_path))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": [1, None, 3], "b": [1, 2, 3]}, r"column 'a' of .*a\.csv has no value in 1 rows, the first is row 1"),
        ({"a": [f"text {i}" for i in range(300)]}, r"column 'a' .* 300 different texts, as 'text 0'.*\"omit\""),
        ({"a": ["2020-02-30", "2020-02-01"]}, r"column 'a' of .* has no dates YYYY-MM-DD"),
        ({"a b": [1, 2], "a-b": [1, 2]}, r"Two columns have the name 'a_b'"),
        ({"a": []}, r"a\.csv has no rows"),
        ({"a": [1, 1e400]}, r"The column 'a' of .* holds 1 values that are NaN or infinite"),
        ({"a": ["01/02/2020", "01/03/2020"]}, r"column 'a' of .* has '01/02/2020': dates are YYYY-MM-DD"),
        ({"a": ["2020-01-01 12:30", "2020-01-02 12:30"]}, r"dates are YYYY-MM-DD, without a time"),
    ],
)
def test_tables_that_cannot_be_used(table, columns, message):
    path = table(**columns)
    with pytest.raises(Exception, match=message) as caught:
        load(path)
    assert caught.type.__name__ in ("DataError", "UserError")


def test_a_missing_package_is_named_with_the_line_that_installs_it(table, monkeypatch):
    path = table()
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(DataError, match=r"need pandas, which is not installed\. Install it: pip install '.*\[data\]'"):
        load(path)


# Sounds.


def tone(length, channels=1):
    wave = 0.5 * np.sin(np.arange(length) / 9)
    return np.stack([wave / (1 + c) for c in range(channels)], axis=1)


@pytest.fixture
def sounds(tmp_path):
    """Writes sounds (name -> array) and gives their folder."""
    soundfile = pytest.importorskip("soundfile")

    def write(rate=8000, **arrays):
        for name, x in arrays.items():
            path = tmp_path / "sounds" / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, x, rate)
        return str(tmp_path / "sounds")

    return write


def test_a_folder_of_sounds(sounds):
    made = load(sounds(low__a_wav=tone(800), low__b_flac=tone(800), high__c_ogg=tone(800), high__d_wav=tone(600)))
    feature = made.spec.feature
    assert (feature.kind, feature.shape, feature.rate) == ("audio", (800, 1), 8000)
    assert made.spec.features["label"].names == ("high", "low")
    arrays = made.train.arrays()
    for x, label in zip(arrays["audio"], arrays["label"], strict=True):
        assert x[:600] == pytest.approx(tone(600), abs=0.02 if label == 0 else 1e-4)
    assert "1 sound is shorter than 800 samples and is filled up with silence" in made.notes.warnings
    batch = next(iter(made.train.batches(2, seed=0)))
    assert (batch["audio"].shape, batch["audio"].dtype.name) == ((2, 800, 1), "float32")
    short = load(sounds(), size=500)
    assert short.spec.shape == (500, 1)
    assert "3 sounds are longer" not in short.summary
    assert "4 sounds are longer than 500 samples and are cut" in short.notes.warnings


def test_sounds_of_several_rates_or_channels(sounds):
    root = sounds(a_wav=tone(100), b_wav=tone(100, 2), c_wav=tone(100, 2))
    with pytest.raises(DataError, match=r"wav has 1 channels and .*wav has 2\. Give channels=1 for all"):
        load(root)
    made = load(root, channels=1)
    assert made.train.arrays()["audio"][1] == pytest.approx(tone(100, 2).mean(axis=1, keepdims=True), abs=1e-4)
    sounds(rate=16000, d_wav=tone(100))
    with pytest.raises(DataError, match=r"wav has 8000 samples a second and .*wav has 16000\. Resample"):
        load(root, channels=1)


def test_broken_sounds_are_named_or_skipped(sounds, tmp_path):
    root = sounds(a_wav=tone(100), b_wav=tone(100), c_wav=tone(100))
    for name in ("x.wav", "y.flac"):
        (tmp_path / "sounds" / name).write_bytes(b"no sound")
    with pytest.raises(DataError, match=r"2 of 5 files cannot be read") as caught:
        load(root)
    assert "x.wav cannot be read as a sound" in str(caught.value)
    assert load(root, skip_broken=True).notes.left_out == ("2 broken files",)


# MIDI.


def song(path, notes, ticks=480, channel=0):
    mido = pytest.importorskip("mido")
    file = mido.MidiFile(ticks_per_beat=ticks)
    track = mido.MidiTrack()
    file.tracks.append(track)
    for pitch, velocity, beats in notes:
        track.append(mido.Message("note_on", note=pitch, velocity=velocity, time=0, channel=channel))
        track.append(mido.Message("note_off", note=pitch, velocity=0, time=int(beats * ticks), channel=channel))
    file.save(path)


def test_a_piano_roll_has_each_note_in_its_time(tmp_path):
    """A beat is half a second by MIDI's default tempo: 4 of 8 steps."""
    song(tmp_path / "a.mid", [(60, 127, 1), (64, 64, 2)])
    roll = midi.roll(tmp_path / "a.mid", 8.0)
    assert roll.shape == (12, 128)
    expected = np.zeros((12, 128))
    expected[:4, 60], expected[4:, 64] = 1, 64 / 127
    assert roll == pytest.approx(expected)
    song(tmp_path / "b.mid", [(60, 127, 1)], channel=midi.DRUMS)
    assert not midi.roll(tmp_path / "b.mid", 8.0).any()


def test_a_folder_of_midi(tmp_path):
    for i in range(3):
        song(tmp_path / f"{i}.mid", [(60 + i, 100, 1 + i)])
    made = load(str(tmp_path))
    assert (made.spec.kind, made.spec.shape, made.spec.feature.rate) == ("series", (12, 128), 8)
    wire = made.spec.feature.to_wire("series", made.train.arrays()["series"])["series"]
    assert wire[1, :8, 61] == pytest.approx(100 / 127, abs=1e-6)
    assert np.asarray(wire)[:, :, 62:].max() == 0
    (tmp_path / "3.mid").write_bytes(b"MThd")
    with pytest.raises(DataError, match=r"3\.mid cannot be read as MIDI"):
        load(str(tmp_path))


# Texts.


def test_texts_one_in_each_line(tmp_path):
    (tmp_path / "a.txt").write_text("The cat sat\n\nthe dog\na b c d\n", encoding="utf-8-sig")
    made = load(str(tmp_path / "a.txt"))
    feature = made.spec.feature
    assert (feature.kind, feature.shape, feature.names[0]) == ("tokens", (4,), "the")
    texts = feature.to_wire("text", made.train.arrays()["tokens"])["text"].numpy().tolist()
    assert texts == [b"the cat sat", b"the dog"]
    assert next(iter(made.train.batches(2, seed=0)))["tokens"].dtype.name == "int64"


def test_texts_with_labels_in_json_lines(tmp_path):
    rows = [{"text": f"word {i}", "label": "ab"[i % 2], "id": i} for i in range(20)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = load(str(tmp_path / "a.jsonl"))
    assert made.spec.features["label"].names == ("a", "b")
    assert made.notes.left_out == ("'id'",)
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n{"caption": "b"}\n{"words": "b"}\n')
    with pytest.raises(DataError, match=r"Line 3 of .*a\.jsonl has no text under text or caption"):
        load(str(tmp_path / "a.jsonl"))
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n{"text"\n')
    with pytest.raises(DataError, match=r"Line 2 of .*a\.jsonl is not an object of JSON"):
        load(str(tmp_path / "a.jsonl"))


# TFRecords, by the one reader.


def written(path, *rows):
    with path.open("wb") as file:
        records.write(file, [examples.example(row).SerializeToString() for row in rows])
    return str(path)


def raw(value, **more):
    return {"image_raw": bytes([value] * 16), "height": 4, "width": 4, "channels": 1, **more}


def test_records_have_captions_and_other_features_are_named(tmp_path):
    rows = [raw(i, caption=f"number {i % 3}", seed=i) for i in range(20)]
    made = load(written(tmp_path / "a.tfrecord", *rows))
    assert set(made.spec.features["caption"].names) == {"number", "0", "1", "2"}
    assert made.notes.left_out == ("seed",)


def test_broken_records_are_all_named_or_skipped(tmp_path):
    rows = [raw(200), {"label": 3}, raw(100), {"image": b"junk"}, raw(250)]
    path = written(tmp_path / "a.tfrecord", *rows)
    with pytest.raises(DataError, match=r"2 of 5 files") as caught:
        load(path)
    assert "record 1 of" in str(caught.value)
    assert "record 3 of" in str(caught.value)
    made = load(path, skip_broken=True)
    assert made.train.count + made.test.count == 3
    assert made.notes.left_out == ("2 broken records",)
    whole = (tmp_path / "a.tfrecord").read_bytes()
    (tmp_path / "a.tfrecord").write_bytes(whole[:-3])
    with pytest.raises(DataError, match="it breaks at byte"):
        load(path)


def test_tables_as_spreadsheets_write_them(tmp_path):
    """Semicolons with decimal commas, a byte order mark, and an index without a name."""
    (tmp_path / "a.csv").write_text(";wage;plan\n0;1,5;x\n1;2,5;y\n2;3,5;x\n", encoding="utf-8-sig")
    made = load(str(tmp_path / "a.csv"))
    assert [(c.name, c.type) for c in made.spec.feature.columns] == [("wage", "number"), ("plan", "category")]
    assert made.spec.feature.columns[0].high == 2.5
    assert made.notes.left_out == ("a column without a name",)
