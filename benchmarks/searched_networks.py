"""How much do predictions gain by a search for activation, layers and regularisers?

For each table in FOLDER, and those of scikit-learn that --sklearn names, fits
RegularizedMLPClassifierCV (scoring="neg_log_loss") and RegularizedMLPRegressorCV to two
thirds of the samples: with their defaults, and with the lists of candidates in `LISTS`, of
which --lists names some. Features, and targets of regressions, are standardised. Prints
the median over splits of the held-out loss (log loss, or 1 - R2) of both, of their ratio,
and of the ratio of the processor times of the fits, and the candidate chosen in the first
split; in the end the number of tables with a smaller median loss, the geometric mean and
the largest of the ratios, and the median ratio of times.

    OPENBLAS_NUM_THREADS=1 python benchmarks/searched_networks.py [FOLDER]
        [--only spam vowel ...] [--sklearn wine diabetes ...] [--splits 5] [--alphas 20]
        [--cv 5] [--max-paths 50] [--most-samples N] [--lists activation dropout ...]

FOLDER holds .npz files as `_tables.py` describes them.
"""

import argparse
import warnings

import numpy as np
from _scores import held_out_loss
from _timing import PROCESSOR, seconds_of_fit
from ensembles import splits, tables

from sknormreg import RegularizedMLPClassifierCV, RegularizedMLPRegressorCV

# In the spirit of Kadra, Lindauer, Hutter and Grabocka, "Well-tuned simple nets excel on
# tabular datasets", 2021, with fewer of each.
LISTS = {
    "hidden_layer_sizes": [(100,), (30,), (50, 50)],
    "activation": ["tanh", "gelu", "relu"],
    "dropout": [0.0, 0.1, 0.3],
    "label_smoothing": [0.0, 0.05, 0.1],
}


def search(table, arguments, seed, lists):
    settings = dict(alphas=arguments.alphas, cv=arguments.cv, random_state=seed, **lists)
    settings["max_paths"] = arguments.max_paths
    if table.is_regression:
        settings.pop("label_smoothing", None)
        return RegularizedMLPRegressorCV(**settings)
    return RegularizedMLPClassifierCV(scoring="neg_log_loss", **settings)


def compare(table, arguments):
    """Return loss without and with lists, and the ratio of times, of each split; and the
    parameters chosen in the first one."""
    rows, chosen = [], None
    lists = {name: LISTS[name] for name in arguments.lists}
    for seed, (X, X_test, y, y_test) in splits(table, arguments):
        both = [search(table, arguments, seed, one) for one in ({}, lists)]
        # Whichever is the first in its turn may be slower.
        turn = both if seed % 2 else both[::-1]
        seconds = {id(one): seconds_of_fit(one, X, y, PROCESSOR) for one in turn}
        losses = [held_out_loss(one, X_test, y_test) for one in both]
        times = seconds[id(both[1])] / seconds[id(both[0])]
        rows.append((*losses, losses[1] / losses[0], times))
        if chosen is None:
            chosen = [getattr(both[1], f"{name}_", None) for name in lists]
    return np.array(rows), chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--only", nargs="*", help="of the tables in FOLDER to take")
    parser.add_argument("--sklearn", nargs="*", default=[])
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--alphas", type=int, default=20)
    parser.add_argument("--cv", type=int, default=5)
    parser.add_argument("--max-paths", type=int, default=50)
    parser.add_argument("--most-samples", type=int)
    parser.add_argument("--lists", nargs="*", default=list(LISTS), choices=list(LISTS))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(
        f"{'table':16s} {'default':>8s} {'search':>8s} {'ratio':>7s} {'better':>7s} "
        f"{'time':>6s} chosen"
    )
    ratios, times = [], []
    for table in tables(arguments):
        rows, chosen = compare(table, arguments)
        default, searched, ratio, seconds = np.median(rows, axis=0)
        better = f"{(rows[:, 2] < 1).sum()}/{len(rows)}"
        print(
            f"{table.name:16s} {default:8.4f} {searched:8.4f} {ratio:7.3f} {better:>7s} "
            f"{seconds:6.1f} {', '.join(map(str, chosen))}",
            flush=True,
        )
        ratios.append(ratio)
        times.append(seconds)
    mean, worst = np.exp(np.log(ratios).mean()), max(ratios)
    print(
        f"smaller on {sum(r < 1 for r in ratios)} of {len(ratios)} tables, geometric mean "
        f"{mean:.3f}, largest {worst:.3f}, time {np.median(times):.1f}"
    )


if __name__ == "__main__":
    main()
