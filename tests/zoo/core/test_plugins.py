"""Entry points: a tiny distribution in a folder on sys.path brings a recipe and a data set."""

import sys

import pytest

from zoo.core import plugins, registry
from zoo.core.errors import Failure, UserError

MODULES = {
    "birds_recipes": (
        "from zoo.core.registry import recipe\n\n\n"
        '@recipe(family="own", reference="mine")\n'
        'def bird(spec, *, wings: int = 2):\n    """Flies."""\n'
    ),
    "birds_data": "def load(**options):\n    return 'birds', options\n",
}
POINTS = "[menagerie.recipes]\nbirds = birds_recipes\n\n[menagerie.data]\nbirds = birds_data:load\n"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """(name, entry points, modules) -> installs a distribution for this test alone."""
    monkeypatch.setattr(registry, "_RECIPES", dict(registry.recipes()))
    monkeypatch.syspath_prepend(str(tmp_path))
    plugins.import_recipes.cache_clear()

    def make(name="birds", points=POINTS, modules=MODULES):
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(points)
        for module, text in modules.items():
            (tmp_path / f"{module}.py").write_text(text)

    yield make
    plugins.import_recipes.cache_clear()
    for module in MODULES:
        sys.modules.pop(module, None)


def test_a_package_s_recipe_is_one_of_the_zoo_s(install):
    install()
    made = registry.get("bird")
    assert (made.summary, made.family, [*made.parameters]) == ("Flies.", "own", ["wings"])
    assert list(registry.recipes())[-1] == "bird"


def test_a_package_s_data_is_imported_when_it_is_called(install):
    install()
    found = plugins.data(taken=["digits"])
    assert "birds_data" not in sys.modules
    assert found["birds"](size=(8, 8)) == ("birds", {"size": (8, 8)})


def test_a_data_set_s_name_is_given_once(install):
    install()
    with pytest.raises(UserError, match=r"named birds: the zoo's, and that of the package birds \(birds_data:load\)"):
        plugins.data(taken=["birds"])
    install("more", "[menagerie.data]\nbirds = elsewhere:load\n", {})
    both = r"the package (birds|more) \(.*\) and the package (birds|more) \(.*\)\. Uninstall one"
    with pytest.raises(UserError, match=f"named birds: {both}"):
        plugins.data()


def test_a_package_that_cannot_be_imported_is_named(install):
    install(modules={"birds_recipes": "import nothing_of_this_name\n"})
    with pytest.raises(Failure, match=r"the package birds \(birds_recipes\) cannot be imported: ModuleNotFoundError"):
        registry.recipes()


def test_without_packages_there_is_nothing():
    assert plugins.data() == {}
    assert plugins.recipe_points() == {}
