"""
==========================================
Quickstart: a sparse network in a Pipeline
==========================================

We fit a multilayer perceptron with an L1 penalty, choose its strength ``alpha`` by
cross-validation, and compare it with scikit-learn's `MLPClassifier` on held-out samples.
The L1 penalty sets weights to exactly zero and thereby removes whole features.
"""

# %%
# The features are measurements of cell nuclei; the target is whether a tumour is benign.

import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier

# The largest alphas select no feature at all, and each of these fits warns about it.
warnings.filterwarnings("ignore", message="No feature is selected")

data = load_breast_cancer()
X_train, X_test, y_train, y_test = train_test_split(
    data.data, data.target, stratify=data.target, random_state=0
)

# %%
# Use the estimator as you would use `MLPClassifier`: in a Pipeline after a scaler, and in a
# grid search. The penalty treats all weights alike, so features should be on the same
# scale. A grid search stores the scores but not the models of its folds; we add a second
# score that counts the non-zero weights.


def n_weights_left(pipeline, X, y):
    return pipeline[-1].n_nonzero_


alphas = [0.3, 1, 3, 10, 30]
pipeline = make_pipeline(
    StandardScaler(), RegularizedMLPClassifier(penalty="l1", random_state=0)
)
search = GridSearchCV(
    pipeline,
    {"regularizedmlpclassifier__alpha": alphas},
    scoring={"log_loss": "neg_log_loss", "n_weights": n_weights_left},
    refit="log_loss",
)
start = time.perf_counter()
search.fit(X_train, y_train)
search_time = time.perf_counter() - start

model = search.best_estimator_
mlp = model[-1]
best_alpha = mlp.alpha
print(f"Chosen: alpha={best_alpha:g}, in {search_time:.1f} s for the whole search")

# %%
# The baseline is `MLPClassifier` with its defaults and enough iterations to converge.

baseline = make_pipeline(StandardScaler(), MLPClassifier(max_iter=1000, random_state=0))
start = time.perf_counter()
baseline.fit(X_train, y_train)
baseline_time = time.perf_counter() - start

# %%
# We compare both on the test samples. The times are those of one fit to all training
# samples.


def report(name, pipeline, sparsity, n_inputs, seconds):
    probabilities = pipeline.predict_proba(X_test)
    accuracy = accuracy_score(y_test, pipeline.predict(X_test))
    loss = log_loss(y_test, probabilities)
    print(
        f"{name:<26}{accuracy:>8.3f}{loss:>10.3f}{sparsity:>13.1%}{n_inputs:>13}"
        f"{seconds:>9.2f}"
    )


print(f"{'':<26}{'accuracy':>8}{'log loss':>10}{'exact zeros':>13}", end="")
print(f"{'features':>13}{'seconds':>9}")

weights = np.concatenate([coef.ravel() for coef in baseline[-1].coefs_])
report(
    "MLPClassifier",
    baseline,
    sparsity=np.mean(weights == 0),
    n_inputs=np.count_nonzero(baseline[-1].coefs_[0].any(axis=1)),
    seconds=baseline_time,
)
report(
    "RegularizedMLPClassifier",
    model,
    sparsity=mlp.sparsity_,
    n_inputs=np.count_nonzero(mlp.feature_importances_ > 0),
    seconds=search.refit_time_,
)

# %%
# Almost all weights are zero, and whole features and hidden units are removed. We compare
# the difference in accuracy with the weight of a single test sample.

cost = baseline.score(X_test, y_test) - model.score(X_test, y_test)
n_units = np.count_nonzero(mlp.coefs_[1].any(axis=1))
print(f"Difference in accuracy: {cost:.3f}; a single test sample: {1 / len(y_test):.3f}")
print(f"Non-zero weights: {mlp.n_nonzero_} of {weights.size}")
print(f"Active hidden units: {n_units} of {len(mlp.coefs_[1])}")

# %%
# The figure shows the results of the cross-validation and the features that the chosen
# network uses. `feature_importances_` is exactly 0 if no path of non-zero weights leads
# from the feature to the output.

BLUE, ORANGE, GREY = "#2f6db3", "#dd7a1f", "#9a9a9a"

figure, axes = plt.subplot_mosaic(
    [["loss", "inputs"], ["weights", "inputs"]],
    figsize=(10, 6.2),
    width_ratios=[1, 1.05],
    height_ratios=[1.25, 1],
    layout="constrained",
)

results = search.cv_results_
losses, spread = -results["mean_test_log_loss"], results["std_test_log_loss"]
n_left = results["mean_test_n_weights"]
best = search.best_index_

for ax, curve, colour in ((axes["loss"], losses, BLUE), (axes["weights"], n_left, ORANGE)):
    ax.axvline(best_alpha, color=GREY, linestyle=":", zorder=0)
    ax.plot(alphas, curve, "o-", color=colour)
    ax.plot(best_alpha, curve[best], "o", color=colour, markersize=11)
    ax.set_xscale("log")
    ax.set_xticks(alphas, [f"{alpha:g}" for alpha in alphas])
    ax.minorticks_off()
    ax.grid(axis="y", color="0.92")
axes["loss"].fill_between(
    alphas, losses - spread, losses + spread, color=BLUE, alpha=0.15, linewidth=0
)
axes["loss"].annotate(
    f"chosen: alpha = {best_alpha:g}",
    (best_alpha, 0.94),
    xycoords=("data", "axes fraction"),
    xytext=(-6, 0),
    textcoords="offset points",
    ha="right",
    va="center",
)
axes["loss"].set(title="Cross-validated log loss (± 1 std)", ylim=(0, None))
axes["weights"].set(
    title=f"Non-zero weights, of {weights.size:,} (mean of the folds)",
    xlabel="alpha",
    ylim=(0, None),
)

importances = mlp.feature_importances_
order = np.argsort(importances, kind="stable")
used = importances[order] > 0
positions = np.arange(len(order))
ax = axes["inputs"]
ax.barh(positions, importances[order], color=BLUE, height=0.72)
ax.scatter(
    np.zeros((~used).sum()),
    positions[~used],
    s=20,
    facecolor="white",
    edgecolor=GREY,
    clip_on=False,
    zorder=3,
)
ax.set_yticks(positions, data.feature_names[order], fontsize=8.5)
for label, is_used in zip(ax.get_yticklabels(), used):
    label.set_color("black" if is_used else GREY)
ax.tick_params(axis="y", length=0, pad=6)
ax.grid(axis="x", color="0.92")
ax.set(
    title=f"{used.sum()} of {len(order)} features are selected",
    xlabel="feature_importances_   (circles: exactly 0)",
    ylim=(-0.8, len(order) - 0.2),
)
for ax in axes.values():
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
