"""
==================================
Does regularisation cost accuracy?
==================================

We compare networks without a penalty, with an L2 penalty, and with a penalty that removes
features, on three data sets and five train-test splits each. Alpha is chosen by
cross-validation on the training samples of each split.
"""

# %%
# - *no penalty*: ``alpha=0``.
# - *L2*: the alpha with the best cross-validated log loss.
# - *group lasso, best*: a group lasso on the first layer and a max-norm constraint on the
#   output layer, the alpha with the best log loss, and a relaxed refit on the selected
#   features.
# - *group lasso, one_se*: the same, with alpha chosen by the one-standard-error rule.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier, RegularizedMLPClassifierCV
from sknormreg.penalties import GroupLasso, MaxNorm

settings = dict(hidden_layer_sizes=(20,), random_state=0)
chosen = dict(cv=5, scoring="neg_log_loss", **settings)
on_inputs = dict(penalty=[GroupLasso(), MaxNorm(1)], relax=True, alphas=10, **chosen)
ways = {
    "no penalty": RegularizedMLPClassifier(alpha=0, **settings),
    "L2": RegularizedMLPClassifierCV(penalty="l2", alphas=10, **chosen),
    "group lasso, best": RegularizedMLPClassifierCV(**on_inputs),
    "group lasso, one_se": RegularizedMLPClassifierCV(rule="one_se", **on_inputs),
}
data_sets = {"breast cancer": load_breast_cancer, "wine": load_wine, "digits": load_digits}

# Without a penalty the objective has no minimum if the classes are separable.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

# %%
# The table shows means over the splits: accuracy, log loss and the number of selected
# features.

n_splits = 3
results = {}
print(f"{'':<15}{'':<22}{'accuracy':>10}{'log loss':>10}{'features':>16}")
for data_set, load in data_sets.items():
    X, y = load(return_X_y=True)
    X, y = X[:600], y[:600]  # a third of the digits, to keep the example fast
    splitter = StratifiedShuffleSplit(n_splits, test_size=1 / 3, random_state=0)
    splits = list(splitter.split(X, y))
    for way, model in ways.items():
        figures = []
        for train, test in splits:
            scaler = StandardScaler().fit(X[train])
            mlp = model.fit(scaler.transform(X[train]), y[train])
            X_test = scaler.transform(X[test])
            loss = log_loss(y[test], mlp.predict_proba(X_test), labels=mlp.classes_)
            figures.append(
                (mlp.score(X_test, y[test]), loss, mlp.selected_features_.mean())
            )
        results[data_set, way] = np.array(figures)
        accuracy, loss, used = results[data_set, way].mean(axis=0)
        n_used = f"{used * X.shape[1]:.1f} of {X.shape[1]}"
        print(f"{data_set:<15}{way:<22}{accuracy:>10.3f}{loss:>10.3f}{n_used:>16}")

# %%
# We also compare each model with the L2 penalty on the same splits. If the standard error
# of the mean difference is larger than the difference, these splits do not distinguish the
# two.

print(f"{'difference from L2':<37}{'accuracy':>18}{'log loss':>20}")
for data_set in data_sets:
    for way in ways:
        if way != "L2":
            differences = results[data_set, way] - results[data_set, "L2"]
            means = differences.mean(axis=0)
            errors = differences.std(axis=0, ddof=1) / np.sqrt(n_splits)
            texts = [f"{mean:+.3f} ± {e:.3f}" for mean, e in zip(means[:2], errors)]
            print(f"{data_set:<15}{way:<22}{texts[0]:>18}{texts[1]:>20}")

# %%
# Small dots are splits and large dots their means. Without a penalty, networks are
# confident in their errors: the log loss shows it, while the accuracy hardly changes. The
# networks that use a part of the features only are almost as good as those with the best L2
# penalty.

colours = dict(zip(ways, ["#9a9a9a", "#2f6db3", "#3b8f5a", "#dd7a1f"]))
titles = ["Accuracy", "Log loss", "Fraction of features selected"]

figure, axes = plt.subplots(1, 3, figsize=(11, 4.6), layout="constrained", sharey=True)
ticks = []
for i, data_set in enumerate(data_sets):
    ticks.append(i * (len(ways) + 1) + (len(ways) - 1) / 2)
    for j, way in enumerate(ways):
        position = i * (len(ways) + 1) + j
        for ax, values in zip(axes, results[data_set, way].T):
            ax.plot(values, [position] * n_splits, ".", color=colours[way], alpha=0.4)
            label = way if i == 0 else None
            ax.plot(values.mean(), position, "o", color=colours[way], ms=9, label=label)
for ax, title in zip(axes, titles):
    ax.set_title(title)
    ax.grid(axis="x", color="0.92")
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
axes[0].invert_yaxis()
axes[0].set_yticks(ticks, list(data_sets))
axes[0].tick_params(axis="y", length=0)
axes[1].set_xlim(0, None)
axes[2].set_xlim(0, 1.03)
axes[2].xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
axes[1].legend(loc="lower right", fontsize=9)
plt.show()
