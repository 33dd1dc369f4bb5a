"""Every command of the README and every --help example, run as they stand."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from serving import Client
from zoo import cli, data, registry

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BIN = Path(sys.executable).parent
MAKE = re.findall(r"^make .*$", README, re.M)


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def commands():
    return [line for block in blocks("sh") for line in block.splitlines() if line.startswith("zoo ")]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with some photographs of one's own; the README's commands run in it, in order."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "pictures").mkdir()
    random = np.random.default_rng(0)
    for i in range(300):
        Image.fromarray(random.integers(0, 255, (40, 48, 3), np.uint8)).save(folder / "pictures" / f"{i}.png")
    (folder / "samples").mkdir()
    digit = (data.load("digits").test.arrays(1)[0][0, :, :, 0] + 1) * 127.5
    Image.fromarray(digit.astype(np.uint8)).save(folder / "samples" / "digit.png")
    return folder


@pytest.fixture(scope="module")
def ran(workplace):
    """Runs a command line in the workplace: its output, or the exit code of a failure."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}

    def run(command):
        done = subprocess.run(command, cwd=workplace, env=environment, capture_output=True, text=True)
        return done.returncode or done.stdout

    return run


@pytest.fixture(scope="module")
def done(workplace, ran):
    """What every command and the client's program gave; the server of the `&` line ends with the module."""
    servers, results = [], {}
    try:
        for line in commands():
            if line.endswith("&"):
                servers.append(_serve([BIN / "zoo", *line.removesuffix("&").split()[1:]], workplace))
                results[line] = ""
            else:
                results[line] = ran(line.split())
        for code in (b for b in blocks("python") if "Client" in b):
            results["python"] = ran([sys.executable, "-c", code])
        yield results
    finally:
        for process, client in servers:
            client.close()
            process.send_signal(signal.SIGTERM)
            process.stdout.close()
            assert process.wait(30) == 0


def _serve(command, folder):
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    line = next(text for text in process.stdout if text.startswith("Serving"))
    return process, Client(re.search(r"on (\S+)$", line.strip())[1])


def test_commands_of_the_readme_run(done, workplace):
    failed = {line: code for line, code in done.items() if isinstance(code, int) and code}
    assert not failed
    assert "(64, 8, 8, 1) 1" in done["python"]
    for made in ("samples.png", "explanation.html", "explanation.png", "runs/pictures/log.csv"):
        assert (workplace / made).stat().st_size > 100, made


@pytest.mark.slow
def test_examples_of_help_run(done, ran):
    examples = [c.example for c in cli.COMMANDS.values() if c.name not in ("serve", "demo")]
    assert any(line.startswith("zoo train") for line in examples)
    for line in examples:
        assert isinstance(ran(line.split()), str), line
        if line.startswith("zoo export"):
            with Client("127.0.0.1:8500") as client:
                client.wait_until_available("vae", timeout=30)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_help_shows_an_example_and_every_flag(name, capsys):
    assert cli.main([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"example:\n  zoo {name}" in shown
    assert shown.startswith(f"zoo {name}")


@pytest.mark.parametrize("line", MAKE or ["none"])
def test_make_targets_exist(line):
    assert subprocess.run([*line.split(), "--dry-run"], cwd=ROOT, capture_output=True).returncode == 0


def test_adding_a_model_works_as_the_readme_says(tmp_path):
    """The block, put where it says, is listed and trains, exports and passes for any other model."""
    (code,) = (b for b in blocks("python") if "@recipe" in b)
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "zoo", copy / "zoo")
    (copy / "zoo" / "gans" / "little.py").write_text('"""A GAN of two small perceptrons."""\n' + code)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(copy), os.environ.get("PYTHONPATH", "")])}
    for line in ("train little latent=4 --data digits --epochs 1 --out run", "export run --models models"):
        subprocess.run(
            [sys.executable, "-m", "zoo", *line.split()],
            cwd=copy,
            env=environment,
            check=True,
            capture_output=True,
        )
    assert (copy / "models" / "little" / "1" / "saved_model.pb").exists()


def test_the_readme_knows_every_model_and_command():
    for name, recipe in registry.recipes().items():
        assert re.search(rf"^\| `{name}` \|.*\| {re.escape(recipe.reference)} \|$", README, re.M), name
    assert all(re.search(rf"\bzoo {name}\b", README) for name in cli.COMMANDS)


def test_every_model_and_data_set_is_listed(capsys):
    cli.main(["list"])
    shown = capsys.readouterr().out
    assert all(re.search(rf"^{name}\s", shown, re.M) for name in registry.recipes())
    cli.main(["list", "--data"])
    shown = capsys.readouterr().out
    assert all(re.search(rf"^{re.escape(name)}\s", shown, re.M) for name in data.names())
