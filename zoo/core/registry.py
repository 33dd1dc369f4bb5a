"""Name -> recipe. A function registers itself with `@recipe` when its module is imported.

The zoo's own recipes stand in the modules of the families' folders. Others come by `zoo.core.plugins`: from a file of
the user's, or from an installed package.
"""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from zoo.core import index, plugins
from zoo.core.claims import Claim
from zoo.core.config import TrainConfig
from zoo.core.errors import UserError, unknown
from zoo.core.features import Spec
from zoo.core.model import GenerativeModel
from zoo.core.parameters import argument_help, show, summary, typed
from zoo.core.wire_names import WIRE_NAMES

ANY_KIND = ("image", "video", "volume", "audio", "series", "table", "vector")
"""What perceptrons take: every kind whose examples are numbers of a fixed shape."""

_RECIPES: dict[str, "Recipe"] = {}


@dataclass(frozen=True)
class Recipe:
    """How a model is built, and how it is trained by default.

    Attributes:
      reference: the paper, as an arXiv number, a DOI, or venue and authors.
      build: (spec, **parameters) -> the model.
      claims: what the paper promises; `zoo verify` tests each.
      data: the data that it is trained on by default, which also shows the kind of data it is for.
      kinds: of features that it generates.
      condition: features that the data must have besides, as ("label",).
      targets: how many features it generates: 2 for the domains of a translation.
      training: fields of TrainConfig that differ from its defaults.
    """

    name: str
    family: str
    reference: str
    build: Callable[..., GenerativeModel]
    claims: Sequence[Claim] = ()
    data: str = index.DATA
    kinds: tuple[str, ...] = ANY_KIND
    condition: tuple[str, ...] = ()
    targets: int = 1
    training: Mapping[str, Any] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """The first line of the recipe's docstring."""
        return summary(self.build.__doc__)

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """The recipe's own parameters by name, with types and defaults."""
        signature = inspect.signature(self.build)
        return {k: p for k, p in signature.parameters.items() if p.kind is p.KEYWORD_ONLY}

    @property
    def help(self) -> Mapping[str, str]:
        """The lines of the `Args:` section in the recipe's docstring, by parameter."""
        return argument_help(self.build.__doc__)

    @property
    def entry(self) -> index.Entry:
        """What the index of recipes says of this one."""
        parameters = tuple(
            index.Parameter(
                name=key,
                annotation="" if p.annotation is p.empty else inspect.formatannotation(p.annotation),
                default=None if p.default is p.empty else p.default,
                help=self.help.get(key, ""),
            )
            for key, p in self.parameters.items()
        )
        return index.Entry(
            self.name, self.family, self.reference, self.summary, parameters, tuple(self.claims), self.data
        )

    @property
    def place(self) -> str:
        """Where the function stands, as file:line."""
        function = inspect.unwrap(self.build)
        code = getattr(function, "__code__", None)
        return f"{code.co_filename}:{code.co_firstlineno}" if code else function.__module__

    def config(self, **overrides: Any) -> TrainConfig:
        """This recipe's training, with the overrides that are not None."""
        return TrainConfig(**{**self.training, **{k: v for k, v in overrides.items() if v is not None}})

    def parse(self, assignments: Iterable[str]) -> dict[str, Any]:
        """key=value strings -> typed keyword arguments of `build`. Errors: UserError."""
        return dict(self._parse(text) for text in assignments)

    def __call__(self, spec: Spec, own: Mapping[str, Any] | None = None, **parameters: Any) -> GenerativeModel:
        """Builds the model for data of this spec.

        Args:
          own: the user's networks in the place of the recipe's, by name: see `zoo.networks.own`.

        Errors: UserError for parameters that are not the recipe's, data that it is not for, and networks that it does
        not take or whose shapes do not fit.
        """
        for key in parameters:
            self._known(key)
        self.check(spec)
        if not own:
            return self.build(spec, **parameters)
        if not self.takes_networks:
            taking = ", ".join(name for name, r in recipes().items() if r.takes_networks)
            raise UserError(f"{self.name} takes no networks of your own. These do: {taking}.")
        return self.build(spec, own, **parameters)

    @property
    def takes_networks(self) -> bool:
        """Whether networks of the user's can take the place of the recipe's: it has the argument `own`."""
        return "own" in inspect.signature(self.build).parameters

    def misfit(self, spec: Spec) -> str:
        """Why this recipe is not for such data; empty where it is."""
        if len(spec.targets) != self.targets:
            return "translates between two domains" if self.targets == 2 else "generates one domain"
        if spec.kind not in self.kinds:
            return f"generates {' or '.join(WIRE_NAMES[kind] for kind in self.kinds)}"
        missing = [name for name in self.condition if name not in spec.features]
        return f"is conditioned on a feature {missing[0]!r}" if missing else ""

    def check(self, spec: Spec) -> None:
        """Errors: UserError where the data is of another kind; it names the recipes that fit."""
        why = self.misfit(spec)
        if why:
            fitting = [name for name, r in recipes().items() if not r.misfit(spec)]
            raise UserError(
                f"{self.name} {why}; this data has {', '.join(f.describe() for f in spec.features.values())}. "
                f"Recipes that fit it: {', '.join(fitting) or 'none'}."
            )

    def _known(self, key: str) -> inspect.Parameter:
        if key not in self.parameters:
            shown = ", ".join(f"{k}={show(p.default)}" for k, p in self.parameters.items())
            raise UserError(f"{self.name} has no parameter {key!r}. It has (with their defaults): {shown}.")
        return self.parameters[key]

    def _parse(self, text: str) -> tuple[str, Any]:
        key, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"Parameters are written key=value; received {text!r}.")
        parameter = self._known(key)
        try:
            return key, typed(value, parameter.annotation)
        except ValueError:
            wanted = getattr(parameter.annotation, "__name__", str(parameter.annotation))
            if get_args(parameter.annotation):
                wanted = "numbers separated by commas"
            raise UserError(
                f"{key}={value!r} is not of the right type: {wanted}, as in {key}={show(parameter.default)}."
            ) from None


