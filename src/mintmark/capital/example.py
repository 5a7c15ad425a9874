"""A line to try for each calculator: inputs whose answer its source prints, where there is one."""

from collections.abc import Mapping
from typing import Any

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    # training
    "parameters": {"hidden": 12288, "layers": 80, "vocab": 51200, "seq": 2048},
    "training_flops": {"parameters": 174.6e9, "tokens": 300e9},
    "utilisation": {
        "hidden": 12288, "layers": 96, "seq": 2048, "vocab": 51200, "batch": 64, "iteration_s": 13.75, "gpus": 64,
        "peak_tflops": 312, "recompute": "selective",
    },
    "mfu_tokens": {
        "parameters": 540.35e9, "layers": 118, "heads": 48, "head_dim": 256, "seq": 2048, "tokens_per_s": 238300,
        "chips": 6144, "peak_tflops": 275,
    },
    "bubble": {"stages": 8, "microbatches": 64, "interleave": 3},
    "training_days": {"parameters": 175e9, "tokens": 300e9, "gpus": 1024, "tflops": 140},
    "energy": {"gpu_hours": 82432, "watts": 400, "pue": 1.1, "t_per_mwh": 0.385},
    "checkpoint_interval": {"dump_min": 5, "mtbf_min": 720},
    "zero_memory": {"parameters": 7.5e9, "gpus": 64},
    "activation_memory": {"seq": 2048, "batch": 1, "hidden": 12288, "heads": 96, "layers": 96, "tensor_parallel": 8},
    "kv_cache": {"layers": 80, "kv_heads": 8, "head_dim": 128},
    "lora_parameters": {"matrices": 192, "width": 12288, "rank": 1},
    "compute_optimal": {"parameters": 1e9},
    "scaling_fit": {"csv": "runs.csv"},
    # allocation
    "knapsack": {"capacity": 26, "profits": [24, 13, 23, 15, 16], "weights": [12, 7, 11, 8, 9]},
    "hyperband": {"max_resource": 81, "eta": 3},
    "gittins": {"a": 1, "b": 1, "discount": 0.9},
    "unit_normal_loss": {"z": -1},
    "learning_curve": {
        "sizes": [500, 1000, 2000, 4000, 8000], "errors": [0.21, 0.168, 0.14, 0.121, 0.107], "at": 50000,
    },
    # finance
    "npv": {"rate": 0.1, "flows": [-10000, 3000, 4200, 6800]},
    "irr": {"flows": [-70000, 12000, 15000, 18000, 21000, 26000]},
    "xirr": {
        "flows": [-10000, 2750, 4250, 3250, 2750],
        "dates": ["2008-01-01", "2008-03-01", "2008-10-30", "2009-02-15", "2009-04-01"],
    },
    "mirr": {"flows": [-120000, 39000, 30000, 21000, 37000, 46000], "finance_rate": 0.1, "reinvest_rate": 0.12},
    "break_even_volume": {"margin": 0.45, "price_change": -0.05},
    "newsvendor": {"mean": 3192, "sd": 1181, "price": 190, "cost": 110, "salvage": 90},
    # value of a model
    "emp_churn": {"y": [0, 1, 0, 1, 0, 1, 0, 1], "score": [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9]},
    "emp_credit": {"y": [0, 1, 0, 1, 0, 1, 0, 1], "score": [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9]},
    "h_measure": {"y": [0, 1, 0, 1, 0, 1, 0, 1], "score": [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9]},
    "savings": {
        "y": [0, 1, 0, 1, 0, 1, 0, 1], "predicted": [0, 0, 0, 1, 1, 1, 0, 1], "cost_fp": 10,
        "cost_fn": [0, 100, 0, 50, 0, 80, 0, 20],
    },
    "ab_sample_size": {"rate": 0.05, "relative_effect": 0.05},
    "group_sequential": {"looks": 4, "kind": "pocock"},
    # risk
    "pert": {"low": 4, "mode": 5.5, "high": 10, "quantile": 0.8},
    "project_network": {
        "activities": {
            "data": {"low": 5, "mode": 8, "high": 17},
            "train": {"low": 3, "mode": 4, "high": 9, "after": ["data"]},
            "server": {"low": 2, "mode": 3, "high": 6},
            "launch": {"low": 1, "mode": 2, "high": 3, "after": ["train", "server"]},
        },
        "deadline": 18,
    },
    "cvar": {"losses": [-2, -1, 0, 1, 1, 2, 3, 5, 8, 13], "beta": 0.8},
    "cvar_portfolio": {
        "means": [0.010111, 0.0043532, 0.0137058],
        "cov": [
            [0.00324625, 0.00022983, 0.00420395], [0.00022983, 0.00049937, 0.00019247],
            [0.00420395, 0.00019247, 0.00764097],
        ],
        "target": 0.011,
    },
    "decision_tree": {
        "tree": {
            "decision": {
                "drill": {"chance": {"oil": {"p": 0.25, "value": 700}, "dry": {"p": 0.75, "value": -100}}},
                "sell": 90,
            }
        }
    },
    "cusum_arl": {"k": 0.5, "h": 4, "shift": 1},
    "ewma_arl": {"lambda": 0.1, "L": 2.814, "shift": 1},
    "american_put": {"spot": 50, "strike": 50, "rate": 0.1, "sigma": 0.4, "years": 0.4166667, "steps": 100},
    "correlation_understatement": {"n": 10, "rho": 0.2},
    "psi": {"expected": [100, 300, 400, 200], "actual": [80, 250, 420, 250]},
    "ks_threshold": {"alpha": 0.05},
    # customers and demand
    "bg_nbd_fit": {"csv": "customers.csv"},
    "bg_nbd_expect": {
        "r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426, "x": 2, "t_x": 30.43, "T": 38.86, "horizon": 39,
    },
    "bg_bb_fit": {"csv": "donations.csv"},
    "sbg_fit": {"survival": [63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1], "periods": 12},
    "margin_multiple": {"retention": 0.8, "discount": 0.1},
    "bass_fit": {"sales": [747, 1480, 2646, 5118, 5777, 5982, 5962, 4631]},
    "bass_peak": {"p": 0.0185, "q": 0.6159, "m": 39659},
    "logit_fit": {
        "csv": "heating.csv", "choice": "depvar", "alternatives": ["gc", "gr", "ec", "er", "hp"],
        "features": ["ic", "oc"],
    },
    "van_westendorp": {
        "too_cheap": [2, 3, 4, 5, 6], "cheap": [4, 5, 6, 7, 8], "expensive": [7, 8, 9, 11, 12],
        "too_expensive": [9, 11, 13, 14, 15],
    },
    "optimal_price": {"cost": 10, "elasticity": -2},
    "unit_economics": {"arpa": 100, "margin": 0.8, "churn": 0.03, "cac": 1200},
}  # fmt: skip
