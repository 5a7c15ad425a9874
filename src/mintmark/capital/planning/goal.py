"""Goal: how many tokens reach it, for this shape and for smaller ones, and what larger batches cost in tokens."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mintmark.base.errors import RecipeError
from mintmark.capital.methods.scaling import LAWS, Law, Scaling, compute_optimal
from mintmark.capital.planning.file import Goal
from mintmark.capital.planning.shape import Shape

STAR, POWER = 2e8, 0.21
"""critical batch in tokens = STAR/loss^(1/POWER) (Kaplan et al., arXiv 2001.08361, equation 1.4)"""
MOST = 50.0
"""times as many tokens as the given shape needs: beyond it a smaller shape is left out"""


@dataclass(frozen=True)
class Target:
    """What training is to reach."""

    tokens: float
    """of the shape as given, the mean where it spreads"""
    loss: float
    """by the law"""
    law: str
    batch_tokens: float
    """of a step that `tokens` belongs to"""
    critical: float
    """tokens of a step at which data and time are both twice their least"""
    spreads: bool
    """whether the file says how the tokens spread"""

    def stretched(self, batch_tokens: Any) -> Any:
        """Times as many tokens for steps of this size, or of these: E = least (1 + B/critical).

        Source: McCandlish et al., arXiv 1812.06162, section 2.3: (S/S_min - 1)(E/E_min - 1) = 1.
        """
        return (1 + batch_tokens / self.critical) / (1 + self.batch_tokens / self.critical)


def target(goal: Goal, shape: Shape, where: str) -> Target:
    """Raises: RecipeError: a loss that a model of this size cannot reach."""
    law = law_of(goal.law)
    tokens = goal.tokens.centre() if goal.tokens else 0.0
    if goal.compute_optimal:
        tokens = compute_optimal(parameters=float(shape.active), law=goal.law)["tokens"]
    if goal.loss is not None:
        tokens = tokens_for(law, shape.active, goal.loss)
        if not np.isfinite(tokens):
            least = law.E + law.A / shape.active**law.alpha
            what = f"a model of this size cannot reach {goal.loss:g}: by the law its loss stays above {least:.3f}."
            raise RecipeError(what, where=f"{where}: goal.loss", fix="a larger loss, or a larger model.")
    if tokens < 1:
        raise RecipeError(f"must be at least 1, got {tokens:g}.", where=f"{where}: goal.tokens", fix="tokens = 20e9")
    loss = float(law.loss(np.array(float(shape.active)), np.array(tokens)))
    critical = goal.critical_batch_tokens or STAR / loss ** (1 / POWER)
    batch = goal.batch_tokens or critical / 8
    return Target(tokens, loss, goal.law, max(batch, shape.seq), critical, goal.tokens is not None)


def law_of(name: Law) -> Scaling:
    """The law of a loss; the first approach of Hoffmann et al. has none, so their third stands for it."""
    return LAWS["chinchilla3" if name == "chinchilla1" else name]


def tokens_for(law: Scaling, parameters: float, loss: float) -> float:
    """Tokens at which a model of so many parameters has this loss; infinite where none suffice."""
    room = loss - law.E - law.A / parameters**law.alpha
    return float((law.B / room) ** (1 / law.beta)) if room > 0 else float("inf")


def leaner(made: Target, shape: Shape, shares: list[float]) -> list[tuple[Shape, float]]:
    """Shapes of equal loss with their tokens, the given one first; those left out that need far more tokens."""
    law = law_of(made.law)  # type: ignore[arg-type]
    found = [(shape, made.tokens)]
    for share in shares:
        small = shape.scaled(share) if share < 1 else shape
        tokens = tokens_for(law, small.active, made.loss)
        if small.parameters < 0.99 * shape.parameters and tokens < MOST * made.tokens:
            found.append((small, tokens))
    return found
