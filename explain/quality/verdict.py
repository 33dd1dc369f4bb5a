"""The verdict on an explanation: one sentence that says whether to trust it, why, and what to do if not."""

import math
from enum import StrEnum
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from explain.quality.metrics import Quality

GOOD_FIT, POOR_FIT = 0.8, 0.5
"""Held-out R² above which the linear model describes the target well, and below which it does not."""

NOISE = 0.25
"""Share of the squared coefficients that may be sampling noise; above it another seed gives another ranking."""

MANY = 20
"""Samples per part above which more samples do not help: then the parts have little effect of their own."""

STABLE = 0.7
"""VSI above which the strongest parts are the same for other seeds."""

SATURATED = 0.5
"""Share of probabilities near 0 or 1 above which they show little of what changes them."""

INSENSITIVE = 0.7
"""Rank correlation with explanations of shuffled weights above which the ranking shows the input, not the model."""


class Trust(StrEnum):
    """The result of a verdict."""

    TRUST = "trust"
    CAUTION = "caution"
    CONSTANT = "constant"
    SATURATED = "saturated"
    UNSTABLE = "unstable"
    LOW_FIDELITY = "low fidelity"
    INSENSITIVE = "insensitive"


class Verdict(NamedTuple):
    """A result, and a sentence that gives the reason and the remedy."""

    trust: Trust
    sentence: str


class Evidence(Protocol):
    """The fields of an explanation on which the verdict depends."""

    @property
    def coefficients(self) -> NDArray[np.float64]:
        """(K,)."""

    @property
    def errors(self) -> NDArray[np.float64]:
        """(K,) their standard errors."""

    @property
    def dead(self) -> tuple[int, ...]:
        """Parts that equal the baseline."""

    @property
    def baseline(self) -> str:
        """Its name."""

    @property
    def better_baseline(self) -> str | None:
        """The name of a baseline that fewer parts equal, if there is one."""

    @property
    def samples(self) -> int:
        """Rows of the fit."""

    @property
    def r2(self) -> float:
        """R² of the fit; NaN if the target is constant."""

    @property
    def r2_held_out(self) -> float:
        """R² on held-out rows."""

    @property
    def saturated(self) -> float:
        """Share of probabilities near 0 or 1."""

    @property
    def reference_size(self) -> int:
        """Inputs of the reference batch; 0 without one."""

    @property
    def quality(self) -> Quality | None:
        """The quality metrics, if they were evaluated."""


def judge(e: Evidence) -> Verdict:
    """The first that applies of constant, saturated, unstable, insensitive, low fidelity and caution; else trust."""
    found = _judge(e)
    if not e.reference_size:
        return found
    condition = f"It holds only together with the reference batch of {e.reference_size} inputs."
    return Verdict(found.trust, f"{found.sentence} {condition}")


def _judge(e: Evidence) -> Verdict:
    if math.isnan(e.r2):
        return Verdict(
            Trust.CONSTANT,
            "Do not read the coefficients: the target is the same whichever parts are masked, so there is nothing to "
            "explain. Try another target or baseline.",
        )
    if e.saturated > SATURATED:
        return Verdict(
            Trust.SATURATED,
            f"Do not trust it: {e.saturated:.0%} of the outputs are below .01 or above .99, where a probability no "
            "longer shows what changes it. Explain the logits or the score instead.",
        )
    if (unstable := _unstable(e)) is not None:
        return Verdict(Trust.UNSTABLE, unstable)
    if e.quality is not None and e.quality.sanity is not None and e.quality.sanity > INSENSITIVE:
        return Verdict(
            Trust.INSENSITIVE,
            f"Do not trust it: shuffled weights give nearly the same ranking (correlation {e.quality.sanity:.2f}), "
            "so it shows the input, not what the model learned. Try a baseline like the data: mean, blur, patches.",
        )
    return _by_fit(e)


def _by_fit(e: Evidence) -> Verdict:
    fit = max(e.r2_held_out, 0)
    share = f"a sum of the parts' effects accounts for {fit:.0%} of the target's variation"
    if fit < POOR_FIT:
        return Verdict(
            Trust.LOW_FIDELITY,
            f"Do not trust it: {share}, because parts interact. Try larger or other parts, or another baseline.",
        )
    if fit < GOOD_FIT:
        sentence = f"Trust only the largest coefficients: {share}; the rest are interactions."
        return Verdict(Trust.CAUTION, f"{sentence} {_untested(e)}".strip())
    if e.dead:
        return Verdict(Trust.CAUTION, f"Trust it for the parts that differ from the baseline: {share}. {_untested(e)}")
    return Verdict(Trust.TRUST, f"Trust it: {share}, so the coefficients describe the model well around this input.")


def _untested(e: Evidence) -> str:
    """What is not known about parts that equal the baseline, and the remedy; empty if there are none."""
    if not e.dead:
        return ""
    remedy = f"the baseline {e.better_baseline}" if e.better_baseline else "another baseline"
    unknown = f"{len(e.dead)} of {len(e.coefficients)} parts"
    return (
        f"Nothing is known about {unknown}: they equal the baseline, {e.baseline}, so "
        f"masking them changes nothing. Try {remedy}."
    )


def _unstable(e: Evidence) -> str | None:
    live = len(e.coefficients) - len(e.dead)
    if e.samples < 2 * live:
        return (
            f"Do not trust it: {e.samples} samples are too few for {live} parts, whatever R² says. Take {3 * live} or "
            "more, or fewer parts."
        )
    noise = float((e.errors**2).sum() / max((e.coefficients**2).sum(), 1e-300))
    if noise > NOISE and e.samples < MANY * live:
        return (
            f"Do not trust it: {min(noise, 1):.0%} of the squared coefficients is sampling noise; another seed would "
            f"rank the parts differently. Take {4 * e.samples} samples or more, or larger parts."
        )
    if e.quality is not None and e.quality.vsi < STABLE:
        return (
            f"Do not trust it: over other seeds only {e.quality.vsi:.0%} of the strongest parts stay the same. Take "
            f"{4 * e.samples} samples or more, or larger parts."
        )
    return None