def recipe(
    *,
    family: str,
    reference: str,
    claims: Sequence[Claim] = (),
    data: str = index.DATA,
    kinds: tuple[str, ...] = ANY_KIND,
    condition: tuple[str, ...] = (),
    targets: int = 1,
    **training: Any,
) -> Callable[[Callable[..., GenerativeModel]], Recipe]:
    """Registers a function (spec, *, parameters...) -> GenerativeModel under its own name.

    Errors: UserError if another function has that name already. A function of a notebook or an interactive session may
    be defined again.
    """

    def register(build: Callable[..., GenerativeModel]) -> Recipe:
        made = Recipe(
            build.__name__, family, reference, build, claims, data, kinds, condition, targets, training=training
        )
        first = _RECIPES.get(made.name)
        if first and first.place != made.place and build.__module__ != "__main__":
            raise UserError(
                f"Two recipes are named {made.name}: one in {first.place}, one in {made.place}. Rename one of them."
            )
        _RECIPES[made.name] = made
        return made

    return register


@functools.cache
def _import_families() -> None:
    for family in index.FAMILIES:
        package = importlib.import_module(f"zoo.{family}s")
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"zoo.{family}s.{module.name}")


def import_files(files: Iterable[str] | None) -> None:
    """Registers the recipes of Python files of the user's (`--recipes`). Errors: UserError, which names the file."""
    if files:
        recipes()  # first, so that a name which the zoo has already is the file's mistake
        plugins.import_files(files)


def recipes() -> Mapping[str, Recipe]:
    """All recipes that are registered now, by name, in the order of families: the zoo's own and the plug-ins'."""
    _import_families()
    plugins.import_recipes()
    return {made.name: made for made in sorted(_RECIPES.values(), key=index.order)}


def get(name: str) -> Recipe:
    """The recipe of this name; `wgan-gp` and `wgan_gp` are the same. Errors: UserError with the known names."""
    known = recipes()
    if name.replace("-", "_") not in known:
        raise unknown("model", name, known)
    return known[name.replace("-", "_")]
