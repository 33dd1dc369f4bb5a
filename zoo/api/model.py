"""A trained model and what can be done with it, wherever it runs."""

import abc
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from serving.protocol.errors import ServingError
from serving.protocol.signatures import Signature
from zoo.api import pictures, values
from zoo.api.values import Meanings
from zoo.core.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

    from explain import Explanation, Local, Remote

_CODES = ("codes", "mean")
"""The outputs of `encode` that `decode` takes, the first that there is."""


class MissingVerb(UserError, AttributeError):
    """The model has no such signature. The message lists those that it has."""


class Model(abc.ABC):
    """A trained model: a run, an exported version, or one behind a server. All have the same methods.

    Arrays go in and come out with one row for each example. Pictures, videos and volumes go in as floats in [0, 1] or
    as uint8, and come out as float32 in [0, 1]. The columns of a table go in as a DataFrame or a mapping and come out
    as a mapping of arrays, or as a DataFrame where one went in. All other data is in its own units. A label is a number
    or, where the names of the classes are known, a name: one for all rows, or one for each.

    A method whose signature the model lacks raises MissingVerb; `signatures` has those that are there. All methods
    raise UserError for inputs of a wrong shape, type or range, and ServingError where a server fails.

    Attributes:
      name: of the model.
      version: of an exported model, as a number; None for a run.
      signatures: what the model offers: by name, the shapes and types of inputs and outputs.
    """

    name: str
    version: int | None
    signatures: Mapping[str, Signature]
    _meanings: Meanings
    _frame: Any = None

    # What each place does in its own way.

    @abc.abstractmethod
    def _answer(self, signature: str, tensors: values.Tensors) -> Mapping[str, Any]:
        """The outputs of a signature for a whole batch."""

    @abc.abstractmethod
    def _source(self, target: str | None, label: int | None) -> "Local | Remote":
        """What `explain` evaluates."""

    @abc.abstractmethod
    def _facts(self) -> Mapping[str, str]:
        """What is known of the model, for people: by a word, a line."""

    # Verbs.

    @final
    def call(self, signature: str, /, **inputs: Any) -> dict[str, NDArray[Any]]:
        """Every output of a signature, by name.

        Args:
          signature: one of `signatures`.
          inputs: by name, the batch in dimension 0; a single value stands for that value in every row.
        """
        made = values.tensors(signature, self._signature(signature), inputs, self._meanings)
        return values.received(self._answer(signature, made))

    @final
    def sample(self, count: int = 1, *, seed: int = 0, **condition: Any) -> Any:
        """New examples (count, ...), of seeds from `seed` on: a seed gives the same example in every place.

        Args:
          condition: what a conditional model is given: label=3, label=["cat", "dog", ...].
        """
        if count < 1:
            raise UserError(f"count is 1 or more; received {count}.")
        outputs = self.call("sample", seed=np.arange(seed, seed + count), **condition)
        return values.example_outputs(outputs, self._meanings, self._frame)

    @final
    def encode(self, x: Any, **condition: Any) -> NDArray[Any]:
        """The codes (n, D) of examples, as `decode` takes them: of a VAE the means of q(z|x)."""
        outputs = self._given("encode", x, condition)
        return outputs[next((name for name in _CODES if name in outputs), next(iter(outputs)))]

    @final
    def decode(self, codes: Any, **condition: Any) -> Any:
        """The examples of codes (n, D)."""
        outputs = self.call("decode", codes=codes, **condition)
        return values.example_outputs(outputs, self._meanings, self._frame)

    @final
    def reconstruct(self, x: Any, **condition: Any) -> Any:
        """Examples, encoded and decoded again."""
        return self._examples("reconstruct", x, condition)

    @final
    def denoise(self, x: Any, **condition: Any) -> Any:
        """Examples without their noise."""
        return self._examples("denoise", x, condition)

    @final
    def upscale(self, x: Any, **condition: Any) -> Any:
        """Pictures, enlarged."""
        return self._examples("upscale", x, condition)

    @final
    def a_to_b(self, x: Any, **condition: Any) -> Any:
        """Examples of the domain a, translated into b."""
        return self._examples("a_to_b", x, condition)

    @final
    def b_to_a(self, x: Any, **condition: Any) -> Any:
        """Examples of the domain b, translated into a."""
        return self._examples("b_to_a", x, condition)

    @final
    def generate(self, latents: Any, **condition: Any) -> Any:
        """What a generator makes of latents (n, D) of one's own; `sample` takes them from the prior."""
        outputs = self.call("generate", latents=latents, **condition)
        return values.example_outputs(outputs, self._meanings, self._frame)

    @final
    def discriminate(self, x: Any, **condition: Any) -> dict[str, NDArray[Any]]:
        """What a discriminator says of examples, by name: logits (n,) and, by model, probabilities and others."""
        return self._given("discriminate", x, condition)

    @final
    def anomaly(self, x: Any, **condition: Any) -> NDArray[Any]:
        """How unlike its data the model finds examples: scores (n,), higher for stranger ones."""
        return self._given("anomaly", x, condition)["score"]

    @final
    def log_likelihood(self, x: Any, *, seed: int = 0, **condition: Any) -> NDArray[Any]:
        """An estimate of log p(x) in nats (n,), from below; `seed` is that of the first row's draws."""
        takes = self._signature("log_likelihood")
        made = values.examples(x, takes, self._meanings)
        seeds = np.arange(seed, seed + len(next(iter(made.values()))))
        return self.call("log_likelihood", **made, seed=seeds, **condition)["log_likelihood"]

    @final
    def explain(
        self, x: Any, *, target: str | None = None, label: int | str | None = None, **options: Any
    ) -> "Explanation":
        """Which parts of one example raise and which lower a number that the model says of it. See `explain.explain`.

        Args:
          x: one example, without a batch.
          target: `signature:output`, `output`, `output[k]` or `output[a]-output[b]`; by default logits, or else scores.
          label: the class, for a conditional model.
          options: of `explain.explain`: map, samples, baseline (by default "mean", 0 for rows), seed, engine, quality.

        Errors: also explain.ExplainError.
        """
        import explain

        number = None if label is None else int(values.labels(label, self._meanings.classes))
        with self._source(target, number) as source:
            array = values.example(x, source.shape)
            return explain.explain(source, array, **{"baseline": "mean" if array.ndim > 2 else 0.0, **options})

    @final
    def show(self, count: int = 16, *, seed: int = 0, **condition: Any) -> "Image":
        """Samples as one picture, which a notebook shows; a video is a row of its frames.

        Without a condition a conditional model takes its classes in turn, where it knows them.
        """
        classes = len(self._meanings.classes)
        if classes and not condition and "label" in self._signature("sample").inputs:
            condition = {"label": np.arange(count) % classes}
        return pictures.sheet(self.sample(count, seed=seed, **condition))

    def give_frames(self, frame: Any) -> None:
        """Lets samples and decoded rows of a table be DataFrames like this one. `zoo.train` does so for a DataFrame."""
        self._frame = frame

    # What the verbs share.

    def _signature(self, name: str) -> Signature:
        if name not in self.signatures:
            raise MissingVerb(f"{self.name} has no {name!r}. It has: {', '.join(self._verbs())}.")
        return self.signatures[name]

    def _verbs(self) -> list[str]:
        return [name for name in self.signatures if name != "serving_default"]

    def _given(self, signature: str, x: Any, condition: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        return self.call(signature, **values.examples(x, self._signature(signature), self._meanings), **condition)

    def _examples(self, signature: str, x: Any, condition: Mapping[str, Any]) -> Any:
        return values.example_outputs(self._given(signature, x, condition), self._meanings, x)

    # What is shown of the model.

    @final
    def __repr__(self) -> str:
        """The facts and the signatures, a line each."""
        lines = [f"{word}: {line}" for word, line in self._facts().items()]
        return "\n".join([f"{type(self).__name__} {self.name}", *lines, *pictures.signatures(self.signatures)])

    @final
    def _repr_html_(self) -> str:
        """For a notebook: the facts, the signatures and sixteen samples."""
        return pictures.page(f"{type(self).__name__} {self.name}", self._facts(), self.signatures, self._shown())

    def _shown(self) -> "Image | None":
        """Samples, where the model has pictures to show and its server answers."""
        try:
            return self.show()
        except (UserError, ServingError):
            return None
