"""Every command of the README and every --help example, run as they stand."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from serving import Client
from zoo import cli, data
from zoo.core import registry

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))

import models_table  # noqa: E402

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
    towns = ("Aachen", "Bonn", "Köln")
    rows = [f"{18 + i % 60},{1500 + 7 * i},{towns[i % 3]},2{i % 10:03}-0{1 + i % 9}-11" for i in range(300)]
    (folder / "table.csv").write_text("\n".join(["age,rent,town,since", *rows]))
    (folder / "samples").mkdir()
    digit = (data.load("digits").test.arrays(1)["image"][0, :, :, 0] + 1) * 127.5
    Image.fromarray(digit.astype(np.uint8)).save(folder / "samples" / "digit.png")
    return folder


@pytest.fixture(scope="module")
def run(workplace):
    """Runs a command line in the workplace: its output, or the exit code of a failure."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}

    def ended(command):
        process = subprocess.run(command, cwd=workplace, env=environment, capture_output=True, text=True)
        return process.returncode or process.stdout

    return ended


@pytest.fixture(scope="module")
def served(workplace):
    """Starts the server of a line that ends in `&`: its client. It ends with the module."""
    servers = []

    def serve(line):
        command = [BIN / "zoo", *line.removesuffix("&").split()[1:]]
        process = subprocess.Popen(command, cwd=workplace, stdout=subprocess.PIPE, text=True)
        said = next(text for text in process.stdout if text.startswith("Serving"))
        servers.append((process, Client(re.search(r"on (\S+)$", said.strip())[1])))
        return servers[-1][1]

    yield serve
    for process, client in servers:
        client.close()
        process.send_signal(signal.SIGTERM)
        process.stdout.close()
        assert process.wait(30) == 0


@pytest.fixture(scope="module")
def readme(run, served):
    """What each command and the client's program gave: an exit code is a failure. The server gave its client."""
    results = {line: served(line) if line.endswith("&") else run(line.split()) for line in commands()}
    for code in (b for b in blocks("python") if "Client" in b):
        results["python"] = run([sys.executable, "-c", code])
    return results


def failures(results):
    return {line: code for line, code in results.items() if isinstance(code, int)}


@pytest.mark.slow
def test_commands_of_the_readme_run(readme, workplace):
    assert not failures(readme)
    assert "(64, 8, 8, 1) 1" in readme["python"]
    for made in ("samples.png", "explanation.html", "explanation.png", "runs/pictures/log.csv", "rows.csv"):
        assert (workplace / made).stat().st_size > 100, made


@pytest.mark.slow
def test_examples_of_help_run(readme, run):
    (client,) = (result for result in readme.values() if isinstance(result, Client))
    results = {}
    for line in (c.example for c in cli.COMMANDS.values() if c.name not in ("serve", "demo")):
        results[line] = run(line.split())
        if line.startswith("zoo export"):
            client.wait_until_available("vae", timeout=30)
    assert any(line.startswith("zoo train") for line in results)
    assert not failures(results)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_help_shows_an_example_and_every_flag(name, capsys):
    assert cli.main([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"example:\n  zoo {name}" in shown
    assert shown.startswith(f"zoo {name}")


@pytest.mark.parametrize("line", MAKE or ["none"])
def test_make_targets_exist(line):
    assert subprocess.run([*line.split(), "--dry-run"], cwd=ROOT, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def with_little(tmp_path_factory):
    """A copy of the project to which the README's model is added, word for word, and `make results` is run."""
    copy = tmp_path_factory.mktemp("copy")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in tracked.rstrip("\0").split("\0"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    (code,) = (b for b in blocks("python") if "@recipe" in b)
    (copy / "zoo" / "gans" / "little.py").write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(copy)}

    def run(*words):
        done = subprocess.run([sys.executable, *words], cwd=copy, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
        return done.stdout

    for line in _made_by("results"):
        run(*line)
    return run


def _made_by(target):
    """The Python command lines of a target of the Makefile, without the interpreter."""
    shown = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for line in shown.splitlines():
        program, *words = shlex.split(line)
        if program == ".venv/bin/zoo":
            yield ["-m", "zoo", *words]
        elif program == ".venv/bin/python" and words[0].endswith(".py"):
            yield words


@pytest.mark.slow
def test_adding_a_model_works_as_the_readme_says(with_little):
    """It trains, exports and samples, and the tests pass that look at every model."""
    with_little("-m", "zoo", "train", "little", "--data", "digits", "--epochs", "1", "--out", "run")
    with_little("-m", "zoo", "export", "run", "--models", "models")
    with_little("-m", "zoo", "sample", "little", "--count", "4", "--models", "models", "--out", "samples.png")
    shown = with_little(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", "-k", "little or every or readme or index"),
        *(
            "tests/zoo/test_harness.py",
            "tests/zoo/test_harness_signatures.py",
            "tests/zoo/core",
            "tests/docs/test_results.py",
            "tests/docs/test_readme.py",
        ),
        "tests/docs/test_architecture.py",
    )
    assert re.search(r"\d+ passed", shown)


def test_the_readme_knows_every_model_and_command():
    assert models_table.updated(README) == README, "run `make results`"
    assert README.count("\n| `") >= len(registry.recipes())
    assert all(re.search(rf"\bzoo {name}\b", README) for name in cli.COMMANDS)


def test_every_model_and_data_set_is_listed(capsys):
    cli.main(["list"])
    shown = capsys.readouterr().out
    assert all(re.search(rf"^{name}\s", shown, re.M) for name in registry.recipes())
    cli.main(["list", "--data"])
    shown = capsys.readouterr().out
    assert all(re.search(rf"^{re.escape(name)}\s", shown, re.M) for name in data.names())
