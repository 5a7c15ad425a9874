"""Starter: the commented file that `mintmark new price` writes."""

STARTER = """# At which price to sell it, to whom, and how?   mintmark price --assumptions price.toml --run RUN
#
# Every figure is a number, or says how sure you are:
#   12                                    known
#   { low = 8, mode = 12, high = 30 }     least, likeliest, most (PERT)
#   { p10 = 8, p90 = 30 }                 one in ten is below 8, one in ten above 30 (normal; shape = "lognormal")
#   { low = 8, high = 30 }                anything between, all alike
#   { mean = 12, sd = 4 }                 normal
# and may say where it comes from: source = "...", how = "measured" or "assumed", dated = "2026-05-01".
# Money may be of another currency that has a rate below: "100 USD".
# The figures here are made up: put in your own.
kind     = "price"
currency = "EUR"                          # of all that comes out
discount = 0.12                           # a year: what money would earn elsewhere at this risk

[fx]                                      # rates of other currencies that this file or the run names: one USD in EUR
USD = { rate = 0.92, dated = "2026-10-01", source = "illustrative: take the central bank's of the day" }

[product]
name        = "Fraud screening of card payments"
unit        = "1,000 payments"            # what a price is for
predictions = 1000                        # predictions in one unit
batched     = false                       # true: asked for in batches, which costs less
cost_per_1k = { low = 0.01, mode = 0.03, high = 0.1 }            # money for 1,000 predictions; --run takes its own
value_per_case = { p10 = 0.02, p90 = 0.05, source = "pilot" }    # gain from one prediction; --run takes its own

[market.top_down]                         # from above
spend       = { low = 40e6, mode = 60e6, high = 95e6, source = "industry report" }   # TAM: all spending, a year
serviceable = { low = 0.15, mode = 0.25, high = 0.35 }           # SAM: share of it that the product can serve
obtainable  = { low = 0.02, mode = 0.05, high = 0.1 }            # SOM: share of that which three years can win

[[market.segments]]                       # from below: count the customers
name        = "payment processors"
customers   = { low = 250, mode = 320, high = 420 }
spend       = { p10 = 60_000, p90 = 140_000 }                    # of one, on the problem, a year
fit         = { low = 0.3, mode = 0.5, high = 0.7 }              # share that the product can serve
reach       = { low = 0.05, mode = 0.12, high = 0.2 }            # share of those that three years can win
usage       = { p10 = 250, p90 = 900, shape = "lognormal" }      # units of one, a month
acquisition = { low = 4_000, mode = 9_000, high = 20_000 }       # money to win one

[[market.segments]]
name        = "online shops"
customers   = { low = 6_000, mode = 9_000, high = 14_000 }
spend       = { p10 = 1_500, p90 = 5_000 }
fit         = { low = 0.1, mode = 0.2, high = 0.3 }
reach       = { low = 0.01, mode = 0.03, high = 0.05 }
usage       = { p10 = 8, p90 = 60, shape = "lognormal" }
acquisition = { low = 300, mode = 700, high = 1_500 }

# target = ["online shops"]               # in [market], above the first segment: aim at these; else at the best

[[alternatives]]                          # what a customer would do instead
name     = "doing nothing"
price    = 0                              # of one unit
captures = 0                              # share of the product's value that it brings

[[alternatives]]
name        = "rules of one's own"
price       = { p10 = 3, p90 = 6 }
captures    = { low = 0.35, mode = 0.5, high = 0.65 }
differences = [
  { name = "upkeep of the rules", worth = { p10 = 0.5, p90 = 2.0 } },       # what else differs, for one unit
  { name = "a new supplier to trust", worth = { p10 = -1.5, p90 = -0.5 } }, # below 0: the alternative is better
]

[costs]
fixed          = { p10 = 10_000, p90 = 15_000 }                  # a month: people, rent, training of new versions
onboarding     = { low = 500, mode = 1_000, high = 2_500 }       # a new customer
support        = { low = 60, mode = 120, high = 250 }            # a customer a month
fees           = 0.03                                            # share of revenue
other_per_unit = { p10 = 0.1, p90 = 0.4 }                        # network, storage, checks by people

[diffusion]                               # how fast customers come, a year (Bass)
p = { low = 0.01, mode = 0.03, high = 0.06 }                     # by oneself
q = { low = 0.2, mode = 0.4, high = 0.7 }                        # after others
# history = [3, 9, 20, 38, 51, 49]        # instead: customers a product like it won in its first years

[retention]
survival = [0.82, 0.71, 0.64, 0.59]       # share of an earlier cohort still there after 1, 2, ... periods
period   = "year"

[models.sale]                             # prices that are left out follow from the recommended one
maintenance = 0.18                        # share of the price, a year
taken       = { low = 0.1, mode = 0.2, high = 0.35 }             # share of the customers who take it this way
churn       = 0.01                        # a month; with [retention], subscription, usage and licence go by that
[models.subscription]
taken = { low = 0.6, mode = 0.8, high = 0.95 }
[models.usage]
taken = { low = 0.8, mode = 0.95, high = 1.0 }
[models.licence]
taken = { low = 0.2, mode = 0.4, high = 0.6 }
[models.freemium]
lift       = { low = 2, mode = 4, high = 8 }                     # times as many come
paying     = { low = 0.02, mode = 0.05, high = 0.1 }             # share of them that pays
free_usage = { low = 1, mode = 3, high = 5 }                     # units a month of those who do not

[pricing]
margin         = 0.6                      # share of the price left after all costs of a unit (cost-plus)
share_of_value = 0.4                      # share of the advantage over the best alternative that the price takes
elasticity     = { low = -3.0, mode = -2.2, high = -1.5 }        # percent of demand for one percent of price
survey_currency  = "EUR"                  # of --survey, prices of a unit
choices_currency = "EUR"                  # of --choices

[choices]                                 # --choices: a row for each alternative that was shown
id       = "choice"
chosen   = "chosen"
price    = "price"
features = ["caught", "reasons", "none"]
ours     = { caught = 8, reasons = 1 }    # tenths of the fraud caught; says why
rivals   = [{ price = 6, caught = 5 }, { none = 1 }]             # what the product stands beside; none: buying nothing

[tiers]
spread   = 0.9                            # how far customers differ in usage
discount = 0.2                            # what a unit costs less in the largest tier
# [[tiers.offered]]                       # your own, a month; else three are proposed
# name = "Start"
# included = 20
# price = 180
# overage = 10

[transactions]                            # --transactions: a row for each purchase
customer = "customer"
date     = "date"
amount   = "amount"
until    = "2026-06-30"                   # last day that was watched
margin   = 0.7                            # share of an amount left after its cost

[promotion]
budget = 6_000                            # a month

[[promotion.channels]]
name  = "trade fairs"
most  = { low = 0.2, mode = 0.4, high = 0.6 }   # new customers a month that no budget exceeds
half  = { low = 1_500, mode = 2_500, high = 4_000 }              # budget a month that wins half of them
slope = 1.6                               # above 1: a little wins next to nothing
carry = 0.6                               # share of a month's effect that lasts into the next
now   = 4_000                             # budget a month today

[[promotion.channels]]
name  = "technical blog"
most  = { low = 0.1, mode = 0.25, high = 0.4 }
half  = { low = 500, mode = 1_000, high = 2_000 }
slope = 1.0
carry = 0.8
now   = 500

[[promotion.channels]]
name  = "partners"
most  = { low = 0.3, mode = 0.5, high = 0.9 }
half  = { low = 2_000, mode = 3_000, high = 5_000 }
slope = 1.1
carry = 0.5
least = 600                               # promised already
now   = 1_500

[[correlations]]                          # figures that move together
between = ["market.segments[0].customers", "market.segments[0].reach"]
rho     = 0.3
"""
