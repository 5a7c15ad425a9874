"""Portfolio: which projects get how much of a budget, period by period, and when to stop one."""

from mintmark.capital.portfolio.rungs import rungs
from mintmark.capital.portfolio.starter import STARTER
from mintmark.capital.portfolio.study import SAMPLES, allocate
from mintmark.capital.portfolio.table import csv

__all__ = ["SAMPLES", "STARTER", "allocate", "csv", "rungs"]
