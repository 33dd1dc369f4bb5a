"""One sentence with each explanation: trust it, or do not, because; and what to do then."""

import math
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from explain.report.explanation import Explanation

GOOD_FIT, POOR_FIT = 0.8, 0.5
"""Held-out R² from which the linear model describes the target well, and below which it does not."""

CHANCE = 0.25
"""Share of the coefficients' energy that may be chance of the masks: above it another seed ranks other parts first."""

PLENTY = 20
"""Samples a part from which chance is not cured by more of them: then the parts have little effect of their own."""

STABLE = 0.7
"""VSI from which the strongest parts are the same whatever the seed."""

SATURATED = 0.5
"""Share of answers at 0 or 1 above which a probability tells little of what moves it."""

DEAF = 0.7
"""Rank correlation with the explanation of a network of random weights, above which the answer is the image's and not
the model's."""


class Trust(StrEnum):
    """What the verdict comes to."""

    TRUST = "trust"
    CAUTION = "caution"
    CONSTANT = "constant"
    SATURATED = "saturated"
    UNSTABLE = "unstable"
    LOW_FIDELITY = "low fidelity"
    INSENSITIVE = "insensitive"


class Verdict(NamedTuple):
    """The verdict, and its sentence with the remedy."""

    trust: Trust
    sentence: str


def judge(e: "Explanation") -> Verdict:
    """The first of these that holds: constant, saturated, unstable, deaf to the weights, of low fidelity; or trust."""
    found = _judge(e)
    if not e.company:
        return found
    company = f"It holds in the company of the {e.company} reference inputs only, for this model looks at its batch."
    return Verdict(found.trust, f"{found.sentence} {company}")


def _judge(e: "Explanation") -> Verdict:
    if math.isnan(e.r2):
        return Verdict(
            Trust.CONSTANT,
            "Do not read the coefficients: the target does not change whichever parts are hidden, so there is nothing "
            "to explain. Try another target or baseline.",
        )
    if e.saturated > SATURATED:
        return Verdict(
            Trust.SATURATED,
            f"Do not trust it: {e.saturated:.0%} of the answers are below .01 or above .99, where a probability no "
            "longer shows what moves it. Explain the logits or the score instead.",
        )
    if (unstable := _unstable(e)) is not None:
        return Verdict(Trust.UNSTABLE, unstable)
    if e.quality is not None and e.quality.sanity is not None and e.quality.sanity > DEAF:
        return Verdict(
            Trust.INSENSITIVE,
            f"Do not trust it: shuffled weights give nearly the same ranking (correlation {e.quality.sanity:.2f}), "
            "so it shows the input, not what the model learnt. Try a baseline nearer to the data: mean, blur, patches.",
        )
    fit = max(e.r2_held_out, 0)
    share = f"the parts, added up, account for {fit:.0%} of what hiding them does"
    if fit < POOR_FIT:
        return Verdict(
            Trust.LOW_FIDELITY,
            f"Do not trust it: {share}, for they act on one another. Try larger or other parts, or another baseline.",
        )
    if fit < GOOD_FIT:
        return Verdict(Trust.CAUTION, f"Trust the largest coefficients only: {share}; the rest is how they interact.")
    return Verdict(Trust.TRUST, f"Trust it: {share}, so the coefficients describe the model well around this input.")


def _unstable(e: "Explanation") -> str | None:
    live = len(e.coefficients) - len(e.dead)
    if e.samples < 2 * live:
        return (
            f"Do not trust it: {e.samples} samples are too few for {live} parts, whatever R² says. Take {3 * live} or "
            "more, or fewer parts."
        )
    noise = float((e.errors**2).sum() / max((e.coefficients**2).sum(), 1e-300))
    if noise > CHANCE and e.samples < PLENTY * live:
        return (
            f"Do not trust it: {min(noise, 1):.0%} of the coefficients' size is chance, and another seed would rank "
            f"other parts first. Take {4 * e.samples} samples or more, or larger parts."
        )
    if e.quality is not None and e.quality.vsi < STABLE:
        return (
            f"Do not trust it: over other seeds only {e.quality.vsi:.0%} of the strongest parts stay the same. Take "
            f"{4 * e.samples} samples or more, or larger parts."
        )
    return None
