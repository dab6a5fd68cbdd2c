"""How long does it take to choose alpha by cross-validation, and how good is the choice?

Fits 20 alphas by 5 folds: `RegularizedMLPClassifierCV`, on one core, against `GridSearchCV`
over `MLPClassifier` with two jobs, and against `LassoNetClassifierCV`, with one thread.
Tables come with scikit-learn; a third of the samples is held out, and all refit to the
others in the end.

    pip install ".[benchmark]"
    OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 python benchmarks/choosing_alpha.py
        [--repeats 3] [--seeds 3] [--lassonet-seeds 1] [--n-jobs 1]

Prints, for each seed of split and weights, seconds (ours: the median of the repeats) and
their ratio to ours with the L2 penalty, the log loss and accuracy on the held-out samples,
and features kept; then means over the seeds (of the ratio, the median). The L2 network is
that of MLPClassifier's defaults, 100 rectified linear units. LassoNet is left out with
--lassonet-seeds 0.
"""

import argparse
import warnings
from collections import defaultdict
from functools import partial

import numpy as np
from _lassonet import import_lassonet
from _scores import probabilities
from _tables import sklearn_table, split
from _timing import seconds_of_fit
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier

from sknormreg import RegularizedMLPClassifierCV
from sknormreg.penalties import GroupLasso, MaxNorm

N_ALPHAS = 20
TABLES = ("digits", "breast_cancer")
LASSONET_TABLES = ("breast_cancer",)


def ours(seed, n_jobs, **params):
    return RegularizedMLPClassifierCV(
        alphas=N_ALPHAS, cv=5, n_jobs=n_jobs, random_state=seed, **params
    )


def grid_search(seed):
    alphas = np.logspace(-5, 2, N_ALPHAS)
    mlp = MLPClassifier(random_state=seed)
    return GridSearchCV(mlp, {"alpha": alphas}, cv=5, n_jobs=2)


def lassonet(seed):
    return import_lassonet().LassoNetClassifierCV(
        hidden_dims=(20,), random_state=seed, torch_seed=seed, verbose=0
    )


def fit_repeatedly(make, X, y, repeats):
    """Return the median of the seconds, and the last of the fits."""
    seconds = []
    for _ in range(repeats):
        model = make()
        seconds.append(seconds_of_fit(model, X, y))
    return np.median(seconds), model


def n_features_kept(model, n_features):
    for name in ("selected_features_", "best_selected_"):
        if hasattr(model, name):
            return int(np.sum(np.asarray(getattr(model, name))))
    return n_features


def compare(name, seed, repeats, n_jobs, with_lassonet):
    table = sklearn_table(name)
    X, X_test, y, y_test = split(table.X, table.y, seed, stratify=table.y, dtype=np.float32)
    sparse = dict(penalty=[GroupLasso(), MaxNorm(1.0)], hidden_layer_sizes=(20,))
    methods = {
        "ours, l2": (partial(ours, seed, n_jobs, activation="relu"), repeats),
        "ours, l1": (partial(ours, seed, n_jobs, penalty="l1"), repeats),
        "ours, groups, (20,), one_se": (
            partial(ours, seed, n_jobs, rule="one_se", relax=[1, 10, 100], **sparse),
            repeats,
        ),
        "GridSearchCV(MLPClassifier)": (partial(grid_search, seed), 1),
    }
    if with_lassonet:
        methods["LassoNetClassifierCV, (20,)"] = (partial(lassonet, seed), 1)
    print(f"\n{name}, seed {seed}: {X.shape[0]} samples, {X.shape[1]} features")
    first, results = None, {}
    for label, (make, n_fits) in methods.items():
        seconds, model = fit_repeatedly(make, X, y, n_fits)
        first = first or seconds
        found = probabilities(model, X_test)
        accuracy = np.mean(found.argmax(axis=1) == y_test)
        found_loss, kept = log_loss(y_test, found), n_features_kept(model, X.shape[1])
        results[label] = seconds / first, found_loss, accuracy, kept
        print(f"  {label:28s} {seconds:8.2f} s", columns(*results[label]), flush=True)
    return results


def columns(ratio, loss, accuracy, kept):
    return (
        f"{ratio:6.1f}x  log loss {loss:.4f}  accuracy {accuracy:.3f}  features {kept:4.1f}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--lassonet-seeds", type=int, default=1)
    parser.add_argument("--n-jobs", type=int, default=1)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in TABLES:
        results = defaultdict(list)
        for seed in range(arguments.seeds):
            with_lassonet = name in LASSONET_TABLES and seed < arguments.lassonet_seeds
            found = compare(name, seed, arguments.repeats, arguments.n_jobs, with_lassonet)
            for label, of_seed in found.items():
                results[label].append(of_seed)
        print(f"\n{name}, means:")
        for label, of_seeds in results.items():
            ratios, *others = np.array(of_seeds).T
            means = columns(np.median(ratios), *(other.mean() for other in others))
            print(f"  {label:28s} {means} ({len(of_seeds)} seeds)")


if __name__ == "__main__":
    main()
