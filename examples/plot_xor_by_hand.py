r"""
===========
XOR by hand
===========

We implement a network with one hidden layer, its penalised objective, the gradient and
gradient descent in NumPy, and compare it with `RegularizedMLPClassifier` started from the
same weights. Both reach the same objective and solve XOR, which no linear model can.
"""

# %%
# The data are four samples, two of each class.

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import check_grad

from sknormreg import RegularizedMLPClassifier

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
y = np.array([0, 1, 1, 0])
n_samples = len(y)

# %%
# The objective
# -------------
# Let :math:`m` be the number of samples, :math:`z_i` the output for sample :math:`i`, and
# :math:`W_1` and :math:`W_2` the weights of the two layers. We minimise the cross-entropy
# plus :math:`\lambda` times the sum of the squared weights, divided by :math:`m`:
#
# .. math::
#
#     J = \frac{1}{m} \left[ \sum_i \left( \log(1 + e^{z_i}) - y_i z_i \right)
#         + \lambda \sum_l \|W_l\|^2 \right],
#     \qquad z = \tanh(X W_1 + b_1) \, W_2 + b_2 .
#
# The library's objective for ``penalty="l2"`` is
#
# .. math::
#
#     J = \frac{1}{m} \left[ \sum_i \ell_i
#         + \alpha \sum_l \frac{1}{2} \|W_l\|^2 \right]
#
# with the same cross-entropies :math:`\ell_i`. The two are equal for
# :math:`\alpha = 2 \lambda`. Neither penalises the intercepts :math:`b_1` and :math:`b_2`.

lam = 0.01
alpha = 2 * lam


def forward(W1, b1, W2, b2, X):
    hidden = np.tanh(X @ W1 + b1)
    return hidden, (hidden @ W2 + b2).ravel()


def objective(W1, b1, W2, b2):
    _, z = forward(W1, b1, W2, b2, X)
    # logaddexp(0, z) is log(1 + exp(z)) without overflow.
    cross_entropy = np.sum(np.logaddexp(0, z) - y * z)
    return (cross_entropy + lam * (np.sum(W1**2) + np.sum(W2**2))) / n_samples


# %%
# The gradient
# ------------
# We apply the chain rule from the output back to the input. The derivative of the
# cross-entropy with respect to :math:`z` is the predicted probability minus :math:`y`, and
# that of :math:`\tanh` is :math:`1 - \tanh^2`.


def gradient(W1, b1, W2, b2):
    hidden, z = forward(W1, b1, W2, b2, X)
    probability = 1 / (1 + np.exp(-z))
    dz = (probability - y)[:, None] / n_samples
    dW2 = hidden.T @ dz + 2 * lam / n_samples * W2
    db2 = dz.sum(axis=0)
    dhidden = (dz @ W2.T) * (1 - hidden**2)
    dW1 = X.T @ dhidden + 2 * lam / n_samples * W1
    db1 = dhidden.sum(axis=0)
    return dW1, db1, dW2, db2


# %%
# We draw random weights for four hidden units, set the intercepts to 0, and check the
# gradient by finite differences.

rng = np.random.default_rng(4)
start = (rng.normal(size=(2, 4)), np.zeros(4), rng.normal(size=(4, 1)), np.zeros(1))


def unpack(vector):
    ends = np.cumsum([part.size for part in start])[:-1]
    parts = np.split(vector, ends)
    return [part.reshape(like.shape) for part, like in zip(parts, start)]


def flat(parts):
    return np.concatenate([part.ravel() for part in parts])


error = check_grad(
    lambda vector: objective(*unpack(vector)),
    lambda vector: flat(gradient(*unpack(vector))),
    flat(start),
)
print(f"Difference between gradient and finite differences: {error:.1e}")
assert error < 1e-6

# %%
# Gradient descent
# ----------------
# We use a constant learning rate and stop when the gradient is close to zero.

