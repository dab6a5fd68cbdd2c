"""What cross-validation selects when the target is given in smaller and smaller units.

Run with  python benchmarks/bench_target_unit.py  (about a minute on one core).

Diabetes with ten columns of noise beside its own ten, all standardised, and a target of the
given standard deviation. Penalties are in the target's unit: from some deviation on a bound
on the output layer keeps the network from values as large, and a penalty on it outweighs
that on the inputs. The regressor that chooses alpha warns above its `_LARGE_DEVIATION`.
"""

import warnings

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPRegressorCV
from sknormreg.penalties import L2, GroupLasso, MaxNorm

PENALTIES = {
    "[GroupLasso(), MaxNorm(1)]": [GroupLasso(), MaxNorm(1)],
    "[GroupLasso(), L2()]": [GroupLasso(), L2()],
    "l1": "l1",
}
DEVIATIONS = [0.01, 1, 5, 10, 100, 1e3, 1e5]


def main():
    X, y = load_diabetes(return_X_y=True)
    noise = np.random.RandomState(0).randn(len(y), X.shape[1])
    X, y = scale(np.hstack([X, noise])), scale(y)
    print(f"{'penalty':<28}{'deviation':>10}{'columns':>9}{'of noise':>10}{'R2':>8}")
    for name, penalty in PENALTIES.items():
        for deviation in DEVIATIONS:
            model = RegularizedMLPRegressorCV(
                (20,), penalty=penalty, rule="one_se", random_state=0
            ).fit(X, deviation * y)
            selected = model.selected_features_
            print(
                f"{name:<28}{deviation:>10g}{selected.sum():>9}{selected[10:].sum():>10}"
                f"{model.best_score_:>8.3f}",
                flush=True,
            )


if __name__ == "__main__":
    # Of the unit, which is the point here.
    warnings.simplefilter("ignore", UserWarning)
    main()
