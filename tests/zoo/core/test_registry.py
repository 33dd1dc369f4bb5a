"""The registry and its index: what is read from the sources is what the imported code says."""

import subprocess
import sys

import pytest

from zoo.core import index, registry
from zoo.core.claims import Claim
from zoo.core.errors import UserError
from zoo.core.features import Spec, vector
from zoo.core.parameters import argument_help, show, typed

RECIPES = registry.recipes()
FILE = '''
"""Recipes of a user's."""

from zoo.core import registry
from zoo.core.claims import Claim

WIDTH = 3


@registry.recipe(family="own", reference="mine", claims=[Claim("it is good", "frechet", against="vae")], epochs=2)
def {name}(spec, *, width: int = WIDTH, sizes: tuple[int, ...] = (1, 2), rate: float = -0.5):
    """Does nothing.

    Args:
      width: of something.
      rate: per second.
    """
    raise NotImplementedError
'''


@pytest.fixture
def own(monkeypatch):
    """Recipes that are registered within a test are forgotten after it."""
    monkeypatch.setattr(registry, "_RECIPES", dict(RECIPES))


def register(name, module="somewhere"):
    """Registers an empty recipe of a name, as if it stood in that module."""

    def build(spec, *, width: int = 3):
        """Nothing."""

    build.__name__, build.__module__ = name, module
    return registry.recipe(family="own", reference="mine")(build)


@pytest.mark.parametrize("name", RECIPES)
def test_the_index_says_what_the_code_says(name):
    found = {entry.name: entry for entry in index.entries()}
    assert found[name] == RECIPES[name].entry


def test_the_index_has_the_recipes_in_the_registry_s_order():
    assert [entry.name for entry in index.entries()] == [r.name for r in RECIPES.values() if r.family in index.FAMILIES]


def test_the_index_needs_neither_tensorflow_nor_numpy():
    code = "import sys; from zoo.core.index import entries; sys.exit(not entries() or 'numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_any_file_can_be_read(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(FILE.format(name="mine"))
    (entry,) = index.read(file)
    assert entry == index.Entry(
        name="mine",
        family="own",
        reference="mine",
        summary="Does nothing.",
        parameters=(
            index.Parameter("width", "int", "WIDTH", "of something."),
            index.Parameter("sizes", "tuple[int, ...]", (1, 2), ""),
            index.Parameter("rate", "float", -0.5, "per second."),
        ),
        claims=(Claim("it is good", "frechet", "vae"),),
        data="mnist-5k",
    )


@pytest.mark.parametrize("name", RECIPES)
def test_every_parameter_has_exactly_one_line_of_help(name):
    made = RECIPES[name]
    assert [*made.help] == [*made.parameters], "in their order, and no other"
    assert all(0 < len(line) <= 160 and line.endswith(".") for line in made.help.values())


def test_an_args_section_is_read():
    text = """Does something.

    Said: nothing.

    Args:
      one: the first.
      two (int): the second, whose line
        goes on: like this.

      three:
        below its name.

    Returns:
      four: not an argument.
    """
    assert argument_help(text) == {
        "one": "the first.",
        "two": "the second, whose line goes on: like this.",
        "three": "below its name.",
    }
    assert argument_help(None) == argument_help("One line.") == {}


@pytest.mark.parametrize(
    ("value", "kind"), [(3, int), (0.5, float), (True, bool), ("mlp", str), ((2, 3), tuple[int, ...])]
)
def test_what_is_shown_reads_back(value, kind):
    assert typed(show(value), kind) == value


def test_a_recipe_registered_after_the_first_look_up_is_seen(own):
    with pytest.raises(UserError, match="no model 'late'"):
        registry.get("late")
    made = register("late")
    assert registry.get("late") is made
    assert list(registry.recipes())[-1] == "late"


def test_a_name_that_exists_twice_is_an_error_that_names_both_places(own):
    register("double")
    here = rf"{__file__}:\d+"

    def double(spec):
        """Nothing."""

    with pytest.raises(UserError, match=f"Two recipes are named double: one in {here}, one in {here}"):
        registry.recipe(family="own", reference="mine")(double)
    double.__module__ = "__main__"  # a notebook's cell, run again
    assert registry.recipe(family="own", reference="mine")(double) is registry.get("double")


def test_recipes_of_a_file(own, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(FILE.format(name="from_a_file"))
    for _ in range(2):
        registry.import_files([str(file)])
    assert registry.get("from-a-file").help == {"width": "of something.", "rate": "per second."}
    with pytest.raises(NotImplementedError):
        registry.get("from_a_file")(Spec.of(vector(3)), width=4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", r"mine\.py cannot be imported: ZeroDivisionError: division by zero"),
        ("def", r"mine\.py cannot be imported: SyntaxError"),
        (FILE.format(name="vae"), r"named vae: one in .*zoo/vaes/vae\.py:\d+"),
    ],
)
def test_files_that_cannot_be_imported(own, tmp_path, text, message):
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(UserError, match=message):
        registry.import_files([str(tmp_path / "mine.py")])


def test_no_file_at_all(tmp_path):
    with pytest.raises(UserError, match=r"--recipes takes Python files, as in --recipes recipes\.py; received nowhere"):
        registry.import_files(["nowhere"])
