"""Planning: what a training run can be done with, how long each way takes, and what it costs."""

from mintmark.capital.planning.answer import plan, said
from mintmark.capital.planning.charge import charges
from mintmark.capital.planning.file import Plan, load, parse
from mintmark.capital.planning.starter import STARTER
from mintmark.capital.planning.study import study
from mintmark.capital.planning.table import plans, rejected

__all__ = ["STARTER", "Plan", "charges", "load", "parse", "plan", "plans", "rejected", "said", "study"]
