"""
=================================
Choosing alpha with a grid search
=================================

We choose ``alpha`` and the penalty of a network in a Pipeline with `GridSearchCV`, plot the
validation curve of each penalty, and use the importances of an L1 network to select
features for another model.
"""

# %%
# The data are chemical measurements of wines from three growers.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RepeatedStratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier

# The largest alphas select no feature at all, and each of these fits warns about it.
warnings.filterwarnings("ignore", message="No feature is selected")

data = load_wine()
X_train, X_test, y_train, y_test = train_test_split(
    data.data, data.target, test_size=0.4, stratify=data.target, random_state=0
)

# %%
# Searching alpha and the penalty
# -------------------------------
# `make_pipeline` names each step after its class in lower case, so the parameter is called
# ``regularizedmlpclassifier__alpha``. We use a log-spaced grid. The log loss distinguishes
# models with the same accuracy, and repeated folds reduce its variance on a small data set.

alphas = np.geomspace(0.1, 10, 7)
penalties = ["l1", "elasticnet", "l2"]
pipeline = make_pipeline(
    StandardScaler(), RegularizedMLPClassifier(hidden_layer_sizes=(30,), random_state=0)
)
search = GridSearchCV(
    pipeline,
    {
        "regularizedmlpclassifier__penalty": penalties,
        "regularizedmlpclassifier__alpha": alphas,
    },
    scoring="neg_log_loss",
    cv=RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=0),
).fit(X_train, y_train)

best = search.best_estimator_
for name, value in search.best_params_.items():
    print(f"{name}: {value}")
print(f"Test accuracy: {best.score(X_test, y_test):.3f}")
print(f"Weights that are exactly zero: {best[-1].sparsity_:.1%}")

# %%
# We refit each penalty with its best alpha. With an L1 term, most weights are zero.

results = search.cv_results_
print(f"{'penalty':<12}{'alpha':>8}{'CV log loss':>13}{'test accuracy':>15}{'zeros':>8}")
for penalty in penalties:
    rows = np.flatnonzero(results["param_regularizedmlpclassifier__penalty"] == penalty)
    row = rows[np.argmax(results["mean_test_score"][rows])]
    model = clone(pipeline).set_params(**results["params"][row])
    model.fit(X_train, y_train)
    print(
        f"{penalty:<12}{model[-1].alpha:>8.2f}{-results['mean_test_score'][row]:>13.3f}"
        f"{model.score(X_test, y_test):>15.3f}{model[-1].sparsity_:>8.1%}"
    )

# %%
# Selecting features
# ------------------
# `SelectFromModel` uses `feature_importances_`. With ``penalty="l1"``, its default
# threshold keeps every feature with a non-zero importance. Here it is a step of a Pipeline,
# and a logistic regression is fitted to the selected features. A larger alpha selects
# fewer.

selectors = {}
for alpha in (0.5, 1, 2, 4):
    selector = SelectFromModel(
        RegularizedMLPClassifier((30,), penalty="l1", alpha=alpha, random_state=0)
    )
    model = make_pipeline(StandardScaler(), selector, LogisticRegression())
    model.fit(X_train, y_train)
    selectors[alpha] = selector
    print(
        f"alpha={alpha}: {selector.get_support().sum()} of {X_train.shape[1]} features, "
        f"test accuracy {model.score(X_test, y_test):.3f}"
    )

# %%
# The left panel shows the validation curves, with bands of one standard error over the
# folds. The right panel shows the features that each alpha selects: the area of a dot is
# the importance, and a cross marks a feature that is not selected.

figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 4.6), width_ratios=[1.3, 1], layout="constrained"
)

for penalty, colour in zip(penalties, ("#8a4fa3", "#3b8f5a", "#2f6db3")):
    rows = np.flatnonzero(results["param_regularizedmlpclassifier__penalty"] == penalty)
    losses = -results["mean_test_score"][rows]
    error = results["std_test_score"][rows] / np.sqrt(search.n_splits_)
    left.plot(alphas, losses, "o-", color=colour, markersize=4, label=f'"{penalty}"')
    left.fill_between(
        alphas, losses - error, losses + error, color=colour, alpha=0.15, linewidth=0
    )
    lowest = np.argmin(losses)
    left.plot(alphas[lowest], losses[lowest], "o", color=colour, markersize=10)
left.set_xscale("log")
left.set(
    title="Cross-validated log loss (large dots: lowest)", xlabel="alpha", ylim=(0, None)
)
left.grid(color="0.92")
left.legend(title="penalty")

# The features with the largest total importance are at the top.
importances = np.array([s.estimator_.feature_importances_ for s in selectors.values()])
order = np.argsort(importances.sum(axis=0))
names = np.array(data.feature_names)[order]
for column, shares in enumerate(importances[:, order]):
    kept = np.flatnonzero(shares > 0)
    dropped = np.flatnonzero(shares == 0)
    right.scatter(np.full(len(kept), column), kept, s=1200 * shares[kept], color="#8a4fa3")
    right.scatter(np.full(len(dropped), column), dropped, s=25, color="0.7", marker="x")
right.set_xticks(range(len(selectors)), selectors)
right.set_yticks(range(len(names)), names)
right.set(
    title='Features selected by penalty="l1"',
    xlabel="alpha",
    xlim=(-0.5, len(selectors) - 0.5),
)
right.tick_params(axis="y", length=0)
for ax in (left, right):
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# sphinx_gallery_thumbnail_axes = 1
