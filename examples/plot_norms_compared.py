"""
=======================
Comparison of the norms
=======================

A penalty can remove weights, features or hidden units, or reduce the rank of weight
matrices. We compare ten norms on one data set, each at several strengths: how good are the
predictions, and what remains of the network?
"""

# %%
# The features are measurements of cell nuclei; the target is whether a tumour is benign.
# Half of the samples are held out.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier
from sknormreg.penalties import MaxNorm

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.5, stratify=y, random_state=0
)
scaler = StandardScaler().fit(X_train)
X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)

# %%
# Most penalties can be given by name and have a strength ``alpha``. "max_norm" is a
# constraint. Instead of alpha it has a radius, the largest norm that the weights into a
# unit may have.

alphas = [0.3, 1, 3, 10]
norms = {
    "l2": alphas,
    "l1": alphas,
    "elasticnet": alphas,
    "mcp": [1, 3, 10, 30],
    "group_lasso": alphas,
    "sparse_group_lasso": alphas,
    "group_mcp": alphas,
    "hierarchical": [1, 3, 10, 30],
    "nuclear": alphas,
    "max_norm": [3, 2, 1, 0.5],
}


def fit(norm, strength):
    if norm == "max_norm":
        chosen = dict(penalty=MaxNorm(radius=strength))
    else:
        chosen = dict(penalty=norm, alpha=strength)
    return RegularizedMLPClassifier((50,), solver="lbfgs", random_state=0, **chosen).fit(
        X_train, y_train
    )


# %%
# The rank is that of the first layer's weight matrix. "hierarchical" has a skip connection
# from the features to the output; its weights are included in the count.

print(f"{'':<20}{'strength':>9}{'log loss':>10}{'features':>9}{'units':>7}", end="")
print(f"{'weights':>9}{'rank':>6}")
results = {}
for norm, strengths in norms.items():
    for strength in strengths:
        mlp = fit(norm, strength)
        loss = log_loss(y_test, mlp.predict_proba(X_test))
        n_inputs = mlp.selected_features_.sum()
        rank = np.linalg.matrix_rank(mlp.coefs_[0])
        results[norm, strength] = loss, n_inputs, mlp.n_nonzero_
        print(f"{norm:<20}{strength:>9g}{loss:>10.3f}{n_inputs:>9}", end="")
        print(f"{mlp.n_active_units_[0]:>7}{mlp.n_nonzero_:>9}{rank:>6}")

# %%
# Each panel shows the log loss on held-out samples against the number of non-zero weights
# of one norm, with all other norms in grey. Colours show the number of selected features.
# Larger points are stronger penalties.
#
# - "l2", "nuclear" and "max_norm" set no weights to zero. The nuclear norm reduces the rank
#   instead (see the table).
# - "l1" and "elasticnet" remove single weights and thereby features; "group_lasso" and
#   "sparse_group_lasso" remove whole features and units. The networks become equally small.
# - The concave penalties "mcp" and "group_mcp" do not shrink large weights. With a small
#   alpha the network is overconfident, hence the high log loss.
# - "hierarchical" removes features but no units.

GREY = "#dcdcdc"
everything = np.array(list(results.values()))

figure, axes = plt.subplots(
    2, 5, figsize=(12.5, 5.4), sharex=True, sharey=True, layout="constrained"
)
for ax, (norm, strengths) in zip(axes.flat, norms.items()):
    losses, n_inputs, n_weights = np.array([results[norm, s] for s in strengths]).T
    ax.plot(everything[:, 2], everything[:, 0], ".", color=GREY, zorder=0)
    ax.plot(n_weights, losses, color="0.5", linewidth=1, zorder=1)
    points = ax.scatter(
        n_weights,
        losses,
        c=n_inputs,
        s=[20, 45, 80, 125],
        cmap="viridis_r",
        vmin=0,
        vmax=X.shape[1],
        edgecolor="white",
        zorder=3,
    )
    what = "radius" if norm == "max_norm" else "alpha"
    ax.set_title(f"{norm}\n{what} {', '.join(f'{s:g}' for s in strengths)}", fontsize=10)
    ax.set(xscale="log", yscale="log", xlim=(4, 4000))
    ax.grid(color="0.94")
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
axes[0, 0].set_yticks([0.05, 0.1, 0.2, 0.4], ["0.05", "0.1", "0.2", "0.4"])
axes[0, 0].set_xticks([10, 100, 1000], ["10", "100", "1,000"])
for ax in axes.flat:
    ax.minorticks_off()
figure.supxlabel("non-zero weights", fontsize=11)
figure.supylabel("log loss on held-out samples", fontsize=11)
figure.colorbar(points, ax=axes, label="selected features, of 30", pad=0.01)
plt.show()

# sphinx_gallery_thumbnail_axes = 4
