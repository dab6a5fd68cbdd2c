"""
=============================
Comparison with MLPClassifier
=============================

On full batches, `RegularizedMLPClassifier` and scikit-learn's `MLPClassifier` minimise the
same objective. On minibatches, scikit-learn divides the penalty by the batch size, so the
same ``alpha`` penalises more strongly when batches are small. `RegularizedMLPClassifier`
always divides it by the number of training samples. It also offers penalties that set
weights to exactly zero, such as the L1 norm.
"""

# %%
# We use standardised data and the same small network throughout.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier

X, y = load_breast_cancer(return_X_y=True)
X = StandardScaler().fit_transform(X)
n_samples = len(y)

network = dict(hidden_layer_sizes=(20,), activation="tanh", random_state=0)
alpha = 1

# %%
# The same objective
# ------------------
# We fit an `MLPClassifier` on full batches and start our estimator from its weights. With
# ``tol=1`` any starting point counts as converged, so `fit` only evaluates the objective.

theirs = MLPClassifier(solver="lbfgs", alpha=alpha, max_iter=5000, **network).fit(X, y)
ours = RegularizedMLPClassifier(
    penalty="l2", alpha=alpha, solver="lbfgs", tol=1, max_iter=1, **network
)
ours.fit(X, y, coef_init=theirs.coefs_, intercept_init=theirs.intercepts_)

for our_coef, their_coef in zip(ours.coefs_, theirs.coefs_):
    np.testing.assert_array_equal(our_coef, their_coef)
np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=1e-12)
print(f"MLPClassifier.loss_:            {theirs.loss_:.15f}")
print(f"RegularizedMLPClassifier.loss_: {ours.loss_:.15f}")

# %%
# What alpha means on minibatches
# -------------------------------
# We train with Adam at one alpha and several batch sizes, and compare the norm of the
# weights with that of the full-batch solution.
#
# For batches of b out of m samples, scikit-learn's alpha should act like ours multiplied by
# m / b. The third column checks this.

batch_sizes = [20, 50, 100, 200]
training = dict(solver="adam", max_iter=4000, tol=1e-5, n_iter_no_change=30)


def weight_norm(mlp):
    return np.sqrt(sum((coef**2).sum() for coef in mlp.coefs_))


def norms(make_estimator):
    return [weight_norm(make_estimator(size).fit(X, y)) for size in batch_sizes]


def their_mlp(batch_size):
    return MLPClassifier(alpha=alpha, batch_size=batch_size, **training, **network)


def our_mlp(batch_size):
    return RegularizedMLPClassifier(
        alpha=alpha, batch_size=batch_size, **training, **network
    )


def our_mlp_their_alpha(batch_size):
    return our_mlp(batch_size).set_params(alpha=alpha * n_samples / batch_size)


their_norms = norms(their_mlp)
our_norms = norms(our_mlp)
translated_norms = norms(our_mlp_their_alpha)
full_batch = RegularizedMLPClassifier(alpha=alpha, solver="lbfgs", **network).fit(X, y)
full_batch_norm = weight_norm(full_batch)

print(f"Norm of the weights, alpha={alpha}; full batches: {full_batch_norm:.2f}")
print(f"{'batch_size':>10}{'MLPClassifier':>16}{'ours':>8}{'ours, alpha * m / b':>22}")
for size, *row in zip(batch_sizes, their_norms, our_norms, translated_norms):
    print(f"{size:>10}{row[0]:>16.2f}{row[1]:>8.2f}{row[2]:>22.2f}")

# %%
# In scikit-learn, an alpha tuned for one batch size has to be tuned again for another. Here
# it keeps its meaning.
#
# Exact zeros
# -----------
# An L2 penalty makes weights small but never zero. The L1 penalty and the elastic net set
# weights to exactly zero.

fitted = {"MLPClassifier": theirs}
for penalty in ("l2", "elasticnet", "l1"):
    mlp = RegularizedMLPClassifier(penalty=penalty, alpha=alpha, **network)
    fitted[f'penalty="{penalty}"'] = mlp.fit(X, y)

print(f"{'':<22}{'zeros':>10}{'weights':>9}{'training accuracy':>25}")
for name, mlp in fitted.items():
    weights = np.concatenate([coef.ravel() for coef in mlp.coefs_])
    n_zeros = np.count_nonzero(weights == 0)
    print(f"{name:<22}{n_zeros:>10}{weights.size:>9}{mlp.score(X, y):>25.3f}")

# %%

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")

left.axhline(full_batch_norm, color="0.6", linestyle=":", label="full batches")
left.plot(batch_sizes, their_norms, "s-", color="#dd7a1f", label="MLPClassifier")
left.plot(batch_sizes, our_norms, "o-", color="#2f6db3", label="RegularizedMLPClassifier")
left.set_xscale("log")
left.set_xticks(batch_sizes, batch_sizes)
left.minorticks_off()
left.set(
    title=f"One alpha ({alpha}), several batch sizes",
    xlabel="batch_size",
    ylabel="norm of the weights",
    ylim=(0, None),
)
left.legend(loc="lower right")

colours = ["#dd7a1f", "#2f6db3", "#3b8f5a", "#8a4fa3"]
for (name, mlp), colour in zip(fitted.items(), colours):
    weights = np.sort(np.abs(np.concatenate([coef.ravel() for coef in mlp.coefs_])))[::-1]
    n_left = np.count_nonzero(weights)
    # MLPClassifier and penalty="l2" nearly coincide.
    style = "--" if name == "MLPClassifier" else "-"
    right.plot(
        np.arange(1, n_left + 1),
        weights[:n_left],
        style,
        color=colour,
        zorder=3 if style == "--" else 2,
        label=f"{name}: {n_left} not zero",
    )
right.set_yscale("log")
right.set(
    title="Absolute weights, largest first",
    xlabel="rank",
    ylabel="absolute weight",
    ylim=(None, 100),
)
right.legend(loc="upper right")
for ax in (left, right):
    ax.grid(color="0.92")
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
