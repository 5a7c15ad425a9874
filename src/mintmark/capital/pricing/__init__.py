"""Pricing: the price to sell a model at, and the plan for its market, from assumptions and what a run measured."""

from mintmark.capital.pricing.bill import charges
from mintmark.capital.pricing.file import Plan
from mintmark.capital.pricing.plan import plan
from mintmark.capital.pricing.starter import STARTER
from mintmark.capital.pricing.study import SAMPLES
from mintmark.capital.pricing.table import csv

__all__ = ["SAMPLES", "STARTER", "Plan", "charges", "csv", "plan"]
