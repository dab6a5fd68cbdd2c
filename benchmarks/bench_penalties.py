"""What a penalty costs in an epoch of minibatches, as a multiple of the same epoch with L2.

For 20000 x 784 with a hidden layer of 100 units and batches of 200, and for 10000 x 50 with
50 units and batches of 32, in single precision. "-" is a penalty that Adam refuses; "seam"
is the L2 penalty as a class of a user's own, whose prox is called after every minibatch.

    python benchmarks/bench_penalties.py [--repeats 5]

Takes about two minutes.
"""

import argparse
import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sknormreg import RegularizedMLPClassifier
from sknormreg.penalties import L2, PENALTIES

CASES = ((20000, 784, 100, 200), (10000, 50, 50, 32))


class OwnL2(L2):
    """What a penalty looks like to an engine that knows nothing about it."""

    def prox(self, weights, step):
        return super().prox(weights, step)


def epoch_seconds(penalty, solver, X, y, n_units, batch_size, repeats):
    """Median over fits of the time of an epoch, the differences of 4 epochs and 1."""
    seconds = []
    for _ in range(repeats):
        times = []
        for n_epochs in (1, 4):
            mlp = RegularizedMLPClassifier(
                (n_units,),
                penalty=penalty,
                solver=solver,
                batch_size=batch_size,
                max_iter=n_epochs,
                random_state=0,
            )
            start = time.perf_counter()
            mlp.fit(X, y)
            times.append(time.perf_counter() - start)
        seconds.append((times[1] - times[0]) / 3)
    return np.median(seconds)


def ratios(penalty, repeats):
    for n_rows, n_features, n_units, batch_size in CASES:
        random_state = np.random.RandomState(0)
        X = random_state.normal(size=(n_rows, n_features)).astype(np.float32)
        y = random_state.randint(10, size=n_rows)
        for solver in ("adam", "sgd"):
            if solver == "adam" and not penalty.has_diagonal_prox:
                yield np.nan
                continue
            arguments = solver, X, y, n_units, batch_size, repeats
            yield epoch_seconds(penalty, *arguments) / epoch_seconds(L2(), *arguments)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    titles = [f"{n} x {d} {solver}" for n, d, *_ in CASES for solver in ("adam", "sgd")]
    print(f"{'epoch / that with L2':20s}" + "".join(f"{title:>18s}" for title in titles))
    penalties = {name: cls() for name, cls in PENALTIES.items() if name != "l2"}
    for name, penalty in (penalties | {"seam": OwnL2()}).items():
        columns = [
            f"{'-' if np.isnan(ratio) else format(ratio, '.2f'):>18s}"
            for ratio in ratios(penalty, arguments.repeats)
        ]
        print(f"{name:20s}" + "".join(columns), flush=True)


if __name__ == "__main__":
    main()
