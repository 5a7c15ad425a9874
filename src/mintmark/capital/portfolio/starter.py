"""Starter: the commented file that `mintmark new allocate` writes."""

STARTER = """# Which projects should a budget go to?   mintmark allocate allocate.toml
#
# Every figure is a number, or says how sure you are:
#   12                                    known
#   { low = 8, mode = 12, high = 30 }     least, likeliest, most (PERT)
#   { p10 = 8, p90 = 30 }                 one in ten is below 8, one in ten above 30 (normal; shape = "lognormal")
#   { low = 8, high = 30 }                anything between, all alike
# and may say where it comes from: source = "...", how = "measured" or "assumed", dated = "2026-05-01".
# Money may be of another currency that has a rate below: "100 USD".
# The figures here are made up: put in your own.
kind     = "allocate"
name     = "two models"                   # what the money is for
currency = "EUR"                          # of all that comes out

# [fx]                                    # rates of other currencies that the file names: one USD in the currency above
# USD = { rate = 0.92, dated = "2026-05-01", source = "European Central Bank" }

[plan]
budget   = [30_000, 20_000]               # new money of each period; what is left is kept for the next
discount = 0.02                           # a period: money of the next one is worth 1/1.02
caution  = 0.5                            # of the mean-CVaR advice: 0 the mean alone, 1 the tail alone
tail     = 0.9                            # CVaR: mean of the losses beyond this share of all

[projects.fraud]
label    = "fraud model"
value    = { low = 3e6, mode = 5e6, high = 9e6, source = "money lost last year" }    # of one unit of error less
minimum  = 8_000                          # least first stage: nothing, or at least this
salvage  = 0.25                           # share of the first stage that comes back when it is stopped after it
# Rows that a model was made from and the error that each brought; or of a run of yours, with = ["learning_curve"]:
# curve = { run = "RUN", measure = "log_loss" }
curve    = { sizes = [2000, 4000, 8000, 16000], errors = [0.171, 0.148, 0.131, 0.117] }   # 1 - accuracy
[projects.fraud.costs]
once     = 4_000                          # before the first row: staff
data     = 0.30                           # a row: bought, labelled
compute  = 0.02                           # a row: learnt from
staff    = { low = 0.03, mode = 0.05, high = 0.10 }       # a row: looked through

[projects.demand]
label    = "forecast of demand"
value    = { low = 1e6, mode = 1.8e6, high = 2.6e6 }      # of one unit of error less
rows     = 20_000                         # learnt from today
most     = 40_000                         # money: more cannot be used
# needs  = ["fraud"]                      # not before that one's first stage
# must   = true                           # it is done in any case
curve    = { a = { p10 = 1.0, p90 = 1.6 }, b = { low = 0.15, mode = 0.22, high = 0.35 }, c = 0.04 }   # a n^-b + c
costs    = { once = 2_000, data = 0.20, compute = 0.05 }                   # then for each row
"""
