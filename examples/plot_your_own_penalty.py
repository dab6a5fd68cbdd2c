"""
================
A custom penalty
================

A penalty is a class with three methods: its value, its proximal operator, and its
minimum-norm subgradient, which tells how far a fit is from a stationary point. We write a
penalty that is not part of the package: an L1 norm with a non-negativity constraint. All
solvers support it, and its parameters can be tuned by a grid search.
"""

# %%
# The penalty is :math:`\Omega(W) = \text{scale} \cdot \sum_{ij} W_{ij}` if no weight is
# negative, and infinite otherwise.
#
# - The proximal operator subtracts ``step * scale`` and clips the result at 0. ``step`` is
#   a number or, for the solver "adam", an array with one entry for each weight.
# - The derivative at a positive weight is ``gradient + strength * scale``. At 0 the
#   subgradients are this number and all smaller ones, so that the minimum-norm subgradient
#   is the negative part of this number.
# - If the initial weights are not feasible, training starts from their proximal point.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split

from sknormreg import RegularizedMLPClassifier
from sknormreg.displays import WeightsDisplay
from sknormreg.penalties import Penalty


class NonNegative(Penalty):
    """L1 penalty for non-negative weights."""

    def __init__(self, scale=1.0):
        self.scale = scale

    def value(self, weights):
        return self.scale * float(weights.sum()) if (weights >= 0).all() else np.inf

    def prox(self, weights, step):
        return np.maximum(weights - step * self.scale, 0).astype(weights.dtype)

    def min_norm_subgradient(self, weights, gradient, strength):
        slope = gradient + strength * self.scale
        return np.where(weights > 0, slope, np.minimum(slope, 0)).astype(weights.dtype)


# %%
# We train on images of digits with pixels between 0 and 1. The full-batch solver (here a
# quasi-Newton method that only needs the proximal operator) and proximal Adam minimise the
# same objective J.

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / X.max(), y, test_size=0.5, stratify=y, random_state=0
)


def report(name, mlp):
    smallest = min(coef.min() for coef in mlp.coefs_)
    print(f"{name:<24}{mlp.score(X_test, y_test):>9.3f}{mlp.loss_:>9.3f}", end="")
    print(f"{mlp.optimality_:>13.1e}{mlp.sparsity_:>8.1%}{smallest:>17.2f}")


networks = {
    'L1, "lbfgs"': dict(penalty="l1", solver="lbfgs"),
    'NonNegative, "lbfgs"': dict(penalty=NonNegative(), solver="lbfgs"),
    'NonNegative, "adam"': dict(
        penalty=NonNegative(),
        solver="adam",
        learning_rate="adaptive",
        learning_rate_init=0.01,
    ),
}
print(
    f"{'':<24}{'accuracy':>9}{'J':>9}{'optimality_':>13}{'zeros':>8}{'smallest weight':>17}"
)
for name, params in networks.items():
    mlp = RegularizedMLPClassifier((20,), random_state=0, alpha=0.3, **params)
    networks[name] = mlp.fit(X_train, y_train)
    report(name, mlp)

# %%
# `optimality_` is the largest absolute entry of the minimum-norm subgradient. It is close
# to 0 at a stationary point, whichever solver found it. A network has many stationary
# points, so J may differ.
#
# The parameters of a penalty are parameters of the estimator, here ``penalty__scale``.

scales = [0.1, 0.3, 1, 3]
search = GridSearchCV(
    RegularizedMLPClassifier(
        (20,), penalty=NonNegative(), alpha=1.0, solver="lbfgs", tol=1e-3, random_state=0
    ),
    {"penalty__scale": scales},
).fit(X_train, y_train)
print()
for scale, accuracy in zip(scales, search.cv_results_["mean_test_score"]):
    print(f"penalty__scale={scale:<4g} cross-validated accuracy {accuracy:.3f}")
report(repr(search.best_estimator_.penalty), search.best_estimator_)

# %%
# We plot the weights into each hidden unit as images. With the L1 penalty, units have
# positive (blue) and negative (orange) weights, and some units have none. With the custom
# penalty, each unit is a weighted sum of pixels, often in the shape of a stroke.

figure, axes = plt.subplots(1, 2, figsize=(12, 4), layout="constrained")
for ax, name in zip(axes, ('L1, "lbfgs"', 'NonNegative, "lbfgs"')):
    WeightsDisplay.from_estimator(networks[name], image_shape=(8, 8), ax=ax)
    ax.set_title(name)
plt.show()
