"""Starter: the commented file that `mintmark new plan` writes."""

STARTER = """# What does training cost, how long does it take, and what saves most?   mintmark plan plan.toml
#
# A figure is a number, or says how sure you are:
#   12                                    known
#   { low = 8, mode = 12, high = 30 }     least, likeliest, most (PERT)
#   { p10 = 8, p90 = 30 }                 one in ten is below 8, one in ten above 30 (normal; shape = "lognormal")
# and may say where it comes from: source = "...", how = "measured" or "assumed", dated = "2026-05-01".
# All tables but model and goal may be left out.
kind     = "plan"
currency = "EUR"                          # of all that comes out; prices of machines are in USD

[fx]
USD = { rate = 0.92, dated = "2026-10-01", source = "illustrative: take the central bank's of the day" }

[model]                                   # or: config = "config.json", as Hugging Face has it
name     = "A language model of 6.7 billion parameters"
hidden   = 4096
layers   = 32
heads    = 32
kv_heads = 32                             # fewer than heads: grouped queries
ffn      = 11008                          # width of the feed-forward layer
gated    = true                           # with three matrices in it, as in Llama
tied     = false                          # one table of words for input and output
vocab    = 32000
seq      = 2048                           # tokens of a sequence

[goal]                                    # tokens, or: loss = 2.6, or: compute_optimal = true
tokens = { low = 45e9, mode = 50e9, high = 80e9 }
law    = "epoch2024"                      # which law of scaling says what loss that is
most_days = 60                            # holds in 8 of 10 chances; so does
# most_cost = 20_000

[fleet]
gpus       = ["A100-80GB", "H100", "L40S"]   # the first is what the waterfall begins with
gpu_counts = [1, 2, 4, 8, 16, 32, 64, 128]    # that train together
spot       = true                         # machines that can be taken back at any time
# clouds = ["aws", "lambda"]
# prices = "vms.csv"                      # a price list as SkyPilot's catalogue has them

[layouts]                                 # which to try
precisions    = ["fp32", "mixed"]         # also tf32, fp8; mixed: bf16, or fp16
micro_batches = [1, 2, 4, 8, 16]          # sequences that a GPU works on at once
batches       = [1, 2, 4]                 # tokens of a step, times those of the goal

[transfer]                                # from nothing, or from a pretrained model: tokens for the same loss
methods = ["scratch", "full", "lora", "qlora"]
full    = { low = 0.02, mode = 0.05, high = 0.25 }   # share of the tokens from nothing: assumed, try it on a little
lora    = { low = 0.02, mode = 0.07, high = 0.35 }
qlora   = { low = 0.02, mode = 0.08, high = 0.4 }
rank    = 16

[spot]
reclaimed_per_hour = { low = 0.002, mode = 0.02, high = 0.1 }   # chance in an hour, of each machine
restart_minutes    = { low = 5, mode = 12, high = 40 }
checkpoint_gb_s    = 1.0                  # speed at which each machine writes a checkpoint

[costs]
overrun = { low = 1.02, mode = 1.1, high = 1.4 }     # times the hours of the run: starts that failed, tests
fixed   = "200 USD"                       # whatever the plan: storage, preparing the data

[energy]
pue       = { low = 1.08, mode = 1.15, high = 1.5 }  # energy of the data centre over that of its machines
t_per_mwh = { low = 0.05, mode = 0.385, high = 0.7 } # t CO2eq of a MWh of the grid
"""
