"""How well do survival networks predict, beside tuned penalised Cox models and LassoNet?

For tables that scikit-survival ships, fits to two thirds of the samples, stratified by
event:

- "network": RegularizedMLPSurvivalCV with --hidden units, a group MCP on the features and
  a bound on the later weights, or --penalty, its alpha chosen by --scoring;
- "linear": the same without hidden layers, with an elastic net;
- "Coxnet": scikit-survival's CoxnetSurvivalAnalysis, its alpha and l1_ratio (0.5, 1)
  chosen by the concordance in folds;
- "LassoNet": LassoNetCoxRegressorCV, if lassonet is installed; it takes minutes or hours:
  --lassonet-splits and --lassonet-samples leave it out of later splits and larger tables.

Categories are encoded as one column for each value, missing numbers are replaced by medians
and all features are standardised. Prints for each split, and as means over them, the
concordance of the other samples (Harrell's), the number of features used, and the processor
time of the fit.

    OPENBLAS_NUM_THREADS=1 python benchmarks/survival.py [--only gbsg2 whas500 ...]
        [--splits 5] [--hidden 20] [--penalty NAME] [--scoring concordance] [--folds 5]
        [--without LassoNet]
        [--most-samples N] [--lassonet-splits 1] [--lassonet-samples 1000]
"""

import argparse
import warnings

import numpy as np
import pandas as pd
from _timing import PROCESSOR, seconds_of_fit
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, StratifiedKFold, StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sksurv import datasets
from sksurv.linear_model import CoxnetSurvivalAnalysis
from sksurv.metrics import concordance_index_censored

from sknormreg import RegularizedMLPSurvivalCV
from sknormreg.penalties import GroupMCP, MaxNorm

TABLES = {
    "veteran": datasets.load_veterans_lung_cancer,
    "whas500": datasets.load_whas500,
    "gbsg2": datasets.load_gbsg2,
    "breast": datasets.load_breast_cancer,
    "flchain": datasets.load_flchain,
}

# Of features that are known after the event only.
_LEAKING = {"flchain": ["chapter"]}


def table(name):
    """Return features as numbers, and y as scikit-survival has it."""
    X, y = TABLES[name]()
    X = X.drop(columns=_LEAKING.get(name, []))
    # One value of each category is left out: that of all others being 0.
    return pd.get_dummies(X, drop_first=True).astype(float).to_numpy(), y


class Network:
    def __init__(self, arguments, seed, hidden, **params):
        self._model = RegularizedMLPSurvivalCV(
            hidden,
            cv=arguments.folds,
            scoring=arguments.scoring,
            random_state=seed,
            **params,
        )

    def fit(self, X, y):
        # The order of the samples, which folds follow, is that of a random split.
        self._model.fit(X, y)
        return self

    def risk(self, X):
        return self._model.predict(X)

    def n_features(self):
        return self._model.n_selected_features_


class Coxnet:
    def __init__(self, arguments, seed):
        self._folds = arguments.folds

    def fit(self, X, y):
        event, _ = _columns(y)
        folds = list(StratifiedKFold(self._folds).split(X, event))
        grids = [
            {
                "l1_ratio": [l1_ratio],
                "alphas": [[alpha] for alpha in self._path(X, y, l1_ratio)],
            }
            for l1_ratio in (0.5, 1.0)
        ]
        search = GridSearchCV(CoxnetSurvivalAnalysis(), grids, cv=folds, error_score=0.5)
        self._model = search.fit(X, y).best_estimator_
        return self

    def _path(self, X, y, l1_ratio):
        path = CoxnetSurvivalAnalysis(
            l1_ratio=l1_ratio, n_alphas=20, alpha_min_ratio=0.01, max_iter=100_000
        )
        return path.fit(X, y).alphas_

    def risk(self, X):
        return self._model.predict(X)

    def n_features(self):
        return np.count_nonzero(self._model.coef_)


class LassoNet:
    def __init__(self, arguments, seed):
        from lassonet import LassoNetCoxRegressorCV

        self._model = LassoNetCoxRegressorCV(
            cv=arguments.folds,
            tie_approximation="breslow",
            hidden_dims=tuple(arguments.hidden),
            random_state=seed,
            verbose=False,
        )

    def fit(self, X, y):
        event, time = _columns(y)
        self._model.fit(X.astype(np.float32), np.column_stack([time, event]))
        return self

    def risk(self, X):
        return np.asarray(self._model.predict(X.astype(np.float32))).ravel()

    def n_features(self):
        return int(np.asarray(self._model.best_selected_).sum())


def models(arguments, seed, n_samples):
    """Return the models by name, to be fitted to so many samples in a split."""
    found = {
        "network": Network(
            arguments,
            seed,
            tuple(arguments.hidden),
            penalty=arguments.penalty or [GroupMCP(), MaxNorm(1.0)],
        ),
        "linear": Network(arguments, seed, (), penalty="elasticnet", l1_ratio=[0.5, 1.0]),
        "Coxnet": Coxnet(arguments, seed),
    }
    is_small = n_samples <= arguments.lassonet_samples
    with_lassonet = is_small and seed < arguments.lassonet_splits
    if with_lassonet and "LassoNet" not in arguments.without:
        try:
            found["LassoNet"] = LassoNet(arguments, seed)
        except ImportError:
            print("LassoNet is not installed")
    return {k: model for k, model in found.items() if k not in arguments.without}


def _columns(y):
    """Return events and times."""
    return [y[name] for name in y.dtype.names]


def compare(name, arguments):
    """Print the results of all splits of a table, and their medians."""
    X, y = table(name)
    event, _ = _columns(y)
    print(
        f"{name}: {len(X)} samples, {event.sum()} events, {X.shape[1]} features", flush=True
    )
    splits = StratifiedShuffleSplit(arguments.splits, test_size=1 / 3, random_state=0)
    found = {}
    for seed, (train, test) in enumerate(splits.split(X, event)):
        train = train[: arguments.most_samples]
        prepare = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        X_train, X_test = prepare.fit_transform(X[train]), prepare.transform(X[test])
        for label, model in models(arguments, seed, len(train)).items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                seconds = seconds_of_fit(model, X_train, y[train], PROCESSOR)
            concordance = concordance_index_censored(*_columns(y[test]), model.risk(X_test))
            row = concordance[0], model.n_features(), seconds
            found.setdefault(label, []).append(row)
            _print(f"split {seed}, {label}", row)
    for label, rows in found.items():
        _print(f"mean of {len(rows)}, {label}", np.mean(rows, axis=0))


def _print(label, row):
    concordance, n_features, seconds = row
    print(
        f"  {label:<22} concordance {concordance:.3f}  features {n_features:5.1f}  "
        f"{seconds:7.1f} s",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=list(TABLES), choices=list(TABLES))
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--hidden", type=int, nargs="+", default=[20])
    parser.add_argument("--penalty", help="a name instead of the group MCP with a bound")
    parser.add_argument("--scoring", help="None is the partial likelihood")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--without", nargs="+", default=[])
    parser.add_argument("--most-samples", type=int, help="of those to fit to")
    parser.add_argument("--lassonet-splits", type=int, default=1)
    parser.add_argument("--lassonet-samples", type=float, default=np.inf)
    arguments = parser.parse_args()
    for name in arguments.only:
        compare(name, arguments)


if __name__ == "__main__":
    main()
