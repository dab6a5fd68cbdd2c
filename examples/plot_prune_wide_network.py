"""
======================================
Pruning a wide network during training
======================================

Three hidden layers of 256 units are far more than small images of digits need. The group
lasso sets all outgoing weights of a unit to zero together, and so removes whole units
during a single fit. `compact` then returns a smaller dense network with the same
predictions, which is faster. We compare it with an L2 penalty, with and without dropout:
these networks are as accurate, but almost all of their units remain.
"""

# %%
# We hold out half of the images and train in single precision.

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sknormreg import RegularizedMLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    (X / X.max()).astype(np.float32), y, test_size=0.5, stratify=y, random_state=0
)

# %%
# We fit the same network with three kinds of regularisation. Adam removes units gradually
# and needs more epochs than for the fit alone. The learning rate is therefore reduced when
# the penalised objective stops decreasing, and training ends when the rate is small.

networks = {
    "L2": dict(penalty="l2"),
    "L2 and dropout": dict(penalty="l2", dropout=0.2),
    "group lasso": dict(penalty="group_lasso"),
}
alphas = [0.03, 0.1, 0.2]


def fit(alpha, **params):
    return RegularizedMLPClassifier(
        hidden_layer_sizes=(256, 256, 256),
        activation="relu",
        solver="adam",
        learning_rate="adaptive",
        tol=1e-3,
        n_iter_no_change=5,
        alpha=alpha,
        random_state=0,
        **params,
    ).fit(X_train, y_train)


def speed_up(mlp, small, n_repeats=20):
    """Return the ratio of prediction times, each the shortest of several."""
    shortest = {mlp: np.inf, small: np.inf}
    for _ in range(n_repeats):
        for network in shortest:
            start = time.perf_counter()
            network.predict(X_test)
            shortest[network] = min(shortest[network], time.perf_counter() - start)
    return shortest[mlp] / shortest[small]


# %%
# ``n_active_units_`` counts the units that have an effect on the output. ``compact``
# returns an estimator without the other units and with the same predictions.

print(f"{'':<15}{'alpha':>6}{'accuracy':>10}{'non-zero':>14}{'active units':>16}", end="")
print(f"{'speed-up':>15}{'fit':>9}")
results = {}
for name, params in networks.items():
    for alpha in alphas:
        start = time.perf_counter()
        mlp = fit(alpha, **params)
        seconds = time.perf_counter() - start
        small = mlp.compact()
        accuracy, left = small.score(X_test, y_test), 1 - mlp.sparsity_
        speedup = speed_up(mlp, small)
        results[name, alpha] = accuracy, left, speedup
        units = ", ".join(map(str, mlp.n_active_units_))
        print(f"{name:<15}{alpha:>6g}{accuracy:>10.3f}{left:>14.1%}{units:>16}", end="")
        print(f"{speedup:>9.1f} times{seconds:>7.1f} s")

# %%
# We look for the smallest network whose accuracy is at most 0.5 percentage points below
# that of the best L2 network. (This uses the held-out images to show what is possible. To
# *choose* alpha, use cross-validation.)

dense = max(results[key] for key in results if key[0] == "L2")
good = [
    (left, accuracy, speedup, alpha)
    for (name, alpha), (accuracy, left, speedup) in results.items()
    if name == "group lasso" and accuracy >= dense[0] - 0.005
]
left, accuracy, speedup, best_alpha = min(good)
print(f"L2 at its best: accuracy {dense[0]:.3f} with {dense[1]:.1%} of the weights")
print(f"group lasso, alpha={best_alpha:g}: accuracy {accuracy:.3f} with {left:.1%}")
print(f"compact() predicts {speedup:.1f} times as fast")

# %%
# The figure shows the accuracy, the fraction of non-zero weights, and the speed-up of
# `compact` against alpha. The accuracy hardly changes until the network is small. The last
# hidden layer loses the fewest units: each has only ten outgoing weights, one for each
# digit, so that its penalty is small.
#
# The few zeros of the L2 networks belong to pixels at the border, which are empty in all
# images, and to "relu" units that are never active.

BLUE, ORANGE, GREY = "#2f6db3", "#dd7a1f", "#9a9a9a"
styles = {
    "L2": dict(color=BLUE, marker="o"),
    "L2 and dropout": dict(color=GREY, marker="^"),
    "group lasso": dict(color=ORANGE, marker="s"),
}
titles = [
    "Accuracy on held-out images",
    "Fraction of non-zero weights",
    "Speed-up of compact()",
]

figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
for i, (ax, title) in enumerate(zip(axes, titles)):
    ax.axvline(best_alpha, color=GREY, linestyle=":", zorder=0)
    for name, style in styles.items():
        curve = [results[name, alpha][i] for alpha in alphas]
        ax.plot(alphas, curve, label=name, **style)
    ax.set(title=title, xlabel="alpha", xscale="log")
    ax.set_xticks(alphas, [f"{alpha:g}" for alpha in alphas])
    ax.minorticks_off()
    ax.grid(axis="y", color="0.92")
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylim(0.9, 1)
axes[0].legend(loc="lower left", frameon=False)
axes[1].set_yscale("log")
axes[1].set_yticks([0.01, 0.03, 0.1, 0.3, 1], ["1%", "3%", "10%", "30%", "100%"])
axes[1].minorticks_off()
axes[1].annotate(
    f"{left:.0%} of the weights,\naccuracy {accuracy:.3f}",
    (best_alpha, left),
    xytext=(-10, -8),
    textcoords="offset points",
    ha="right",
    va="top",
)
axes[2].set_ylim(0, None)
axes[2].yaxis.set_major_locator(plt.MaxNLocator(5, integer=True))
plt.show()

# sphinx_gallery_thumbnail_axes = 1
