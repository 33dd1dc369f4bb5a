"""Name -> recipe. A variant registers itself with `@recipe` by being in a module of a family's folder."""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from zoo.core.claims import Claim
from zoo.core.config import TrainConfig
from zoo.core.errors import UserError, unknown
from zoo.core.features import WIRE_NAMES, Spec
from zoo.core.model import GenerativeModel

FAMILIES = ("autoencoders", "vaes", "gans")
ANY_KIND = ("image", "video", "volume", "audio", "series", "table", "vector")
"""What perceptrons take: every kind whose examples are numbers of a fixed shape."""
_RECIPES: dict[str, "Recipe"] = {}


@dataclass(frozen=True)
class Recipe:
    """How to build a variant and how it is trained unless told otherwise.

    Attributes:
      build: (spec, **parameters) -> the model.
      claims: what the paper promises, each shown or not by `zoo verify`.
      data: what it is trained on unless told otherwise, which also says what kind of data it is for.
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
    data: str = "mnist-5k"
    kinds: tuple[str, ...] = ANY_KIND
    condition: tuple[str, ...] = ()
    targets: int = 1
    training: Mapping[str, Any] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """The first line of the recipe's docstring."""
        return (inspect.getdoc(self.build) or "").partition("\n")[0]

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """The recipe's own parameters by name, with types and defaults."""
        signature = inspect.signature(self.build)
        return {k: p for k, p in signature.parameters.items() if p.kind is p.KEYWORD_ONLY}

    def config(self, **overrides: Any) -> TrainConfig:
        """This recipe's training, with the overrides that are not None."""
        return TrainConfig(**{**self.training, **{k: v for k, v in overrides.items() if v is not None}})

    def parse(self, assignments: Iterable[str]) -> dict[str, Any]:
        """key=value strings -> typed keyword arguments of `build`. Errors: UserError."""
        return dict(self._parse(text) for text in assignments)

    def __call__(self, spec: Spec, **parameters: Any) -> GenerativeModel:
        """Builds the model for data of this spec.

        Errors: UserError for parameters that are not the recipe's, and data that it is not for.
        """
        for key in parameters:
            self._known(key)
        self.check(spec)
        return self.build(spec, **parameters)

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
            return key, _typed(value, parameter.annotation)
        except ValueError:
            wanted = getattr(parameter.annotation, "__name__", str(parameter.annotation))
            if get_args(parameter.annotation):
                wanted = "numbers separated by commas"
            raise UserError(
                f"{key}={value!r} is not of the right type: {wanted}, as in {key}={show(parameter.default)}."
            ) from None


def show(value: Any) -> str:
    """A parameter's value as it is written in key=value."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _typed(value: str, kind: Any) -> Any:
    if kind is bool:
        if value.lower() not in ("true", "false", "1", "0"):
            raise ValueError(value)
        return value.lower() in ("true", "1")
    if args := get_args(kind):
        return tuple(_typed(part, args[0]) for part in value.split(",") if part)
    return kind(value)


def recipe(
    *,
    family: str,
    reference: str,
    claims: Sequence[Claim] = (),
    data: str = "mnist-5k",
    kinds: tuple[str, ...] = ANY_KIND,
    condition: tuple[str, ...] = (),
    targets: int = 1,
    **training: Any,
) -> Callable[[Callable[..., GenerativeModel]], Recipe]:
    """Registers a function (spec, *, parameters...) -> GenerativeModel under its own name."""

    def register(build: Callable[..., GenerativeModel]) -> Recipe:
        made = Recipe(
            build.__name__, family, reference, build, claims, data, kinds, condition, targets, training=training
        )
        _RECIPES[made.name] = made
        return made

    return register


@functools.cache
def recipes() -> Mapping[str, Recipe]:
    """All recipes by name, in the order of families."""
    for family in FAMILIES:
        package = importlib.import_module(f"zoo.{family}")
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"zoo.{family}.{module.name}")
    return dict(_RECIPES)


def get(name: str) -> Recipe:
    """The recipe of this name; `wgan-gp` and `wgan_gp` are one. Errors: UserError with the known names."""
    known = recipes()
    if name.replace("-", "_") not in known:
        raise unknown("model", name, known)
    return known[name.replace("-", "_")]
