"""What do monotonic constraints cost or gain where the truth is monotone?

Prints R2 on new samples without noise of networks with and without monotonic_cst, for some
activations, beside gradient boosting of trees with and without it, mean of several seeds;
and in how many pairs of samples, a step along one constrained feature apart, predictions
are in the wrong order. The truths: one that bends both ways in each of six features, two of
them without constraint; one that is convex; and one with an interaction of a constrained
and a free feature, which changes how strong the effect is, but not its sign.

Then J and R2 from different starting weights of the later layers: absolute values of the
weights that networks without constraint start from; these, such that each unit gets a mean
of those before; and the latter with random intercepts, the default.

    python benchmarks/monotone.py [--seeds 4] [--samples 400] [--only SUBJECT ...]
"""

import argparse
import warnings
from collections import defaultdict
from unittest import mock

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import r2_score

from sknormreg import RegularizedMLPRegressor
from sknormreg.fitting import start

CST = [1, 1, -1, 1, 0, 0]
ACTIVATIONS = ["tanh", "logistic", "softplus", "elu", "relu"]
SUBJECTS = ["truths", "starts"]
N_TEST, NOISE = 4000, 0.5


def bends(X):
    """Steps, hinges and exponentials; the free features go up and down."""
    monotone = np.tanh(2 * X[:, 0]) + np.maximum(X[:, 1], 0) + np.exp(-X[:, 2]) / 3
    return monotone + np.tanh(X[:, 3] - 1) + np.sin(2 * X[:, 4]) / 2 + X[:, 5] ** 2 / 4


def is_convex(X):
    """A function that softplus and relu units of positive weights can make up."""
    hinges = np.maximum(X[:, 0] - X[:, 2], 0) + np.logaddexp(0, X[:, 1] + X[:, 3])
    return hinges + X[:, 4] ** 2 / 4 - X[:, 5] / 2


def interacts(X):
    """The slope of the first and the second feature depends on free ones."""
    first = np.tanh(X[:, 0]) * (1 + np.tanh(2 * X[:, 4]))
    return first + X[:, 1] / (1 + X[:, 5] ** 2) - X[:, 2] / 2 + X[:, 3] / 4


TRUTHS = {"bends": bends, "is convex": is_convex, "interacts": interacts}


def drawn(truth, n_samples, seed):
    """Return X and y to fit to, and others without noise, of unit variance."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples + N_TEST, 6))
    X[:, 1] = 0.6 * X[:, 0] + 0.8 * X[:, 1]
    y = truth(X)
    y = (y - y.mean()) / y.std()
    noisy = y + NOISE * rng.normal(size=len(y))
    return X[:n_samples], noisy[:n_samples], X[n_samples:], y[n_samples:]


def share_of_violations(model, X, seed):
    """Return the share of pairs in the wrong order, by more than rounding."""
    rng, low, wrong = np.random.default_rng(seed), model.predict(X), []
    for feature, sign in enumerate(CST):
        if sign:
            higher = X.copy()
            higher[:, feature] += rng.exponential(size=len(X))
            wrong.append(sign * (model.predict(higher) - low) < -1e-9)
    return np.mean(wrong)


def models(seed):
    """Yield name, whether there are constraints, and estimator, in turns."""
    for activation in ACTIVATIONS:
        for cst in (None, CST):
            mlp = RegularizedMLPRegressor(
                (50,), activation, monotonic_cst=cst, random_state=seed
            )
            yield f"network, {activation}", cst is not None, mlp
    for cst in (None, CST):
        mlp = RegularizedMLPRegressor((20, 20), monotonic_cst=cst, random_state=seed)
        yield "network, tanh, two layers", cst is not None, mlp
    for cst in (None, CST):
        trees = HistGradientBoostingRegressor(
            monotonic_cst=cst,
            early_stopping=True,
            learning_rate=0.05,
            max_iter=500,
            random_state=seed,
        )
        yield "gradient boosting", cst is not None, trees


def compare_truths(arguments):
    """Print R2 and violations of each model."""
    for title, truth in TRUTHS.items():
        scores, violations = defaultdict(list), defaultdict(list)
        for seed in range(arguments.seeds):
            X, y, X_test, y_test = drawn(truth, arguments.samples, seed)
            for name, is_constrained, model in models(seed):
                model.fit(X, y)
                key = name, is_constrained
                scores[key].append(r2_score(y_test, model.predict(X_test)))
                violations[key].append(share_of_violations(model, X_test, seed))
        header = "R2 free", "R2 monotone", "wrong free", "wrong monotone"
        print(f"{'truth ' + title:>28s}", *(f"{label:>14s}" for label in header))
        for name in dict.fromkeys(name for name, _ in scores):
            r2 = [f"{np.mean(scores[name, is_on]):14.4f}" for is_on in (False, True)]
            wrong = [f"{np.mean(violations[name, is_on]):14.4f}" for is_on in (False, True)]
            print(f"{name:>28s}", *r2, *wrong, flush=True)


DEFAULT = start._monotone


def absolute(objective, params, random_state):
    """Return the starting weights that have absolute values and nothing else."""
    return objective.objective.oriented(params)


def means(objective, params, random_state):
    """Return those of which units get means."""
    params = DEFAULT(objective, params, random_state)
    for intercepts in objective.network.intercepts(params)[:-1]:
        intercepts[...] = 0
    return params


STARTS = {"absolute": absolute, "means": means, "default": DEFAULT}


def compare_starts(arguments):
    """Print J and R2 from each kind of starting weights."""
    header = (f"{name:>17s}" for name in STARTS)
    print(f"{'layers, solver':>34s}", *header, "(J, R2)")
    for sizes in ((50,), (100, 100), (100, 100, 100)):
        for activation in ("tanh", "logistic"):
            for settings in (dict(max_iter=500), dict(solver="adam", max_iter=100)):
                found = defaultdict(list)
                for seed in range(arguments.seeds):
                    X, y, X_test, y_test = drawn(bends, arguments.samples, seed)
                    for name, begin in STARTS.items():
                        mlp = RegularizedMLPRegressor(
                            sizes,
                            activation,
                            alpha=0.5,
                            learning_rate_init=0.003,
                            batch_size=64,
                            monotonic_cst=CST,
                            random_state=seed,
                            **settings,
                        )
                        with mock.patch.object(start, "_monotone", begin):
                            mlp.fit(X, y)
                        found[name].append((mlp.loss_, mlp.score(X_test, y_test)))
                label = f"{sizes} {activation} {settings.get('solver', 'lbfgs')}"
                cells = (np.mean(found[name], axis=0) for name in STARTS)
                print(
                    f"{label:>34s}", *(f"{J:9.4f} {r2:7.4f}" for J, r2 in cells), flush=True
                )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--only", nargs="+", choices=SUBJECTS, default=SUBJECTS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if "truths" in arguments.only:
        compare_truths(arguments)
    if "starts" in arguments.only:
        compare_starts(arguments)


if __name__ == "__main__":
    main()
