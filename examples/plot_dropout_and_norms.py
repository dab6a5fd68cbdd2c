"""
==========================
Norm penalties and dropout
==========================

Dropout sets hidden values to zero at random during training; a norm penalty keeps the
weights small. Both reduce overfitting. We compare them on a small training set, separately
and combined, and look at how many weights remain.
"""

# %%
# We train on 300 images of digits, so that regularisation matters, and hold out the others.
# All models have the same architecture and the same solver; dropout requires minibatches.

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from sknormreg import RegularizedMLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / X.max(), y, train_size=300, stratify=y, random_state=0
)

alphas = [0, 0.01, 0.03, 0.1, 0.3, 1]
families = {
    "L2": dict(penalty="l2"),
    "L2, dropout 0.2": dict(penalty="l2", dropout=0.2),
    "L2, dropout 0.5": dict(penalty="l2", dropout=0.5),
    "group lasso": dict(penalty="group_lasso"),
    "group lasso, dropout 0.2": dict(penalty="group_lasso", dropout=0.2),
}


def fit(alpha, seed, **params):
    return RegularizedMLPClassifier(
        (100,),
        activation="relu",
        solver="adam",
        learning_rate_init=0.005,
        learning_rate="adaptive",
        batch_size=50,
        max_iter=1000,
        tol=1e-3,
        alpha=alpha,
        random_state=seed,
        **params,
    ).fit(X_train, y_train)


# %%
# We report medians over three random initialisations. ``alpha=0`` means dropout alone, or
# no regularisation at all.

columns = [("log loss", "{:.3f}"), ("accuracy", "{:.3f}"), ("non-zero", "{:.1%}")]
columns += [("seconds", "{:.2f}")]
print(f"{'':<26}{'alpha':>6}" + "".join(f"{name:>14}" for name, _ in columns))
results = {}
for name, params in families.items():
    for alpha in alphas:
        figures = []
        for seed in range(3):
            start = time.perf_counter()
            mlp = fit(alpha, seed, **params)
            seconds = time.perf_counter() - start
            loss = log_loss(y_test, mlp.predict_proba(X_test))
            figures.append((loss, mlp.score(X_test, y_test), 1 - mlp.sparsity_, seconds))
        results[name, alpha] = np.median(figures, axis=0)
        texts = [form.format(x) for (_, form), x in zip(columns, results[name, alpha])]
        print(f"{name:<26}{alpha:>6g}" + "".join(f"{text:>14}" for text in texts))

# %%
# We list the alpha with the lowest log loss on the held-out images. (This shows what is
# possible. To *choose* alpha, use cross-validation.)

best = {name: min(alphas, key=lambda a: results[name, a][0]) for name in families}
for name, alpha in best.items():
    loss, accuracy, left, _ = results[name, alpha]
    print(
        f"{name:<26}alpha={alpha:<6g}log loss {loss:.3f}, accuracy {accuracy:.3f}", end=""
    )
    print(f", {left:.0%} of the weights")

# %%

colours = ["#2f6db3", "#6a9bd1", "#a9c6e6", "#dd7a1f", "#efb06f"]
markers = ["o", "s", "^", "o", "s"]
positions = np.arange(len(alphas))

figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
for name, colour, marker in zip(families, colours, markers):
    losses, _, left, _ = np.transpose([results[name, alpha] for alpha in alphas])
    for ax, curve in zip(axes, (losses, left)):
        ax.plot(positions, curve, marker=marker, color=colour, label=name)
axes[0].set(title="Log loss on held-out images", ylim=(0, None))
axes[1].set(title="Fraction of non-zero weights", ylim=(0, 1.02))
axes[1].yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
for ax in axes:
    ax.set_xticks(positions, [f"{alpha:g}" for alpha in alphas])
    ax.set_xlabel("alpha")
    ax.grid(axis="y", color="0.92")
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
axes[1].legend(loc="lower left", frameon=False)
plt.show()

# sphinx_gallery_thumbnail_axes = 1
