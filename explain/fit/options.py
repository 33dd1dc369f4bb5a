"""The options of a fit."""

from dataclasses import dataclass

from explain.errors import RequestError
from explain.fit.engines import ENGINES
from explain.fit.masks import replicate_rows

SAMPLES = {"lime": 1000, "fast": 513}
"""Default number of samples by engine, at which both are about equally stable for 49 parts."""


@dataclass(frozen=True)
class Options:
    """How perturbed inputs are sampled and the surrogate is fitted. Errors: RequestError."""

    samples: int | None = None  # most rows of the fit, the input itself included; None: see `rows`
    seed: int = 0
    engine: str = "fast"
    alpha: float = 1e-3  # ridge penalty per sample; at 1000 samples that of the package lime, Ridge(alpha=1)
    kernel_width: float = 0.25  # in cosine distance, as for images in the package lime
    tolerance: float = 1e-4  # allowed change of f(x) between calls, relative to the larger of f(x) and f(baseline)
    agreement: float = 0.05  # relative error of the mean of replicates at which `fast` stops; 0: it uses all samples

    def __post_init__(self) -> None:
        if self.samples is not None and self.samples < 2:
            raise RequestError(f"A fit takes 2 samples or more, usually 500; received {self.samples}.")
        if self.seed < 0:
            raise RequestError(f"A seed is 0 or larger; received seed={self.seed}.")
        if self.engine not in ENGINES:
            raise RequestError(f"There is no engine {self.engine!r}. Known: {', '.join(sorted(ENGINES))}.")
        for name in ("alpha", "kernel_width", "tolerance"):
            if not getattr(self, name) > 0:
                raise RequestError(f"{name} must be larger than 0; received {getattr(self, name)}.")
        if not self.agreement >= 0:
            raise RequestError(f"agreement must be 0 or larger, usually 0.05; received {self.agreement}.")

    def rows(self, parts: int) -> int:
        """The most rows of the fit: `samples`, or the default of the engine, for `fast` at least four replicates."""
        return self.samples or max(SAMPLES[self.engine], 1 + 4 * replicate_rows(parts) if self.engine == "fast" else 0)
