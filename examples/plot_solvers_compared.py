"""
=========================
Comparison of the solvers
=========================

The solver "lbfgs" uses all samples for every step and checks convergence by a stationarity
criterion; "adam" and "sgd" take a step for every minibatch. All of them minimise the same
objective and set weights to exactly zero. We compare their speed and accuracy.
"""

# %%
# We use images of digits with three penalties, and a larger simulated data set. The
# minibatch solvers reduce their learning rate during training, so that they end closer to
# the minimum.

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits, make_classification

from sknormreg import RegularizedMLPClassifier

X, y = load_digits(return_X_y=True)
X_many, y_many = make_classification(
    10_000, 50, n_informative=20, n_classes=4, flip_y=0.1, random_state=0
)
problems = {
    "digits, L2": (X / 16, y, dict(penalty="l2")),
    "digits, L1": (X / 16, y, dict(penalty="l1")),
    "digits, group lasso": (X / 16, y, dict(penalty="group_lasso")),
    "10,000 samples, L2": (X_many, y_many, dict(penalty="l2")),
}
minibatches = dict(learning_rate="adaptive", tol=1e-5)
solvers = {
    "lbfgs": dict(),
    "adam": dict(learning_rate_init=0.003, **minibatches),
    "sgd": dict(learning_rate_init=0.05, **minibatches),
}

# %%
# ``optimality_`` is 0 at a stationary point, and J is the objective at the returned
# weights.

print(f"{'':<22}{'solver':<8}{'seconds':>8}{'iterations':>12}{'J':>10}", end="")
print(f"{'optimality_':>13}{'zeros':>8}")
curves = {}
for problem, (X, y, penalty) in problems.items():
    params = dict(hidden_layer_sizes=(50,), alpha=1.0, random_state=0, **penalty)
    for solver, settings in solvers.items():
        mlp = RegularizedMLPClassifier(solver=solver, **settings, **params)
        start = time.perf_counter()
        mlp.fit(X, y)
        seconds = time.perf_counter() - start
        # All iterations take about the same time.
        times = seconds * np.arange(1, mlp.n_iter_ + 1) / mlp.n_iter_
        curves[problem, solver] = times, np.array(mlp.loss_curve_), mlp.loss_
        print(f"{problem:<22}{solver:<8}{seconds:>8.2f}{mlp.n_iter_:>12}", end="")
        print(f"{mlp.loss_:>10.5f}{mlp.optimality_:>13.1e}{mlp.sparsity_:>8.1%}")

# %%
# The figure shows the relative difference between J and the lowest J of the three solvers
# against time. For the minibatch solvers, ``loss_curve_`` is a mean over an epoch during
# which J still decreases, so their curves lie slightly above J.

colours = dict(lbfgs="#2f6db3", adam="#dd7a1f", sgd="#3b8f5a")
figure, axes = plt.subplots(1, 4, figsize=(12, 3.8), layout="constrained", sharey=True)
for ax, problem in zip(axes, problems):
    lowest = min(curves[problem, solver][2] for solver in solvers)
    for solver, colour in colours.items():
        times, losses, _ = curves[problem, solver]
        above = np.maximum(losses / lowest - 1, 1e-5)
        ax.loglog(times, above, color=colour, label=solver)
    ax.set(title=problem, xlabel="seconds")
    ax.grid(color="0.92")
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set(ylabel="J / lowest J - 1", ylim=(1e-5, None))
axes[0].legend(loc="lower left", frameon=False)
plt.show()
