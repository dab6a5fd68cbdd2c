"""
=======================================
Pruning a wide network as it is trained
=======================================

Three hidden layers of 512 units are far too many for small images of digits. The group
lasso removes units as a whole: the weights that leave a unit vanish together, during the
one fit, and `compact` then takes what is left out of the network. What remains is a small
dense network, which predicts faster. Next to it is the same network with the L2 norm alone,
and with dropout: both fit the images well, and neither removes more than a few units.
"""

# %%
# Images of digits, half of them held out. Single precision is enough here.

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
# The same network, three times. Adam prunes gradually, so that it needs more epochs than
# it takes to fit the images: the learning rate is lowered when the objective, penalty
# included, stops falling, and the fit ends when the rate is small.

networks = {
    "L2": dict(penalty="l2"),
    "L2 and dropout": dict(penalty="l2", dropout=0.2),
    "group lasso": dict(penalty="group_lasso"),
}
alphas = [0.01, 0.03, 0.1, 0.2]


def fit(alpha, **params):
    return RegularizedMLPClassifier(
        hidden_layer_sizes=(512, 512, 512),
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
    """How many times as fast `small` predicts: the shortest of several times of each."""
    shortest = {mlp: np.inf, small: np.inf}
    for _ in range(n_repeats):
        for network in shortest:
            start = time.perf_counter()
            network.predict(X_test)
            shortest[network] = min(shortest[network], time.perf_counter() - start)
    return shortest[mlp] / shortest[small]


# %%
# ``n_active_units_`` are the units that have any effect on the outputs. ``compact``
# returns an estimator without the others, which predicts the same.

print(f"{'':<15}{'alpha':>6}{'accuracy':>10}{'weights left':>14}{'units left':>16}", end="")
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
# The smallest network that is at most half a point of accuracy behind the best one with
# the L2 norm. (A choice by the held-out images shows what there is; to *choose* alpha, use
# cross-validation.)

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
# Against alpha, from left to right: the accuracy hardly moves until the network is small;
# the weights leave by the row; and with them goes the time that a prediction takes. The
# last hidden layer loses the fewest units: only ten weights leave each of them, one for
# each digit, so that keeping one costs little.
#
# Weights that the L2 norm and dropout leave at zero belong to pixels at the rim, which are
# white in all images, and to units of "relu" that no image turns on.

BLUE, ORANGE, GREY = "#2f6db3", "#dd7a1f", "#9a9a9a"
styles = {
    "L2": dict(color=BLUE, marker="o"),
    "L2 and dropout": dict(color=GREY, marker="^"),
    "group lasso": dict(color=ORANGE, marker="s"),
}
titles = [
    "Accuracy on held-out images",
    "Share of weights left",
    "compact(): times as fast",
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
axes[1].set_yticks([0.01, 0.03, 0.1, 0.3, 1], ["1 %", "3 %", "10 %", "30 %", "100 %"])
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
