"""
=======================================
Norm penalties and dropout side by side
=======================================

Dropout leaves out values at random while a network is trained; a norm penalty makes
weights pay for their size. Both keep a network from learning its training rows by heart.
Which does it better on few rows, do they add up, and what is left of the network?
"""

# %%
# Images of digits. Three hundred of them to train with, so that there is something to
# regularise; all others are held out. The network is the same throughout, and so is the
# solver: dropout needs minibatches.

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
# Every one of them from three starts; medians. ``alpha=0`` is dropout alone, or nothing.

columns = [("log loss", "{:.3f}"), ("accuracy", "{:.3f}"), ("weights left", "{:.1%}")]
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
# The best alpha of each, by the held-out images. (That shows what there is; to *choose*,
# use cross-validation.)

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
axes[0].set(title="Log loss of held-out images", ylim=(0, None))
axes[1].set(title="Share of weights left", ylim=(0, 1.02))
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
