"""How much do predictions gain by ensemble=True, and what does it take?

For each table in FOLDER, and those of scikit-learn that --sklearn names, fits
RegularizedMLPClassifierCV (scoring="neg_log_loss") and RegularizedMLPRegressorCV to two
thirds of the samples with and without `ensemble`. Features, and targets of regressions, are
standardised. Prints the median over splits of the held-out loss (log loss, or 1 - R2) of
both, of their ratio, and of the ratio of the processor times of the fits; in the end the
number of tables with a smaller median loss, and the largest ratio.

    OPENBLAS_NUM_THREADS=1 python benchmarks/ensembles.py [FOLDER] [--only spam vowel ...]
        [--sklearn wine diabetes ...] [--splits 5] [--hidden 50] [--penalty l2]
        [--alphas 20] [--cv 5] [--most-samples N] [--combinations]

With --combinations it prints instead how the same networks do where they are combined in
other ways, as the geometric mean over tables and splits of the loss, relative to the final
network alone: with shares of the final network of 0, as much as each of the others, and a
half; and with averages of logits or of probabilities.

FOLDER holds .npz files as `_tables.py` describes them.
"""

import argparse
import warnings

import numpy as np
from _scores import held_out_loss, log_losses
from _tables import scale_target, sklearn_table, stored_tables
from _timing import PROCESSOR, seconds_of_fit
from scipy.special import expit, log_softmax, logit, logsumexp
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifierCV, RegularizedMLPRegressorCV


def tables(arguments):
    yield from map(sklearn_table, arguments.sklearn)
    if arguments.folder:
        yield from stored_tables(arguments.folder, arguments.only)


def samples(table, train, test, most, seed):
    """Return X, X_test, y and y_test, standardised."""
    drawn = np.random.default_rng(seed).permutation(train)[:most]
    train = np.sort(drawn) if most else train
    prepare = make_pipeline(SimpleImputer(), StandardScaler())
    X, X_test = prepare.fit_transform(table.X[train]), prepare.transform(table.X[test])
    y, y_test = table.y[train], table.y[test]
    if table.is_regression:
        y, y_test = scale_target(y, y_test)
    return X, X_test, y, y_test


def search(table, arguments, seed, ensemble):
    settings = dict(
        penalty=arguments.penalty,
        alphas=arguments.alphas,
        cv=arguments.cv,
        ensemble=ensemble,
        random_state=seed,
    )
    hidden = tuple(arguments.hidden)
    if table.is_regression:
        return RegularizedMLPRegressorCV(hidden, **settings)
    return RegularizedMLPClassifierCV(hidden, scoring="neg_log_loss", **settings)


def splits(table, arguments):
    """Yield a seed, and standardised samples to train on and to test."""
    found = table.shuffled_splits(n_splits=arguments.splits, random_state=0)
    for seed, (train, test) in enumerate(found):
        yield seed, samples(table, train, test, arguments.most_samples, seed)


def compare(table, arguments):
    """Return loss without and with, and the ratio of times, of each split."""
    rows = []
    for seed, (X, X_test, y, y_test) in splits(table, arguments):
        both = [search(table, arguments, seed, ensemble) for ensemble in (False, True)]
        # Whichever is the first in its turn may be slower.
        turn = both if seed % 2 else both[::-1]
        seconds = {id(one): seconds_of_fit(one, X, y, PROCESSOR) for one in turn}
        losses = [held_out_loss(one, X_test, y_test) for one in both]
        rows.append(
            (*losses, losses[1] / losses[0], seconds[id(both[1])] / seconds[id(both[0])])
        )
    return np.array(rows)


# Other combinations


def combined_losses(model, X, y):
    """Return the loss of the final network, and those of combinations, by name."""
    raws = np.array([member._raw_predict(X) for member in model.estimators_])
    n_folds = len(raws) - 1
    found = {"final network": _loss(model, raws[-1], y)}
    shares = {"0": 0.0, "equal": 1 / (n_folds + 1), "half": 0.5}
    for name, share in shares.items():
        weights = np.append(np.full(n_folds, (1 - share) / n_folds), share)
        logits = np.tensordot(weights, raws, 1)
        found[f"{name}, logits"] = _loss(model, logits, y)
        if hasattr(model, "classes_"):
            found[f"{name}, probabilities"] = _loss(model, _mixed(raws, weights), y)
    return found


def _mixed(raws, weights):
    """Return the raw outputs of averaged probabilities."""
    if raws.shape[2] == 1:
        eps = np.finfo(float).tiny
        return logit(np.clip(np.tensordot(weights, expit(raws), 1), eps, 1 - 1e-16))
    logs = log_softmax(raws, axis=2)
    return logsumexp(logs, axis=0, b=weights[:, None, None])


def _loss(model, raw, y):
    if hasattr(model, "classes_"):
        return log_losses(raw, np.searchsorted(model.classes_, y)).mean()
    return np.mean((y - raw.ravel()) ** 2) / y.var()


def print_combinations(arguments):
    ratios, classes = {}, {}
    for table in tables(arguments):
        for seed, (X, X_test, y, y_test) in splits(table, arguments):
            model = search(table, arguments, seed, True).fit(X, y)
            losses = combined_losses(model, X_test, y_test)
            final = losses.pop("final network")
            for name, loss in losses.items():
                ratios.setdefault(name, []).append(loss / final)
                classes.setdefault(name, []).append(not table.is_regression)
        print(f"{table.name} is done", flush=True)
    print(f"{'share of the final network':28s} {'loss':>6s} {'better':>8s} {'worst':>6s}")
    for kind, wanted in (("classification", True), ("regression", False)):
        print(kind)
        for name, values in ratios.items():
            own = np.array(values)[np.array(classes[name]) == wanted]
            if len(own):
                mean = np.exp(np.log(own).mean())
                better = f"{(own < 1).sum()}/{len(own)}"
                print(f"  {name:26s} {mean:6.3f} {better:>8s} {own.max():6.3f}")


def print_gains(arguments):
    print(
        f"{'table':16s} {'single':>8s} {'ensemble':>9s} {'ratio':>7s} {'better':>7s} "
        f"{'time':>6s}"
    )
    ratios, times = [], []
    for table in tables(arguments):
        rows = compare(table, arguments)
        single, ensemble, ratio, seconds = np.median(rows, axis=0)
        better = f"{(rows[:, 2] < 1).sum()}/{len(rows)}"
        print(
            f"{table.name:16s} {single:8.4f} {ensemble:9.4f} {ratio:7.3f} {better:>7s} "
            f"{seconds:6.2f}",
            flush=True,
        )
        ratios.append(ratio)
        times.append(seconds)
    mean, worst = np.exp(np.log(ratios).mean()), max(ratios)
    print(
        f"smaller on {sum(r < 1 for r in ratios)} of {len(ratios)} tables, geometric mean "
        f"{mean:.3f}, largest {worst:.3f}, time {np.median(times):.2f}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--only", nargs="*", help="of the tables in FOLDER to take")
    parser.add_argument("--sklearn", nargs="*", default=[])
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--hidden", type=int, nargs="*", default=[50])
    parser.add_argument("--penalty", default="l2")
    parser.add_argument("--alphas", type=int, default=20)
    parser.add_argument("--cv", type=int, default=5)
    parser.add_argument("--most-samples", type=int)
    parser.add_argument("--combinations", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    (print_combinations if arguments.combinations else print_gains)(arguments)


if __name__ == "__main__":
    main()
