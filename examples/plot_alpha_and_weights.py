"""
==============================
What alpha does to the weights
==============================

``alpha`` is the strength of the penalty. With the L2 penalty, a larger alpha shrinks all
weights. With the L1 penalty, it sets more of them to exactly zero and leaves others large.
We train a small network on images of digits with both penalties and a range of alphas.
"""

# %%
# We load small images of digits and hold out half of them. All pixels are on the same
# scale; we divide them by the largest value so that they lie between 0 and 1.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sknormreg import RegularizedMLPClassifier

# The largest alphas select no feature at all, and each of these fits warns about it.
warnings.filterwarnings("ignore", message="No feature is selected")

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / X.max(), y, test_size=0.5, stratify=y, random_state=0
)

alphas = np.geomspace(0.01, 100, 9)
penalties = ["l1", "l2"]
networks = {
    (penalty, alpha): RegularizedMLPClassifier(
        hidden_layer_sizes=(30,), penalty=penalty, alpha=alpha, random_state=0
    ).fit(X_train, y_train)
    for penalty in penalties
    for alpha in alphas
}

# %%
# The table shows the accuracy on held-out images, the fraction of weights that are exactly
# zero, and the largest absolute weight.


def all_weights(mlp):
    return np.concatenate([coef.ravel() for coef in mlp.coefs_])


print(f"{'penalty':<9}{'alpha':>8}{'accuracy':>10}{'zeros':>8}{'largest weight':>16}")
for (penalty, alpha), mlp in networks.items():
    print(
        f"{penalty:<9}{alpha:>8.3g}{mlp.score(X_test, y_test):>10.3f}"
        f"{mlp.sparsity_:>8.1%}{np.abs(all_weights(mlp)).max():>16.2f}"
    )

# %%
# The histograms show the weights. The orange bar counts those that are exactly zero. The
# vertical axis is logarithmic, so that the few large weights are visible next to the many
# zeros.
#
# The derivative of the L1 norm does not depend on the size of a weight, so few weights
# remain and these can be large. The L2 norm penalises large weights more strongly and leads
# to many small ones.

BLUE, ORANGE = "#2f6db3", "#dd7a1f"
shown = alphas[[0, 2, 4, 6]]
limit = max(np.abs(all_weights(networks[key])).max() for key in networks if key[1] in shown)
bins = np.linspace(-limit, limit, 102)  # An odd number of bars: one is centred on zero.

figure, axes = plt.subplots(
    2, len(shown), figsize=(11, 5), sharex=True, sharey=True, layout="constrained"
)
for row, penalty in zip(axes, penalties):
    row[0].set_ylabel(f'penalty="{penalty}"\nweights')
    for ax, alpha in zip(row, shown):
        weights = all_weights(networks[penalty, alpha])
        n_zeros = np.count_nonzero(weights == 0)
        ax.hist(weights[weights != 0], bins, color=BLUE)
        ax.bar(0, n_zeros, width=bins[1] - bins[0], color=ORANGE)
        ax.text(
            0.97,
            0.97,
            f"{n_zeros / len(weights):.0%} zero",
            transform=ax.transAxes,
            ha="right",
            va="top",
            color=ORANGE,
        )
        ax.set_yscale("log")
        ax.spines[["top", "right"]].set_visible(False)
for ax, alpha in zip(axes[0], shown):
    ax.set_title(f"alpha = {alpha:g}")
for ax in axes[1]:
    ax.set_xlabel("weight")

# %%
# The last figure shows accuracy and sparsity against alpha. Over a wide range, most weights
# can be removed at little cost in accuracy. For larger alphas the accuracy drops; with the
# L1 penalty the network finally has no weights left and always predicts the most frequent
# class.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for penalty, marker, colour in zip(penalties, "os", (ORANGE, BLUE)):
    fits = [networks[penalty, alpha] for alpha in alphas]
    style = dict(marker=marker, color=colour, label=f'penalty="{penalty}"')
    left.plot(alphas, [mlp.score(X_test, y_test) for mlp in fits], **style)
    right.plot(alphas, [mlp.sparsity_ for mlp in fits], **style)
left.set(title="Accuracy on held-out images", ylim=(0, 1.02))
right.set(title="Fraction of weights that are exactly zero", ylim=(-0.02, 1.02))
left.legend(loc="lower left")
for ax in (left, right):
    ax.set_xscale("log")
    ax.set_xlabel("alpha")
    ax.grid(color="0.92")
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
