"""The command line: exit codes, messages that repair, and no traceback for a user's mistake."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from zoo import cli
from zoo.core.config import ReadConfig

MISTAKES = {
    "tran vae": "There is no command 'tran'. Did you mean 'train'?",
    "train": "MODEL is missing. Example: zoo train vae",
    "train vea": "There is no model 'vea'. Did you mean 'vae'?",
    "train vae latnet=3": "vae has no parameter 'latnet'",
    "train vae --epoch 3": "There is no flag --epoch. Did you mean --epochs?",
    "train vae --epochs three": "--epochs takes a whole number; received 'three'.",
    "train vae --learning-rate fast": "--learning-rate takes a number; received 'fast'.",
    "train vae --strategy tpu": "--strategy takes one of auto, one, mirrored, multiworker; received 'tpu'.",
    "sample vae --count": "Missing value for flag --count",
    "train vae --recipes nowhere.py": "--recipes takes Python files, as in --recipes recipes.py; received nowhere.py",
    "sample vae --qqq": "There is no flag --qqq. Known: --count, --seed",
    "sample vae --server a:1 --models b": "--server and --models exclude each other",
    "train vae --epochs 0": "--epochs must be above 0; received 0",
    "train vae --data digitz": "Did you mean 'digits'?",
    "train vae --data digits --size big": "--size is N or HxW, as in 32 or 28x32; received 'big'",
    "train vae --data digits --batch-size 5000": "Lower --batch-size",
    "train dcgan --data digits --updates critic": "--updates is written player=number",
    "train dcgan --data digits --updates critic=5": "no player 'critic'; it has discriminator, generator",
    "train vae --data digits --range 0,x": "--range is LOW,HIGH, as in 0,255; received '0,x'",
    "train vae --data digits --kind sound": "--kind takes one of image, video, volume, audio, series",
    "train dcgan --data digits --size 4": "at least 8 x 8 pixels",
    "export nowhere": "nowhere is not a run",
    "export a b": "Too many arguments: b",
    "sample vae --count 0": "--count must be above 0",
    "sample vae --out samples.jpg": "--out ends in .png, .gif (for videos), .csv (for columns) or .npz",
    "explain vae": "Give an image to explain, or --seed",
    "explain vae x.png --seed 3": "one of the three",
    "explain vae --seed 1 --server a:1 --models b": "Give --server or --models, not both",
    "explain vae --seed 1 --models nowhere": "no folder nowhere",
    "serve --models nowhere": "nowhere",
    "list vae dcgan": "Too many arguments: dcgan",
    "list vea": "There is no model 'vea'. Did you mean 'vae'?",
    "list vae --data": "--data lists the data sets, not vae",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_gets_code_2_and_what_would_be_right(line, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main([*line.split(), *(["--out", "run"] if line.startswith("train vae") else [])]) == 2
    error = capsys.readouterr().err
    assert error.startswith("zoo: ")
    assert MISTAKES[line] in error
    assert list(tmp_path.iterdir()) == []


def test_a_failure_gets_code_1(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["sample", "vae", "--server", "127.0.0.1:9"]) == 1
    error = capsys.readouterr().err
    assert "127.0.0.1:9" in error
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


def test_a_corrupt_image_is_named(capsys, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for i in range(20):
        Image.fromarray(np.full((16, 16), i * 10, np.uint8)).save(photos / f"{i:02}.png")
    whole = (photos / "07.png").read_bytes()
    (photos / "07.png").write_bytes(whole[: len(whole) // 2])
    run = [
        "train",
        "vae",
        "hidden=8",
        "--data",
        str(photos),
        "--batch-size",
        "4",
        "--epochs",
        "2",
        "--out",
        str(tmp_path / "run"),
    ]
    assert cli.main(run) == 2
    assert "07.png" in capsys.readouterr().err


def test_a_model_of_a_table(tmp_path, capsys):
    """Users of other zoos ask for tables of numbers: no picture, everything else."""
    np.savez(tmp_path / "table.npz", x=np.random.default_rng(0).normal(size=(100, 6)) * [1, 2, 3, 4, 5, 6])
    line = f"train vae hidden=8 latent=2 --data {tmp_path}/table.npz --batch-size 16 --epochs 2 --out {tmp_path}/run"
    assert cli.main(line.split()) == 2
    assert "--kind=table, --kind=series" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    assert cli.main([*line.split(), "--kind", "table"]) == 0
    assert "table.npz: 100 examples, 10 of them for testing; table of 6 columns" in capsys.readouterr().err
    assert cli.main(["export", str(tmp_path / "run"), "--models", str(tmp_path / "models")]) == 0
    assert (tmp_path / "models" / "vae" / "1" / "saved_model.pb").exists()


def test_flags_that_say_how_data_is_read_reach_the_run(tmp_path, capsys):
    from zoo.training import record

    for i in range(20):
        Image.fromarray(np.full((8, 8, 4), i, np.uint8)).save(tmp_path / f"{i:02}.png")
    (tmp_path / "99.png").write_bytes(b"no image")
    line = f"train vae hidden=8 --data {tmp_path} --batch-size 8 --epochs 1 --out {tmp_path}/run"
    assert cli.main(line.split()) == 2
    assert "99.png" in capsys.readouterr().err
    assert cli.main([*line.split(), "--skip-broken", "--range=0,19", "--background", "black", "--kind=image"]) == 0
    assert "left out: 1 broken file" in capsys.readouterr().err
    config, _ = record.read(tmp_path / "run")
    assert config.read == ReadConfig("image", (0.0, 19.0), "black", skip_broken=True)
    assert cli.main([*line.split(), "--range=0"]) == 2
    assert "--range is LOW,HIGH, as in 0,255; received '0'" in capsys.readouterr().err


def test_options_reach_the_run(tmp_path):
    from zoo.training import record

    line = (
        "train dcgan width=8 smoothing=0.1 --data digits --size 12x10 --channels 3 --epochs 1 --batch-size 32 --seed 4 "
        "--jit off --learning-rate 0.001 --schedule cosine --warmup 3 --clip-norm 2 --ema 0.9 "
        "--updates discriminator=2 --learning-rate-multipliers generator=0.5 --checkpoint-every 9 "
        f"--kind image --range=-1,16.5 --background black --skip-broken --out {tmp_path / 'run'}"
    )
    assert cli.main(line.split()) == 0
    config, spec = record.read(tmp_path / "run")
    assert config.parameters == {"width": 8, "smoothing": 0.1}
    assert config.read == ReadConfig("image", (-1.0, 16.5), "black", skip_broken=True)
    assert (spec.shape, spec.classes) == ((12, 10, 3), 10)
    t = config.training
    assert (t.epochs, t.batch_size, t.seed, t.jit, t.learning_rate, t.beta_1) == (1, 32, 4, "off", 0.001, 0.5)
    assert (t.schedule, t.warmup, t.clip_norm, t.ema, t.checkpoint_every) == ("cosine", 3, 2.0, 0.9, 9)
    assert (t.updates, t.learning_rate_multipliers) == ({"discriminator": 2}, {"generator": 0.5})
    text = (tmp_path / "run" / "config.json").read_text()
    assert "zoo train dcgan width=8 smoothing=0.1" in text
    assert "--clip-norm=2" in text


def test_python_dash_m_is_the_command():
    shown = subprocess.run([sys.executable, "-m", "zoo", "--help"], capture_output=True, text=True, check=True).stdout
    assert all(f"\n  {name} " in shown for name in cli.COMMANDS)


def test_sampling_and_help_start_without_tensorflow():
    code = "import sys; from zoo import cli; cli.main(['sample', '--help']); assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_the_real_server_has_to_be_there(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli.main(["serve", "--engine", "tfserving", "--models", str(tmp_path)]) == 1
    assert "tensorflow_model_server is not on the PATH" in capsys.readouterr().err
