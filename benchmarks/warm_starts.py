"""Do warm starts along a path of alphas cost quality, and how much time do they save?

For each table and penalty, fits at 20 alphas to two thirds of the samples: each from where
the last one ended ("warm", dense to sparse), each from a start of its own ("cold"), and
from the better of both after every fifth alpha ("restarts"). Prints the median and the
largest of J over cold J, the best held-out loss of each way, and the time of warm fits as a
share of that of cold ones.

    OPENBLAS_NUM_THREADS=1 python benchmarks/warm_starts.py [--data FOLDER] [--seeds 2]
        [--only TABLE ...]

FOLDER holds .npz files as `_tables.py` describes them, of which those are taken that have
at most two million numbers and none missing; without it, tables are scikit-learn's.
"""

import argparse
import warnings

import numpy as np
from _scores import log_losses, raw_outputs
from _tables import scale_target, sklearn_table, split, stored_tables
from _timing import PROCESSOR, seconds_of
from sklearn.preprocessing import LabelEncoder

from sknormreg import RegularizedMLPClassifier, RegularizedMLPRegressor, regularization_path

TABLES = ("breast_cancer", "wine", "digits", "diabetes")
PENALTIES = ("l2", "l1", "group_lasso")
N_ALPHAS, RESTART_EVERY = 20, 5


def tables(folder, only):
    if folder is None:
        yield from (sklearn_table(name) for name in only or TABLES)
        return
    for table in stored_tables(folder, only):
        if table.is_complete and table.X.size <= 2e6:
            yield table


def points(path):
    """Return J, weights and intercepts for each alpha of a path."""
    coefs = [
        [getattr(coef, "toarray", lambda coef=coef: coef)() for coef in layers]
        for layers in path.coefs
    ]
    return list(zip(path.objective, coefs, path.intercepts))


def cold(fit, alphas):
    return [point for alpha in alphas for point in points(fit([alpha]))]


def restarted(fit, alphas):
    found = points(fit(alphas))
    for i in range(RESTART_EVERY - 1, len(alphas), RESTART_EVERY):
        fresh = points(fit(alphas[i:]))
        if fresh[0][0] < found[i][0]:
            found[i:] = fresh
    return found


def held_out_loss(X, y, regression, coefs, intercepts):
    raw = raw_outputs(X, coefs, intercepts)
    if regression:
        return np.mean((y - raw[:, 0]) ** 2)
    return log_losses(raw, y).mean()


def measure(penalty, table, seed):
    """Return J, held-out losses and seconds of each way."""
    regression = table.is_regression
    y = table.y if regression else LabelEncoder().fit_transform(table.y)
    X, X_test, y, y_test = split(table.X, y, seed, stratify=None if regression else y)
    if regression:
        y, y_test = scale_target(y, y_test)
    cls = RegularizedMLPRegressor if regression else RegularizedMLPClassifier
    mlp = cls((20,), penalty=penalty, random_state=seed)

    def fit(alphas):
        return regularization_path(X, y, estimator=mlp, alphas=alphas)

    alphas = fit(N_ALPHAS).alphas
    ways = {
        "warm": lambda: points(fit(alphas)),
        "cold": lambda: cold(fit, alphas),
        "restarts": lambda: restarted(fit, alphas),
    }
    found = {}
    for name, way in ways.items():
        fits = []
        seconds = seconds_of(lambda way=way, fits=fits: fits.extend(way()), PROCESSOR)
        values = np.array([value for value, *_ in fits])
        losses = [held_out_loss(X_test, y_test, regression, *rest) for _, *rest in fits]
        found[name] = values, np.array(losses), seconds
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only", nargs="+", metavar="TABLE")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(
        f"{'table':16s} {'penalty':12s} {'warm J / cold J':>22s} {'restarts':>15s}"
        f"{'held-out: warm':>16s} {'cold':>7s} {'restarts':>8s} {'time, warm / cold':>18s}"
    )
    for table in tables(arguments.data, arguments.only):
        for penalty in PENALTIES:
            for seed in range(arguments.seeds):
                found = measure(penalty, table, seed)
                values = {way: found[way][0] for way in found}
                columns = [f"{table.name:16s} {penalty:12s}"]
                for way in ("warm", "restarts"):
                    ratios = values[way] / values["cold"]
                    columns.append(f"{np.median(ratios):9.4f} {ratios.max():7.4f}")
                best = [found[way][1].min() for way in ("warm", "cold", "restarts")]
                columns += [f"{loss:8.4f}" for loss in best]
                columns.append(f"{found['warm'][2] / found['cold'][2]:8.2f}")
                print(" ".join(columns), flush=True)


if __name__ == "__main__":
    main()
