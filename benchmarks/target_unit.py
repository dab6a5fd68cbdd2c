"""How does the unit of the target change which features are selected?

    python benchmarks/target_unit.py [--deviations 0.01 1 ...]

Diabetes with ten features of noise beside its own ten, all standardised, and a target of
the given standard deviation. Penalties are in the target's unit: from some deviation on a
bound on the output layer keeps the network from values as large, and a penalty on it
outweighs that on the features. The regressor warns above a deviation of 5. Takes about a
minute.
"""

import argparse
import warnings

import numpy as np
from _tables import sklearn_table
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
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--deviations", nargs="+", type=float, default=DEVIATIONS)
    arguments = parser.parse_args()
    # That y is not standardised is the point here.
    warnings.simplefilter("ignore", UserWarning)
    table = sklearn_table("diabetes")
    noise = np.random.RandomState(0).randn(*table.X.shape)
    X, y = scale(np.hstack([table.X, noise])), scale(table.y)
    print(f"{'penalty':<28}{'deviation':>10}{'features':>9}{'of noise':>10}{'R2':>8}")
    for name, penalty in PENALTIES.items():
        for deviation in arguments.deviations:
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
    main()
