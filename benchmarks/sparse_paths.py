"""How much faster are sparse fits and paths than others, and than an older version?

Each case is timed against a grid search over `MLPClassifier`, a logistic regression with an
L1 penalty and cross-validation, LassoNet, or an older checkout of this package. Figures are
seconds of processor time on one thread, medians of the rounds; in each round every version
of a case runs once, in a process of its own.

    pip install ".[benchmark]"
    python benchmarks/sparse_paths.py [--tables FOLDER] [--before CHECKOUT]
        [--only SUBSTRING ...] [--rounds 3] [--max-seconds 600]

FOLDER has dhfr.npz and isolet5.npz, and CHECKOUT an older version with its extension built.
Cases for which something is missing are left out. A version that takes longer than
`--max-seconds` is stopped, and its time is a lower bound (>).
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
from _checkouts import run_script
from _lassonet import import_lassonet
from _tables import mnist, scaled, stored_table
from scipy import sparse
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    regularization_path,
)
from sknormreg.penalties import L2, GroupLasso

N_ALPHAS, N_FOLDS = 20, 5


# Data


def table(name, folder):
    """Return standardised features, as doubles, and classes."""
    if name in ("breast_cancer", "digits"):
        return scaled(name)
    found = stored_table(Path(folder, f"{name}.npz"))
    X = found.X[:, found.X.std(axis=0) > 0].astype(np.float64)
    return StandardScaler().fit_transform(X), found.y


def genes():
    """100 samples of 10,000 features, five of which matter."""
    random_state = np.random.RandomState(0)
    X = random_state.normal(size=(100, 10_000))
    return X, (X[:, :5].sum(axis=1) + 0.5 * random_state.normal(size=100) > 0).astype(int)


def words():
    """4,000 texts of about 75 out of 50,000 words, in CSR."""
    random_state = np.random.RandomState(0)
    X = sparse.random(4000, 50_000, density=1.5e-3, format="csr", random_state=random_state)
    scores = X @ (random_state.normal(size=50_000) * (np.arange(50_000) % 100 == 0))
    return sparse.csr_array(X), (scores > 0).astype(int)


# Versions of a case


def ours_cv(load, penalty, units=100):
    X, y = load()
    model = RegularizedMLPClassifierCV(
        (units,), penalty=penalty, alphas=N_ALPHAS, cv=N_FOLDS, random_state=0
    )
    return lambda: {"score": round(float(model.fit(X, y).best_score_), 4)}


def grid_search(load):
    X, y = load()
    search = GridSearchCV(
        MLPClassifier(random_state=0), {"alpha": np.logspace(-5, 2, N_ALPHAS)}, cv=N_FOLDS
    )
    return lambda: {"score": round(float(search.fit(X, y).best_score_), 4)}


def logistic(load):
    X, y = load()
    model = LogisticRegressionCV(
        Cs=N_ALPHAS,
        cv=N_FOLDS,
        l1_ratios=(1,),
        solver="saga" if len(np.unique(y)) > 2 else "liblinear",
        scoring="accuracy",
        use_legacy_attributes=False,
    )
    return lambda: {
        "score": round(float(np.max(np.mean(model.fit(X, y).scores_, axis=0))), 4)
    }


def mnist_data():
    X, y = mnist()
    return (X / 255).astype(np.float32), y


def ours_path():
    X, y = mnist_data()
    path = partial(
        regularization_path,
        X,
        y,
        penalty=[GroupLasso(), L2()],
        hidden_layer_sizes=(64,),
        random_state=0,
    )
    return lambda: {"features": path().n_features.tolist()}


def lassonet_path():
    X, y = mnist_data()
    model = import_lassonet().LassoNetClassifier(
        hidden_dims=(64,), random_state=0, torch_seed=0, verbose=0
    )
    return lambda: {"features": [int(s.selected.sum()) for s in model.path(X, y)][-5:]}


def one_fit(load, **params):
    X, y = load()
    model = RegularizedMLPClassifier(random_state=0, solver="lbfgs", **params)

    def run():
        model.fit(X, y)
        return {"J": round(model.loss_, 5), "n_iter": model.n_iter_}

    return run


L1_FIT = dict(
    hidden_layer_sizes=(50,),
    penalty="l1",
    alpha=1.0,
    activation="tanh",
    tol=1e-6,
    max_iter=10_000,
)
WIDE_FIT = dict(hidden_layer_sizes=(100,), alpha=1.0, max_iter=1000)


def cases(folder):
    """Return the versions of each case: by name of the case and of the version."""
    found = {}
    for name in ("breast_cancer", "digits", "dhfr", "isolet5"):
        load = partial(table, name, folder)
        for penalty in ("l1", "group_lasso"):
            versions = {"now": partial(ours_cv, load, penalty)}
            if name in ("breast_cancer", "digits"):
                versions["grid search"] = partial(grid_search, load)
            versions["before"] = versions["now"]
            found[f"cv {penalty} {name}"] = versions
        found[f"cv l1, 20 units {name}"] = {
            "now": partial(ours_cv, load, "l1", 20),
            "logistic": partial(logistic, load),
        }
        dense = partial(ours_cv, load, "l2")
        found[f"cv l2 {name}"] = {"now": dense, "before": dense}
    found["path mnist"] = {"now": ours_path, "LassoNet": lassonet_path, "before": ours_path}
    for name, load, params in (
        ("fit l1 digits", partial(table, "digits", folder), L1_FIT),
        ("fit group_lasso genes", genes, WIDE_FIT | {"penalty": "group_lasso"}),
        ("fit l1 words", words, WIDE_FIT | {"penalty": "l1", "alpha": 0.3}),
    ):
        fit = partial(one_fit, load, **params)
        found[name] = {"now": fit, "before": fit}
    return found


# Measuring


def run_here(arguments):
    """Run one version once, and print what it took and found."""
    case, version = arguments.run
    run = cases(arguments.tables)[case][version]()
    with warnings.catch_warnings(action="ignore"):
        start = time.process_time()
        found = run()
        found["seconds"] = time.process_time() - start
    print(json.dumps(found))


def measure(case, version, arguments):
    """Return what one version took and found, in a process of its own."""
    what = ["--run", case, version]
    if arguments.tables:
        what += ["--tables", arguments.tables]
    checkout = arguments.before if version == "before" else None
    try:
        return run_script(__file__, what, checkout, arguments.max_seconds)
    except subprocess.TimeoutExpired:
        return {"seconds": arguments.max_seconds, "stopped": True}
    except subprocess.CalledProcessError as error:
        return {"missing": error.stderr.strip().splitlines()[-1:]}


def report(case, rounds):
    """Print one case: seconds of each version, and their ratios to ours."""
    medians = {
        version: statistics.median(found["seconds"] for found in results)
        for version, results in rounds.items()
    }
    print(f"\n{case}")
    for version, results in rounds.items():
        last = dict(results[-1])
        bound = ">" if last.pop("stopped", False) else " "
        last.pop("seconds")
        ratio = medians[version] / medians["now"]
        print(f"  {version:12s} {bound}{medians[version]:8.2f} s {ratio:7.2f}x  {last}")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tables")
    parser.add_argument("--before")
    parser.add_argument("--only", nargs="+", default=[""])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--max-seconds", type=float, default=600)
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        run_here(arguments)
        return
    for case, versions in cases(arguments.tables).items():
        if not any(part in case for part in arguments.only):
            continue
        names = [name for name in versions if name != "before" or arguments.before]
        rounds = {name: [] for name in names}
        for _ in range(arguments.rounds):
            for name in names:
                rounds[name].append(measure(case, name, arguments))
        for name, results in list(rounds.items()):
            if any("missing" in found for found in results):
                print(f"\n{case}: {name} is left out: {results[0]['missing']}")
                del rounds[name]
        if "now" in rounds:
            report(case, rounds)


if __name__ == "__main__":
    main()
