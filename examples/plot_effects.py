"""
===========================================
How the selected features act, and in pairs
===========================================

A sparse network names the features that it needs. How does the prediction depend on each of
them, and on two of them together? scikit-learn's partial dependence answers for any fitted
estimator: it averages predictions over the samples, with one or two features set to given
values. A network of few features has few such figures.

The data are simulated: Friedman's first problem, whose target is
:math:`10 \\sin(\\pi x_0 x_1) + 20 (x_2 - 0.5)^2 + 10 x_3 + 5 x_4` and noise. Fifteen more
features have no effect.
"""

# %%
# First, select. The group lasso drops features, and shrinks the effects of those that are
# left; the refit without it (`relax`) gives them back.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_friedman1
from sklearn.inspection import PartialDependenceDisplay, partial_dependence
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPRegressorCV
from sknormreg.penalties import GroupLasso, MaxNorm

X, y = make_friedman1(500, n_features=20, noise=1, random_state=0)
X = scale(X)
mlp = RegularizedMLPRegressorCV(
    (20,),
    penalty=[GroupLasso(), MaxNorm(1)],
    alphas=8,
    rule="one_se",
    relax=1,
    cv=3,
    random_state=0,
).fit(X, scale(y))
print("Selected:", ", ".join(mlp.selected_feature_names_))
most_important = np.argsort(-mlp.feature_importances_)[:5]
shown = sorted(most_important.tolist())

# %%
# Which pairs of the five most important interact? If two features act independently of one
# another, their joint effect is the sum of their single effects. The rest is their
# interaction (Friedman's H statistic compares the same quantities). Here is its standard
# deviation over a grid.


def interaction(i, j):
    joint = partial_dependence(mlp, X[:100], [i, j], grid_resolution=10)["average"][0]
    return np.std(joint - joint.mean(axis=1, keepdims=True) - joint.mean(axis=0))


pairs = [(i, j) for i in shown for j in shown if i < j]
pairs.sort(key=lambda pair: -interaction(*pair))
for i, j in pairs[:3]:
    print(f"x{i} and x{j}: {interaction(i, j):.3f}")

# %%
# The strongest is the product inside the sine. One figure has the effect of each of these
# features, with the lines of single samples, and that of this pair: where one of them is
# large, the effect of the other rises and falls.

figure, axes = plt.subplots(2, 3, figsize=(10, 6), layout="constrained")
axes = axes.ravel()
names = [f"x{j}" for j in range(X.shape[1])]
PartialDependenceDisplay.from_estimator(
    mlp,
    X,
    shown,
    kind="both",
    subsample=30,
    feature_names=names,
    random_state=0,
    ax=axes[:-1],
)
PartialDependenceDisplay.from_estimator(
    mlp, X, pairs[:1], feature_names=names, grid_resolution=30, ax=axes[-1:]
)
plt.show()
