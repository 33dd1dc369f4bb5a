"""What `zoo` says of itself: help, version, lists; each at once and within 100 columns."""

import contextlib
import itertools
import re
import shlex
import subprocess
import sys

import pytest
from terminal import terminal

import zoo
from zoo import cli
from zoo.cli.commands import LISTED
from zoo.cli.flags import Flag, parse
from zoo.core import index, registry

HEAVY = ("tensorflow", "keras", "grpc", "serving.client", "numpy")


def imports(*words):
    """The modules, of the heavy ones, that a command line imports."""
    code = "import sys; from zoo import cli; cli.main(sys.argv[1:]); print(); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    return {*HEAVY} & {*ran.stdout.splitlines()[-1].split()}


def shown(capsys, *words):
    assert cli.main(words) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["list"], ["train", "--help"], ["explain", "--help"]])
def test_starts_without_what_it_does_not_need(words):
    assert imports(*words) <= ({"numpy"} if words[0] == "explain" else set())


def test_training_imports_no_client():
    code = "import sys, zoo.cli.commands.training; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {*HEAVY} & {*ran.stdout.split()}
    assert not {"grpc", "serving.client"} & imports("train", "no_such_model")


def test_only_the_module_of_a_command_is_imported():
    code = "import sys; from zoo import cli; cli.main(['status', '--help']); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = {name for name in ran.stdout.split() if name.startswith("zoo.cli.commands.")}
    assert found == {"zoo.cli.commands.served"}


def test_the_list_of_commands_is_what_the_modules_define():
    assert {name: cli.COMMANDS[name].name for name in cli.COMMANDS} == {name: name for name in LISTED}


def test_help_has_the_commands_in_groups_and_an_example(capsys):
    text = shown(capsys, "--help")
    assert text == shown(capsys) == shown(capsys, "help")
    assert re.findall(r"^(\w+):$", text, re.M) == ["train", "serve", "use", "evaluate", "example"]
    assert re.findall(r"^  (\w+)  +[A-Z]", text, re.M) == [*cli.COMMANDS]
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_a_command_s_help_fits_100_columns_and_names_every_flag(name, capsys):
    text = shown(capsys, name, "--help")
    assert max(map(len, text.splitlines())) <= 100
    found = cli.COMMANDS[name]
    flags = re.findall(r"^  (--[\w-]+)(?: TEXT| N| X| A,B| A B)?(?=\n| {2,}\S)", text, re.M)
    assert flags == [flag.word for flag in found.flags]
    assert text.startswith(f"zoo {name}")
    assert text.endswith(f"example:\n  {found.example}\n")


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_an_example_s_flags_are_the_command_s(name):
    found = cli.COMMANDS[name]
    parse(found.flags, found.example.split()[2:])


def test_the_version(capsys):
    assert shown(capsys, "--version") == f"zoo {zoo.__version__}\n"
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", zoo.__version__)


def test_help_after_dashes_is_the_server_s(capsys):
    assert shown(capsys, "serve", "--help").startswith("zoo serve")
    with contextlib.suppress(SystemExit):
        cli.main(["serve", "--engine", "embedded", "--models", "nowhere", "--", "--help"])
    assert not capsys.readouterr().out.startswith("zoo serve")


@pytest.mark.parametrize("columns", [72, 100, 140])
def test_every_model_is_listed_in_lines_that_fit(columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = shown(capsys, "list").splitlines()
    assert max(map(len, lines)) <= min(columns, 100)
    for entry in index.entries():
        (line,) = (line for line in lines if line.startswith(f"{entry.name} "))
        assert line.endswith(entry.reference)
        found = " ".join(line.removeprefix(entry.name).removesuffix(entry.reference).split())
        more = itertools.takewhile(lambda x: x.startswith("  "), lines[lines.index(line) + 1 :])
        assert " ".join([found, *map(str.strip, more)]) == entry.summary


@pytest.mark.parametrize("name", ["undercomplete", "vae", "dcgan"])
def test_all_about_a_model(name, capsys):
    made, text = registry.get(name), shown(capsys, "list", name)
    assert max(map(len, text.splitlines())) <= 100
    assert text.startswith(f"{name}: {made.summary} ({made.reference})\n")
    flat = " ".join(text.split())
    for key, line in made.help.items():
        assert re.search(rf" {key}=\S* {re.escape(line)}", flat), key
    assert all(claim.says in flat for claim in made.claims)
    assert f"\nsignatures, for {made.data}:\n  " in text


def test_data_sets_have_lines_that_fit(capsys):
    assert max(map(len, shown(capsys, "list", "--data").splitlines())) <= 100


def test_flags_cannot_be_changed_and_come_back_as_typed():
    flags = [Flag("batch_size", int, 3, "size"), Flag("map", bool, False, "map"), Flag("names", list, None, "names")]
    values, words = parse(flags, ["x", "--batch-size", "4", "--map", "--", "--names"])
    assert (values.batch_size, values["map"], values.names, words) == (4, True, None, ["x", "--names"])
    assert values.given == ["--batch-size=4", "--map"]
    with pytest.raises(AttributeError):
        values.batch_size = 5
    with pytest.raises(AttributeError, match="nothing"):
        _ = values.nothing


def test_recipes_of_a_file_are_listed_and_known_to_train(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(registry, "_RECIPES", dict(registry.recipes()))
    file = tmp_path / "mine.py"
    file.write_text(
        "from zoo.core.registry import recipe\n\n\n"
        "@recipe(family='own', reference='mine')\n"
        "def my_own(spec, *, width: int = 3):\n"
        '    """A model of my own.\n\n    Args:\n      width: of everything.\n    """\n'
    )
    text = shown(capsys, "list", "--recipes", str(file))
    assert re.search(r"\nown:\nmy_own  A model of my own\. +mine\n$", text)
    line = ["train", "my_own", "depth=3", "--recipes", str(file), "--out", str(tmp_path / "run")]
    assert cli.main(line) == 2
    assert "my_own has no parameter 'depth'. It has (with their defaults): width=3." in capsys.readouterr().err


def test_training_shows_a_line_an_epoch_in_a_file_and_a_bar_on_a_terminal(tmp_path, capsys, monkeypatch):
    line = shlex.split("train vae hidden=8 latent=2 --data digits --batch-size 256 --epochs 2 --jit off --out")
    assert cli.main([*line, str(tmp_path / "a")]) == 0
    pattern = r"digits: 1,797 examples.*\n"
    pattern += r"epoch 1/2  step 6/12  \S+ s  \S+ steps/s  \d+:\d\d left  loss \S+\nepoch 2/2  step 12/12  .+\n"
    assert re.fullmatch(pattern, capsys.readouterr().err)
    with terminal(60) as (file, frames):
        monkeypatch.setattr(sys, "stderr", file)
        assert cli.main([*line, str(tmp_path / "b")]) == 0
    assert re.search(r"^epoch 2/2 .+ left loss \S+$", frames[-1]), frames
    assert max(len(frame) for frame in frames if frame.startswith("epoch")) <= 60


def test_a_reader_that_has_seen_enough_is_no_failure():
    command = [sys.executable, "-m", "zoo", "list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
