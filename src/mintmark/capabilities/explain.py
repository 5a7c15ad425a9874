"""Permutation importance: how much the main measure suffers when one column of the questions is shuffled."""

import pyarrow as pa

from mintmark.base.record import Measured
from mintmark.capabilities import Again, Capability
from mintmark.numerics.ctx import Ctx
from mintmark.tasks import Task


def applies(task: Task) -> str | None:
    return "a prompt is not a table of columns" if task.answer == "text" else None


def look(task: Task, again: Again, questions: pa.Table, truth: pa.Table, answers: pa.Table, ctx: Ctx) -> list[Measured]:
    """One measure a column, named after it; above zero where the model leans on it.

    Source: Breiman, Random Forests, Machine Learning 45, 2001, section 10.
    """
    before, out = task.score(answers, truth)[0], []
    for i, name in enumerate(questions.schema.names):
        order = pa.array(ctx.child(i).rng.permutation(len(questions)))
        shuffled = questions.set_column(i, questions.schema.field(i), questions[name].take(order))
        change = before.value - task.score(again(shuffled), truth)[0].value
        source = f"loss of {before.name} on the test rows with this column shuffled once"
        out.append(Measured(name, change if before.better == "up" else -change, before.unit, source=source))
        ctx.report("columns", i + 1, "columns", step=i + 1, of=len(questions.schema))
    return out


CAPABILITY = Capability(applies=applies, look=look)
