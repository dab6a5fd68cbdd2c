"""How many features does cross-validation keep, beside LassoNetClassifierCV?

Random splits into two thirds and a third, standardised on the former; one hidden layer of
20 units; `RegularizedMLPClassifierCV` in one configuration: the group lasso of the features
beside a constraint on the output layer, relaxed, the sparsest network within one standard
error. Prints mean accuracies on the last third and mean numbers of features kept, beside
those published for the same protocol (50 splits, raw results of HarderLASSO,
https://github.com/VcMaxouuu/HarderLASSO) and those of LassoNet run here on the first few
of the splits. With --alternatives it prints what other configurations reach, from which
this one was chosen on other tables: ad_data, dhfr, german_credit, vehicle and vowel.

    pip install ".[benchmark]"
    OPENBLAS_NUM_THREADS=1 python benchmarks/selected_features.py --data FOLDER
        [--splits 50] [--lassonet-splits 2] [--only breast_cancer ...] [--alternatives]

FOLDER holds spam.npz, dna_splice.npz and so on, as `_tables.py` describes them;
breast_cancer and wine come with scikit-learn. --lassonet-splits 0 leaves out LassoNet.
"""

import argparse
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from _lassonet import import_lassonet
from _tables import sklearn_table, split, stored_table
from _timing import seconds_of

from sknormreg import RegularizedMLPClassifierCV
from sknormreg.penalties import GroupLasso, GroupMCP, MaxNorm

ALTERNATIVES = [
    dict(penalty="group_lasso", relax=True),
    dict(penalty=[GroupMCP(a=2.0), MaxNorm(1.0)], relax=3.0),
    dict(penalty=[GroupLasso(), MaxNorm(0.3)], relax=3.0),
    dict(penalty=[GroupLasso(), MaxNorm(1.0)], relax=True),
    dict(penalty=[GroupLasso(), MaxNorm(1.0)], relax=10.0),
]
CHOSEN = dict(penalty=[GroupLasso(), MaxNorm(1.0)], relax=3.0)

# Accuracy in percent, and features kept.
PUBLISHED = {
    "breast_cancer": {"LassoNetCV": (96.9, 25), "L1 logistic CV": (97.0, 16)},
    "wine": {"LassoNetCV": (97.1, 12), "L1 logistic CV": (97.3, 10)},
    "dna_splice": {"LassoNetCV": (95.1, 61), "L1 logistic CV": (95.5, 106)},
    "spam": {"LassoNetCV": (93.5, 57), "L1 logistic CV": (92.3, 55)},
}


@dataclass
class Results:
    """Of one method on one table."""

    accuracies: list = field(default_factory=list)
    n_features: list = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self):
        n = len(self.accuracies)
        error = 100 * np.std(self.accuracies) / np.sqrt(n)
        return (
            f"accuracy {100 * np.mean(self.accuracies):5.1f} (standard error {error:.1f}), "
            f"features {np.mean(self.n_features):5.1f}, {n} splits, "
            f"{self.seconds / n:.1f} s a split"
        )


def load(name, folder):
    if name in ("breast_cancer", "wine"):
        return sklearn_table(name)
    return stored_table(Path(folder) / f"{name}.npz")


def ours(X_train, X_test, y_train, y_test, seed, configuration, n_jobs):
    mlp = RegularizedMLPClassifierCV(
        (20,), rule="one_se", **configuration, n_jobs=n_jobs, random_state=seed
    )
    mlp.fit(X_train, y_train)
    return mlp.score(X_test, y_test), int(mlp.selected_features_.sum())


def lassonet(X_train, X_test, y_train, y_test, seed):
    model = import_lassonet().LassoNetClassifierCV(
        hidden_dims=(20,), random_state=seed, torch_seed=seed, verbose=0
    )
    model.fit(X_train.astype(np.float32), y_train)
    accuracy = np.mean(model.predict(X_test.astype(np.float32)) == y_test)
    return accuracy, int(model.best_selected_.sum())


def measure(method, table, n_splits, **options):
    results = Results()

    def add(parts, seed):
        accuracy, n_features = method(*parts, seed, **options)
        results.accuracies.append(accuracy)
        results.n_features.append(n_features)

    for seed in range(n_splits):
        parts = split(table.X, table.y, seed)
        results.seconds += seconds_of(partial(add, parts, seed))
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", default=".")
    parser.add_argument("--splits", type=int, default=50)
    parser.add_argument("--lassonet-splits", type=int, default=2)
    parser.add_argument("--only", nargs="+", metavar="TABLE", default=list(PUBLISHED))
    parser.add_argument("--alternatives", action="store_true")
    parser.add_argument("--n-jobs", type=int, default=None)
    arguments = parser.parse_args()
    configurations = [CHOSEN, *(ALTERNATIVES if arguments.alternatives else [])]
    for name in arguments.only:
        table = load(name, arguments.data)
        print(f"\n{name}, {table.X.shape[0]} x {table.X.shape[1]}")
        for configuration in configurations if arguments.splits else []:
            options = dict(configuration=configuration, n_jobs=arguments.n_jobs)
            found = measure(ours, table, arguments.splits, **options)
            print(f"  {configuration}: {found}", flush=True)
        if arguments.lassonet_splits:
            found = measure(lassonet, table, arguments.lassonet_splits)
            print("  LassoNetClassifierCV here:", found, flush=True)
        for method, (accuracy, n_features) in PUBLISHED.get(name, {}).items():
            print(f"  {method}, published: accuracy {accuracy:5.1f}, features {n_features}")


if __name__ == "__main__":
    main()
