"""What more rows bring: the chosen model is fitted on parts of its rows too, and judged on the same validation rows."""

from mintmark.capabilities import Capability
from mintmark.tasks import Task


def applies(task: Task) -> str | None:
    """Any task can do it: a part leaves questions out, never their past."""
    return None


CAPABILITY = Capability(applies=applies, shares=(0.125, 0.25, 0.5))
