"""The wheel and the sdist: what is in them, and that what is installed from them works."""

import email
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from serving.protocol import extras

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PACKAGES = ("zoo", "serving", "explain")


def run(*command, **options):
    """What a command printed. It has to succeed."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def tracked():
    """The files of the project, those not committed yet among them."""
    names = run("git", "ls-files", "-co", "--exclude-standard", cwd=ROOT).splitlines()
    return [name for name in names if (ROOT / name).is_file()]


def build(what, source, out):
    """Builds a wheel or an sdist without the network."""
    run(sys.executable, "-m", "build", "--no-isolation", f"--{what}", "--outdir", out, source)
    (made,) = out.iterdir()
    return made


@pytest.fixture(scope="session")
def clone(tmp_path_factory):
    """The project's files, and nothing else that lies about."""
    folder = tmp_path_factory.mktemp("clone")
    for name in tracked():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def wheel(clone, tmp_path_factory):
    return build("wheel", clone, tmp_path_factory.mktemp("wheel"))


def contents(path):
    """The files of a wheel: name -> bytes."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_has_every_file_of_the_three_packages_and_no_other(wheel):
    inside = {name for name in contents(wheel) if ".dist-info/" not in name}
    assert inside == {name for name in tracked() if name.startswith(tuple(f"{p}/" for p in PACKAGES))}
    for needed in (
        *(f"{package}/py.typed" for package in PACKAGES),
        "zoo/evaluation/results/verify-vae-mnist-5k.json",
        "zoo/evaluation/evaluators/weights/digits.npz",
        "zoo/cli/demo.html",
        "serving/protocol/descriptors.binpb",
        "serving/deploy/kubernetes.yaml",
    ):
        assert needed in inside


def test_the_wheel_says_what_it_is(wheel):
    files = contents(wheel)
    (folder,) = {name.partition("/")[0] for name in files if ".dist-info/" in name}
    about = email.message_from_bytes(files[f"{folder}/METADATA"])
    assert about["Name"] == extras.DISTRIBUTION
    assert about["License-Expression"] == "Apache-2.0"
    assert about["Author"] == "The Menagerie authors"
    assert about.get_all("Provides-Extra") == list(PROJECT["optional-dependencies"])
    assert files[f"{folder}/licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()
    assert b"zoo = zoo.cli:main" in files[f"{folder}/entry_points.txt"]
    base = [text for text in about.get_all("Requires-Dist") if "extra ==" not in text]
    assert not [text for text in base if text.startswith(("tensorflow", "keras", "lime", "scipy", "matplotlib"))]


def test_the_sdist_builds_the_same_wheel(clone, wheel, tmp_path):
    with tarfile.open(build("sdist", clone, tmp_path / "sdist")) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    assert contents(build("wheel", source, tmp_path / "again")) == contents(wheel)


@pytest.mark.slow
def test_a_base_installation_asks_a_server_and_says_how_to_get_the_rest(wheel, ask, tmp_path):
    """From the wheel alone, in a new environment, with what the index has."""
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    pip = [home / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
    run(*pip, "install", "-q", "-c", ROOT / "constraints.txt", wheel)
    listed = run(*pip, "list", "--format=freeze")
    assert "tensorflow" not in listed
    assert "keras" not in listed
    size = sum(path.lstat().st_size for path in home.rglob("*") if path.is_file())
    assert size < 200e6, f"{size / 1e6:.0f} MB"
    zoo = home / "bin" / "zoo"
    assert "zoo COMMAND" in run(zoo, "--help")
    assert "wgan_gp " in run(zoo, "list")
    ask([zoo])
    refused = subprocess.run([zoo, "train", "vae"], capture_output=True, text=True)
    assert refused.returncode == 1
    assert refused.stderr.endswith(f"Install it: {extras.line('zoo')}\n")


@pytest.mark.slow
def test_the_wheel_trains_exports_and_knows_its_results(wheel, tmp_path):
    """Over the packages of this environment, far from any checkout."""
    site, work = tmp_path / "site", tmp_path / "work"
    work.mkdir()
    run(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", site, wheel)
    options = {"cwd": work, "env": {**os.environ, "PYTHONPATH": str(site)}}
    where = run(sys.executable, "-c", "import zoo, serving, explain; print(zoo.__file__, zoo.__version__)", **options)
    assert where == f"{site / 'zoo' / '__init__.py'} {PROJECT['version']}\n"
    zoo = [sys.executable, "-m", "zoo"]
    run(*zoo, "train", "undercomplete", "--data", "digits", "--epochs", "1", "--out", "run", **options)
    run(*zoo, "export", "run", "--models", "models", **options)
    assert (work / "models" / "undercomplete" / "1" / "saved_model.pb").exists()
    shown = run(*zoo, "list", "undercomplete", **options)
    assert "shown on mnist-5k: difference" in shown
    assert "not measured yet" not in shown
