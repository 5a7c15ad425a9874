"""Register: the risks of a model, what they can cost, what is done about them, and what the server watches for them."""

from mintmark.capital.register.evidence import Evidence, evidence
from mintmark.capital.register.exports import EXPORTS, write
from mintmark.capital.register.monitor import live, monitor
from mintmark.capital.register.starter import STARTER, starter
from mintmark.capital.register.study import SAMPLES, risk
from mintmark.capital.register.table import csv

__all__ = [
    "EXPORTS", "SAMPLES", "STARTER", "Evidence", "csv", "evidence", "live", "monitor", "risk", "starter", "write",
]  # fmt: skip
