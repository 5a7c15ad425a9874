"""Value: what a model is worth, question by question of those who pay for it. See worth.py."""

from mintmark.capital.value.bill import charges
from mintmark.capital.value.known import NOT_YET, Known, Realised, known, realised
from mintmark.capital.value.said import Said
from mintmark.capital.value.starter import STARTER
from mintmark.capital.value.table import csv
from mintmark.capital.value.worth import SAMPLES, value

__all__ = ["NOT_YET", "SAMPLES", "STARTER", "Known", "Realised", "Said", "charges", "csv", "known", "realised", "value"]
