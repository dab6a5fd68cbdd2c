r"""
===================================
Converting alpha from MLPClassifier
===================================

In sknormreg the penalty is divided by the number of training samples; in scikit-learn's
MLPs it is divided by the number of samples in the *batch*. To convert an ``alpha`` tuned
for scikit-learn, multiply it by a factor that depends on the solver and on the batch size:

.. math::

    \alpha_{\text{sknormreg}} = \alpha_{\text{scikit-learn}} \cdot
    \frac{1}{K} \sum_{k=1}^K \frac{m}{b_k}

for an epoch of K batches with :math:`b_k` samples each, :math:`m` in total. With "lbfgs"
there is a single batch and the factor is 1. We fit both estimators, with the same alpha and
with the converted one, and compare the networks.
"""

# %%
# We use 400 samples, which batches of 50, 100 and 200 divide evenly, and 401 samples, for
# which the last batch has a single sample.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import scale
from sklearn.utils import gen_batches

from sknormreg import RegularizedMLPClassifier

# The largest alphas select no feature at all, and each of these fits warns about it.
warnings.filterwarnings("ignore", message="No feature is selected")

X, y = load_breast_cancer(return_X_y=True)
X = scale(X)
network = dict(hidden_layer_sizes=(20,), activation="tanh", random_state=0)
alpha = 1


def factor(solver, n_rows, batch_size):
    """Factor that converts an alpha from scikit-learn."""
    if solver == "lbfgs":
        return 1.0
    sizes = [batch.stop - batch.start for batch in gen_batches(n_rows, batch_size)]
    return np.mean([n_rows / size for size in sizes])


# %%
# The stochastic solvers train until their objective is stationary up to the noise of the
# minibatches. We compare the norms of the weights: the last columns are ratios to
# scikit-learn's norm, with the same alpha and with the converted one.

long = dict(max_iter=10000, tol=1e-6, n_iter_no_change=50)
settings = {
    "lbfgs": dict(max_iter=5000),
    "adam": dict(learning_rate_init=2e-3, **long),
    "sgd": dict(learning_rate_init=0.05, **long),
}
cases = [("lbfgs", 400, 400)]
cases += [(solver, 400, size) for solver in ("adam", "sgd") for size in (400, 200, 100, 50)]
cases += [(solver, 401, 200) for solver in ("adam", "sgd")]


def weight_norm(mlp):
    return np.sqrt(sum((coef**2).sum() for coef in mlp.coefs_))


print(f"{'solver':<8}{'n':>6}{'batch_size':>12}{'factor':>8}{'norm there':>12}", end="")
print(f"{'same alpha':>12}{'converted':>12}")
ratios = {}
for solver, n_rows, batch_size in cases:
    params = dict(solver=solver, batch_size=batch_size, **settings[solver], **network)
    rows = slice(n_rows)
    theirs = MLPClassifier(alpha=alpha, **params).fit(X[rows], y[rows])
    times = factor(solver, n_rows, batch_size)
    norms = [
        weight_norm(RegularizedMLPClassifier(alpha=a, **params).fit(X[rows], y[rows]))
        for a in (alpha, alpha * times)
    ]
    there = weight_norm(theirs)
    ratios[solver, n_rows, batch_size] = same, converted = np.array(norms) / there
    print(f"{solver:<8}{n_rows:>6}{batch_size:>12}{times:>8.2f}{there:>12.2f}", end="")
    print(f"{same:>12.2f}{converted:>12.2f}")

# %%
# If all batches have the same size, the converted alpha leads to the same network up to the
# noise of the minibatches. With 401 samples it does not: in scikit-learn the single sample
# of the last batch counts as much as the 200 samples of another batch, in the loss as well
# as in the penalty, and the factor accounts for the penalty alone. With "sgd", almost
# nothing is left of the weights. To compare the two, use a batch size that leaves no small
# last batch, or choose alpha anew.

labels = [f"{solver}\n{n}, {b}" for solver, n, b in ratios]
positions = np.arange(len(labels))
same, converted = np.array(list(ratios.values())).T

figure, ax = plt.subplots(figsize=(10, 4.2), layout="constrained")
ax.axhline(1, color="0.6", linestyle=":", zorder=0)
ax.vlines(positions, same, converted, color="0.85", zorder=1)
ax.plot(positions, same, "s", color="#dd7a1f", label="the same alpha")
ax.plot(positions, converted, "o", color="#2f6db3", label="alpha converted", clip_on=False)
ax.set_xticks(positions, labels)
ax.set(
    title="Norm of the weights as a multiple of MLPClassifier's",
    xlabel="solver; number of samples, batch size",
    ylim=(0, None),
)
ax.grid(axis="y", color="0.92")
ax.set_axisbelow(True)
ax.spines[["top", "right"]].set_visible(False)
ax.legend(loc="upper left", frameon=False)
plt.show()
