"""
====================================
The best alpha for each architecture
====================================

Does a deeper or wider network need a larger ``alpha``? `RegularizedMLPClassifierCV`
compares a list of architectures, each at every alpha, in a single call.
"""

# %%
# We train on 500 images of digits only, so that overfitting matters. If
# ``hidden_layer_sizes`` is a list of tuples, each of them is a candidate with scores at
# every alpha.

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sknormreg import RegularizedMLPClassifierCV

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / X.max(), y, train_size=500, stratify=y, random_state=0
)
widths, depths = (8, 32, 128), (1, 2, 3)
architectures = [(width,) * depth for depth in depths for width in widths]
alphas = np.geomspace(1e-3, 30, 14)

model = RegularizedMLPClassifierCV(
    hidden_layer_sizes=architectures,
    alphas=alphas,
    scoring="neg_log_loss",
    n_jobs=2,
    random_state=0,
).fit(X_train, y_train)

# %%
# We print the best alpha of each architecture. The axes of ``scores_`` are the candidates,
# the alphas and the folds.

losses = -model.scores_.mean(axis=-1)
print(
    f"{'hidden layers':<18}{'weights':>9}{'best alpha':>12}{'log loss':>10}{'at 0.001':>10}"
)
for sizes, row in zip(architectures, losses):
    units = (X.shape[1], *sizes, 10)
    n_weights = sum(a * b for a, b in pairwise(units))
    best = row.argmin()
    print(
        f"{sizes!s:<18}{n_weights:>9}{alphas[best]:>12.2g}{row[best]:>10.3f}{row[0]:>10.3f}"
    )
print(
    f"Chosen: hidden_layer_sizes={model.hidden_layer_sizes_}, alpha={model.alpha_:.2g}; "
    f"accuracy on held-out images {model.score(X_test, y_test):.3f}"
)

# %%
# The figure shows the cross-validated log loss against alpha, with one panel for each
# depth. Dots mark the best alphas.

figure, axes = plt.subplots(
    1, len(depths), figsize=(11, 4), sharey=True, layout="constrained"
)
colours = plt.get_cmap("viridis")(np.linspace(0.1, 0.8, len(widths)))
for ax, depth in zip(axes, depths):
    for width, colour in zip(widths, colours):
        row = losses[architectures.index((width,) * depth)]
        best = row.argmin()
        ax.plot(alphas, row, color=colour, label=f"{width} units")
        ax.plot(alphas[best], row[best], "o", color=colour)
    ax.set(xscale="log", yscale="log", xlabel="alpha", title=f"hidden layers: {depth}")
    ax.grid(color="0.92")
    ax.spines[["top", "right"]].set_visible(False)
ticks = [0.2, 0.3, 0.5, 1, 2]
axes[0].set_yticks(ticks, labels=map(str, ticks))
axes[0].minorticks_off()
axes[0].set_ylabel("cross-validated log loss")
axes[0].legend()
plt.show()
