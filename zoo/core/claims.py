"""What a variant's paper claims, as data: what is measured, against what, in which direction."""

from dataclasses import dataclass

from zoo.core.errors import UserError


@dataclass(frozen=True)
class Claim:
    """A comparison that `zoo verify` makes.

    Attributes:
      says: the claim in words.
      measure: a name of `zoo.evaluation.measures`, taken of the trained variant.
      against: what the same measure is taken of: another model with its parameters ("vae beta=1"), a baseline of that
        measure ("pca"), or a number ("0.9").
      direction: above or below: on which side of it the variant must lie.
    """

    says: str
    measure: str
    against: str
    direction: str = "below"

    def __post_init__(self) -> None:
        if self.direction not in ("above", "below"):
            raise UserError(f"A claim's direction is above or below; received {self.direction!r}.")
