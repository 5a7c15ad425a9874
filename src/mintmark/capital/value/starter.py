"""Starter: the commented file that `mintmark new value` writes."""

STARTER = """# What is the model worth?   mintmark value RUN --assumptions value.toml
#
# Every figure is a number, or says how sure you are:
#   12                                    known
#   { low = 8, mode = 12, high = 30 }     least, likeliest, most (PERT)
#   { p10 = 8, p90 = 30 }                 one in ten is below 8, one in ten above 30 (normal; shape = "lognormal")
#   { low = 8, high = 30 }                anything between, all alike
#   { mean = 12, sd = 4 }                 normal
# and may say where it comes from: source = "...", how = "measured" or "assumed", dated = "2026-05-01".
# Money may be of another currency that has a rate below: "100 USD".
# What the run measured (money a case, cost of training and of predictions) is taken from it where it is left out here.
# The figures here are made up: put in your own.
kind = "value"
currency = "USD"                          # of all that comes out

# [fx]                                    # rates of other currencies that the file or the run names: one EUR in USD
# EUR = { rate = 1.08, dated = "2026-05-01", source = "European Central Bank" }

[plan]
years = 3                                 # how long the model is used
discount = 0.12                           # a year: what the money would earn elsewhere at this risk
ramp = [{ low = 0.3, mode = 0.5, high = 0.8 }, 0.9, 1.0]    # share of the cases that it decides in year 1, 2, 3 and on

[cases]
per_year = { p10 = 400_000, p90 = 700_000, source = "last three years" }
growth = { low = 0.0, mode = 0.04, high = 0.1 }             # a year

[accuracy]                                # 1. better decisions, in money of the payoff
# per_case = { p10 = 0.02, p90 = 0.06 }   # money a case more than today; left out: as the run measured it
against = "best"                          # today: the best that needs no model, or "do_nothing",
                                          # "act_on_all", "as_forecast"
holds = { low = 0.6, mode = 0.85, high = 1.0 }              # share of the measured gain that is left in use
fades = { low = 0.0, mode = 0.05, high = 0.15 }             # share of it that is lost each year

[automation]                              # 2. cases decided without a person, and better decisions of management
automatic = { low = 0.5, mode = 0.7, high = 0.9 }           # share of the cases that nobody looks at any more
assisted = 0.05                           # share that a person decides faster
saved_automatic = 0.01                    # money a case beside labour: waiting, mistakes mended
decisions_per_year = 0                    # decisions of management that get better
gain_per_decision = 0                     # money each

# [market]                                # 3. a larger share of the market
# size_per_year = 80_000_000              # sales of all sellers
# share_gained = { low = 0.0, mode = 0.001, high = 0.003 }  # 0.001 is a tenth of a percentage point
# margin = 0.3                            # contribution, as a share of sales

[labour]                                  # 4. hours that are no longer needed
minutes_automatic = { low = 0.1, mode = 0.2, high = 0.5 }   # minutes less for each automatic case
wage_per_hour = { p10 = 28, p90 = 40, source = "payroll with all side costs" }
realised = { low = 0.2, mode = 0.5, high = 0.8 }            # share of the free hours that becomes money

# [revenue]                               # 5. more sales to those who buy already
# base_per_year = 5_000_000               # sales that the model can move
# uplift = { p10 = -0.002, p90 = 0.01 }
# margin = 0.3

[costs]
build = { low = 60_000, mode = 90_000, high = 160_000, source = "offer and own hours" }    # once, today
run_per_year = { low = 25_000, mode = 35_000, high = 60_000 }                              # people and machines
trainings_per_year = 4                    # after the first
# training = 12                           # money each; left out: as the run measured it
# per_1k_predictions = 0.05               # left out: as the run measured it

[data]                                    # what one more labelled row is worth
cost_per_row = 0.4
# exponent = { low = 0.1, mode = 0.3, high = 0.5 }          # what is missed falls as rows^-b; else as in the run

# [experiment]                            # an A/B test: how many users, how often looked at, what it says
# rate = 0.05                             # today's share; or sd and mean of an amount a user
# relative_effect = 0.05                  # smallest change worth seeing
# correlation = 0.6                       # with the same measure before the test (CUPED)
# looks = 4
# users_per_day = 5_000
# data = "test.csv"                       # columns variant (control, ...), value, and before

[[correlations]]                          # figures that move together
between = ["accuracy.holds", "plan.ramp[0]"]
rho = 0.4
"""
