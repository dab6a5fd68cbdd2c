"""
=======================
The regularization path
=======================

Which ``alpha``? `regularization_path` fits one network after the other, from a weak penalty
to one that leaves nothing, each from where the last one ended. `RegularizedMLPClassifierCV`
does the same in every fold of a cross-validation and scores the networks on the rows left
out. Drawn over one another they tell which inputs go first, and what each costs.
"""

# %%
# Tumours of the breast, described by 30 measurements. The group lasso removes inputs as a
# whole. ``rule="one_se"`` takes the largest alpha whose score is within one standard error
# of the best.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifierCV, regularization_path

data = load_breast_cancer(as_frame=True)
X, y = StandardScaler().set_output(transform="pandas").fit_transform(data.data), data.target
settings = dict(hidden_layer_sizes=(20,), penalty="group_lasso", random_state=0)

model = RegularizedMLPClassifierCV(
    alphas=25, scoring="neg_log_loss", rule="one_se", n_jobs=2, **settings
).fit(X, y)
path = regularization_path(X, y, alphas=model.alphas_, **settings)

# %%
# The scores are a table of alphas by folds. The best mean has a standard error; the largest
# alpha whose mean is within it is the one that was taken.

means = model.scores_.mean(axis=1)
errors = model.scores_.std(axis=1, ddof=1) / np.sqrt(model.scores_.shape[1])
best = means.argmax()
taken = int(np.flatnonzero(model.alphas_ == model.alpha_)[0])
n_inputs = np.zeros(len(model.alphas_), dtype=int)
n_inputs[: len(path.alphas)] = path.n_features

print(f"{'':<20}{'alpha':>8}{'log loss':>10}{'inputs':>8}")
for name, i in ("best", best), ("one standard error", taken):
    print(f"{name:<20}{model.alphas_[i]:>8.3g}{-means[i]:>10.3f}{n_inputs[i]:>8}")
print("Inputs kept:", ", ".join(model.selected_feature_names_))

# %%
# Above, the size of each input's weights (in their root mean square), with those that the
# chosen network keeps in colour. Below, the log loss on rows left out, with one standard
# error to both sides, and how many inputs are left.

BLUE, ORANGE, GREY = "#2f6db3", "#dd7a1f", "0.75"
sizes = np.array([np.sqrt((coefs[0] ** 2).mean(axis=1)) for coefs in path.coefs])

figure, (above, below) = plt.subplots(
    2, 1, figsize=(8, 7), sharex=True, layout="constrained"
)
for j, kept in enumerate(model.selected_features_):
    above.plot(path.alphas, sizes[:, j], color=BLUE if kept else GREY, zorder=2 + kept)
above.set(ylabel="size of an input's weights", title="30 inputs along the path")

alphas = model.alphas_
below.fill_between(alphas, -means - errors, -means + errors, color=BLUE, alpha=0.2, lw=0)
below.plot(alphas, -means, color=BLUE)
below.plot(alphas[best], -means[best], "o", color=BLUE, label="best")
below.plot(alphas[taken], -means[taken], "D", color=ORANGE, label="one standard error")
below.axhline(-means[best] + errors[best], color=ORANGE, lw=1, ls="--")
below.set(xscale="log", xlabel="alpha", ylabel="log loss on rows left out", ylim=(0, None))
below.legend(loc="center left")
counts = below.twinx()
counts.step(alphas, n_inputs, where="mid", color="0.45", lw=1)
counts.set(ylabel="inputs left", ylim=(0, None))
for ax in (above, below):
    ax.axvline(model.alpha_, color=ORANGE, lw=1, ls="--", zorder=1)
    ax.grid(color="0.93")
    ax.set_axisbelow(True)
for ax in (above, below, counts):
    ax.spines["top"].set_visible(False)
above.spines["right"].set_visible(False)
plt.show()
