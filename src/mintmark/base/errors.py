"""Every error a user can meet.

MintmarkError
├── RecipeError   the recipe is wrong                        (exit 2)
├── DataError     the data do not fit the recipe             (exit 3)
├── MissingExtra  an optional library is not installed       (exit 4)
├── BundleError   a bundle is damaged or not trusted         (exit 5)
└── BudgetError   no model was ready within the budget       (exit 6)

130 is an interruption; 1 is a bug of ours.
"""

import difflib
from collections.abc import Iterable

INTERRUPTED = 130
"""exit code of what Ctrl-C ended"""


class MintmarkError(Exception):
    """What went wrong, where, and what to do next; `exit_code` is the command line's."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what, self.where, self.fix = what, where, fix
        super().__init__(": ".join(p for p in (where, what) if p) + (f" Try: {fix}" if fix else ""))

    def as_dict(self) -> dict[str, dict[str, str]]:
        """The object that `--json` and REST answer with."""
        return {"error": {"kind": type(self).__name__, "where": self.where, "what": self.what, "try": self.fix}}


class RecipeError(MintmarkError):
    exit_code = 2


class DataError(MintmarkError):
    exit_code = 3


class MissingExtra(MintmarkError):
    exit_code = 4


class BundleError(MintmarkError):
    exit_code = 5


class BudgetError(MintmarkError):
    exit_code = 6


def nearest(got: str, known: Iterable[str]) -> str:
    """The known name most like this one, or nothing."""
    by_lower = {k.lower(): k for k in known}
    near = difflib.get_close_matches(got.lower(), by_lower, n=1)
    return by_lower[near[0]] if near else ""


def unknown(
    kind: str, got: str, known: Iterable[str], *, where: str = "", error: type[MintmarkError] = RecipeError
) -> MintmarkError:
    """Word an unknown name the same way everywhere, with the nearest known one."""
    known = sorted(known)
    near = nearest(got, known)
    listed = ", ".join(known[:30]) + (f" and {len(known) - 30} more" if len(known) > 30 else "")
    fix = f"did you mean {near!r}?" if near else "one of those listed."
    what = f"unknown {kind} {got!r}; known: {listed}." if known else f"unknown {kind} {got!r}: there is none yet."
    return error(what, where=where, fix=fix if known else "another name, once there is one.")
