"""One peer on one split, in the peer's own environment: tabular_peer.py TOOL TRAIN TEST TARGET POSITIVE SECONDS OUT.

Writes OUT/probability.npy (of the positive class, test rows) and OUT/peer.json (seconds to answer, bytes to ship).
"""

import json
import pickle
import shutil
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd


def pipeline(x, model, *, scaled):
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    words = make_column_selector(dtype_include=object)
    if scaled:
        numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        names = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    else:
        numbers = "passthrough"
        names = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)
    columns = make_column_transformer((names, words), remainder=numbers, verbose_feature_names_out=False)
    return make_pipeline(columns, model)


def lightgbm_default(x, y, seconds):
    from lightgbm import LGBMClassifier

    return pipeline(x, LGBMClassifier(verbosity=-1, random_state=0), scaled=False).fit(x, y), ("lightgbm",)


def logistic(x, y, seconds):
    from sklearn.linear_model import LogisticRegression

    return pipeline(x, LogisticRegression(max_iter=5000), scaled=True).fit(x, y), ("scikit-learn",)


def ebm(x, y, seconds):
    from interpret.glassbox import ExplainableBoostingClassifier

    return ExplainableBoostingClassifier(random_state=0, n_jobs=-1).fit(x, y), ("interpret-core",)


def flaml(x, y, seconds):
    from flaml import AutoML

    made = AutoML()
    made.fit(x, y, task="classification", metric="roc_auc", time_budget=seconds, seed=1, verbose=0)
    return made, ("flaml", "lightgbm", "xgboost-cpu", "catboost")


def autogluon(x, y, seconds, folder):
    from autogluon.tabular import TabularPredictor

    table = x.assign(**{"(target)": y})
    made = TabularPredictor("(target)", eval_metric="roc_auc", path=str(folder), verbosity=0)
    made.fit(table, time_limit=seconds)
    return made, ("autogluon.tabular", "lightgbm", "xgboost", "catboost")


def main(tool, train, test, target, positive, seconds, out):
    out = Path(out)
    rows, asked = pd.read_csv(train), pd.read_csv(test)
    y = (rows.pop(target).astype(str) == positive).astype(int)
    asked = asked.drop(columns=[target])
    folder = out / "model"
    if tool == "autogluon":
        model, packages = autogluon(rows, y, float(seconds), folder)
        size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    else:
        model, packages = globals()[tool](rows, y, float(seconds))
        size = len(pickle.dumps(model))

    def answer(some):
        return np.asarray(model.predict_proba(some))[:, 1]

    def timed(some):
        start = time.perf_counter()
        made = answer(some)
        return made, time.perf_counter() - start

    p, whole = timed(asked)
    ones = [timed(asked.iloc[[i % len(asked)]])[1] for i in range(30)]
    np.save(out / "probability.npy", p)
    said = {"bytes": size, "answer_all_s": whole, "answer_one_s": float(np.median(ones)), "rows": len(asked)}
    versions = {}
    for name in packages:
        try:
            versions[name] = version(name)
        except Exception:  # noqa: BLE001
            pass
    (out / "peer.json").write_text(json.dumps(said | {"versions": versions}))
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