learning_rate = 0.5
params = [part.copy() for part in start]
by_hand_curve = [objective(*params)]
for _ in range(50_000):
    grads = gradient(*params)
    if max(np.abs(grad).max() for grad in grads) < 1e-8:
        break
    for param, grad in zip(params, grads):
        param -= learning_rate * grad
    by_hand_curve.append(objective(*params))
print(f"Gradient descent: {len(by_hand_curve) - 1} steps")

# %%
# The library, from the same weights
# ----------------------------------
# `fit` accepts initial weights as ``coef_init`` and ``intercept_init``. Its full-batch
# solver approximates the curvature and needs far fewer steps. The objective is not convex,
# so that two solvers may converge to different minima, even from the same start. Here they
# agree.

W1, b1, W2, b2 = start
mlp = RegularizedMLPClassifier(
    hidden_layer_sizes=(4,), activation="tanh", penalty="l2", alpha=alpha, solver="lbfgs"
)
mlp.fit(X, y, coef_init=[W1, W2], intercept_init=[b1, b2])
print(f"RegularizedMLPClassifier: {mlp.n_iter_} steps")

print(f"Objective by hand:        {by_hand_curve[-1]:.12f}")
print(f"Objective of the library: {mlp.loss_:.12f}")
np.testing.assert_allclose(mlp.loss_, by_hand_curve[-1], rtol=1e-6)

# %%
# The two objectives also agree at the weights that the library has found.

at_library_weights = objective(
    mlp.coefs_[0], mlp.intercepts_[0], mlp.coefs_[1], mlp.intercepts_[1]
)
np.testing.assert_allclose(at_library_weights, mlp.loss_, rtol=1e-12)

# %%
# Both solve XOR.

_, z = forward(*params, X)
by_hand_prediction = (z > 0).astype(int)
print("y:      ", y)
print("By hand:", by_hand_prediction)
print("Library:", mlp.predict(X))
np.testing.assert_array_equal(by_hand_prediction, y)
np.testing.assert_array_equal(mlp.predict(X), y)

# %%
# The figure shows the two decision surfaces, and the difference between the objective and
# its minimum after every step.

ticks = np.linspace(-0.5, 1.5, 121)
grid = np.array([(a, b) for b in ticks for a in ticks])
surfaces = {
    "By hand": 1 / (1 + np.exp(-forward(*params, grid)[1])),
    "RegularizedMLPClassifier": mlp.predict_proba(grid)[:, 1],
}

figure, axes = plt.subplots(1, 3, figsize=(11.5, 3.7), layout="constrained")
for ax, (name, probability) in zip(axes, surfaces.items()):
    filled = ax.contourf(
        ticks,
        ticks,
        probability.reshape(len(ticks), -1),
        levels=np.linspace(0, 1, 11),
        cmap="RdBu",
        alpha=0.8,
    )
    ax.scatter(*X[y == 0].T, color="black", marker="o", s=60, label="y = 0")
    ax.scatter(*X[y == 1].T, color="black", marker="^", s=70, label="y = 1")
    ax.set(title=name, xlabel="first feature", ylabel="second feature", aspect="equal")
axes[0].legend(loc="center", framealpha=0.9)
figure.colorbar(filled, ax=axes[1], label="probability of y = 1", shrink=0.85)

minimum = min(by_hand_curve[-1], mlp.loss_)
for name, curve, colour in (
    ("gradient descent", by_hand_curve, "#dd7a1f"),
    ("RegularizedMLPClassifier", [by_hand_curve[0], *mlp.loss_curve_], "#2f6db3"),
):
    above = np.array(curve) - minimum
    steps = np.arange(1, len(curve) + 1)
    shown = above > 1e-12  # Smaller differences are rounding errors.
    axes[2].plot(steps[shown], above[shown], color=colour, label=name)
axes[2].set_xscale("log")
axes[2].set_yscale("log")
axes[2].set(title="Objective above its minimum", xlabel="step (1 is the start)")
axes[2].set_ylim(1e-12, 1e3)
axes[2].legend(loc="upper right")
axes[2].grid(color="0.92")
axes[2].spines[["top", "right"]].set_visible(False)
plt.show()

# sphinx_gallery_thumbnail_axes = 1
