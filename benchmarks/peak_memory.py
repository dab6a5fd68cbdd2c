"""How much memory does a fit take beside X itself?

Every fit, of ours and of MLPClassifier, runs in a process of its own. Prints the peak of
the resident memory during the fit, above that just before it, as a share of X; and the rest
without 30 times the parameters, which the memory of a quasi-Newton method may cost. Linux
only, for it reads /proc.

    python benchmarks/peak_memory.py [--samples 100000] [--features 300]
"""

import argparse
import multiprocessing
import resource
import warnings

import numpy as np

CASES = [
    ("sknormreg", dict(solver="lbfgs", max_iter=15)),
    ("sknormreg", dict(solver="lbfgs", max_iter=15, penalty="l1")),
    ("sknormreg", dict(solver="lbfgs", max_iter=15, early_stopping=True)),
    ("sknormreg", dict(solver="adam", max_iter=2)),
    ("sknormreg", dict(solver="adam", max_iter=2, early_stopping=True)),
    ("sknormreg", dict(solver="sgd", max_iter=2)),
    ("sklearn", dict(solver="lbfgs", max_iter=15)),
    ("sklearn", dict(solver="adam", max_iter=2)),
    ("sklearn", dict(solver="adam", max_iter=2, early_stopping=True)),
]


def resident_bytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def measure(library, parameters, n_samples, n_features, connection):
    """Send (bytes of the peak above the start, bytes of the parameters)."""
    if library == "sklearn":
        from sklearn.neural_network import MLPClassifier as Estimator
    else:
        from sknormreg import RegularizedMLPClassifier as Estimator
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    # A small fit first: what libraries allocate for themselves is not the fit's.
    Estimator(random_state=0, **parameters).fit(rng.random((2000, 20)), np.arange(2000) % 2)
    X = np.empty((n_samples, n_features))
    for row in X:
        rng.standard_normal(out=row)
    y = (X[:, 0] + X[:, 1] > 0).astype(int)
    # The peak so far is below the start: nothing as large as X has been freed.
    start = resident_bytes()
    estimator = Estimator(random_state=0, **parameters).fit(X, y)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    n_params = sum(array.size for array in estimator.coefs_ + estimator.intercepts_)
    connection.send((peak - start, n_params * X.itemsize))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--features", type=int, default=300)
    arguments = parser.parse_args()
    X_bytes = arguments.samples * arguments.features * 8
    print(f"X: {arguments.samples} x {arguments.features}, {X_bytes / 2**20:.0f} MiB")
    print(f"{'fit':66s} {'peak / X':>9s} {'without 30 params':>18s}")
    context = multiprocessing.get_context("spawn")
    for library, parameters in CASES:
        receiver, sender = context.Pipe(duplex=False)
        shape = (arguments.samples, arguments.features)
        child = context.Process(target=measure, args=(library, parameters, *shape, sender))
        child.start()
        peak, params = receiver.recv()
        child.join()
        label = f"{library} {parameters}"
        rest = max(peak - 30 * params, 0)
        print(f"{label:66s} {peak / X_bytes:9.3f} {rest / X_bytes:18.3f}", flush=True)


if __name__ == "__main__":
    main()
