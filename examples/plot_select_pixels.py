"""
==========================
Which pixels are worth it?
==========================

With ``inputs_only=True`` a group penalty removes inputs and leaves hidden units alone: all
weights that leave an input vanish together. On images the inputs that stay can be drawn.
We let the penalty choose pixels of small images of digits, and train a plain network on
what it chose.
"""

# %%
# Images of digits, half of them held out. The pixels are standardised: the penalty
# compares weights, and a pixel that is rarely inked would need larger ones.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.feature_selection import SelectFromModel
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier
from sknormreg.penalties import L2, GroupLasso, GroupMCP

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.5, stratify=y, random_state=0
)
scaler = StandardScaler().fit(X_train)
X_train_scaled, X_test_scaled = scaler.transform(X_train), scaler.transform(X_test)

# %%
# Three ways to say it. `GroupLasso` shrinks the weights of the pixels that it keeps.
# `GroupMCP` does not shrink those whose root mean square is beyond its knot ``a``. Both
# give the later layer the L2 norm of the same alpha; a list of penalties, one for each
# layer, with a list of alphas sets the two strengths apart.


def select(penalty, alpha):
    return RegularizedMLPClassifier(
        (50,), penalty=penalty, alpha=alpha, solver="lbfgs", tol=1e-3, random_state=0
    ).fit(X_train_scaled, y_train)


rows = {
    "GroupLasso(inputs_only=True)": [
        select(GroupLasso(inputs_only=True), alpha) for alpha in (3, 10, 20, 30)
    ],
    "GroupMCP(a=0.3, inputs_only=True)": [
        select(GroupMCP(a=0.3, inputs_only=True), alpha) for alpha in (3, 10, 20, 30)
    ],
    "[GroupMCP(a=0.3), L2()]": [
        select([GroupMCP(a=0.3), L2()], [alpha, 1.0]) for alpha in (10, 30, 60, 100)
    ],
}

# %%
# A penalty that is strong enough to remove most pixels also shrinks what is left. The
# second accuracy is that of a plain network, trained afresh on the selected pixels.


def plain_network():
    return RegularizedMLPClassifier((50,), random_state=0)


all_pixels = plain_network().fit(X_train_scaled, y_train).score(X_test_scaled, y_test)
print(f"{'':<36}{'alpha':>10}{'pixels':>8}{'accuracy':>10}{'after refit':>13}")
print(f"{'all pixels':<36}{'':>10}{X.shape[1]:>8}{all_pixels:>10.3f}")
scores = {}
for name, fits in rows.items():
    for i, mlp in enumerate(fits):
        kept = mlp.selected_features_
        refit = plain_network().fit(X_train_scaled[:, kept], y_train)
        scores[name, i] = refit.score(X_test_scaled[:, kept], y_test)
        before = mlp.score(X_test_scaled, y_test)
        print(f"{name:<36}{mlp.alpha!s:>10}{kept.sum():>8}{before:>10.3f}", end="")
        print(f"{scores[name, i]:>13.3f}")

# %%
# The pixels that stay, in colour: the darker, the larger their share in the weights of all
# paths to the outputs (the square root of `feature_importances_`). White pixels are not
# looked at. The stronger the penalty, the fewer pixels; `GroupMCP` leaves fewer of them
# than `GroupLasso` of the same alpha.

figure, axes = plt.subplots(len(rows), 5, figsize=(10.5, 7.2), layout="constrained")
mean_image = X_train.mean(axis=0).reshape(8, 8)
colours = plt.get_cmap("YlOrRd").with_extremes(bad="white")
for row, (name, fits) in zip(axes, rows.items()):
    row[0].imshow(mean_image, cmap="Greys")
    row[0].set_title(f"mean image\nall 64: {all_pixels:.3f}", fontsize=10)
    for i, (ax, mlp) in enumerate(zip(row[1:], fits)):
        kept = mlp.selected_features_
        picture = np.where(kept, np.sqrt(mlp.feature_importances_), np.nan)
        ax.imshow(picture.reshape(8, 8), cmap=colours, vmin=0, vmax=0.35)
        ax.set_title(
            f"alpha = {mlp.alpha}\n{kept.sum()} pixels: {scores[name, i]:.3f}", fontsize=10
        )
    row[0].set_ylabel(name.replace("inputs", "\ninputs"), fontsize=10)
for ax in axes.flat:
    ax.set_xticks(np.arange(-0.5, 8), [])
    ax.set_yticks(np.arange(-0.5, 8), [])
    ax.grid(color="0.85", linewidth=0.6)
    ax.tick_params(length=0)
figure.suptitle(
    "Pixels that each penalty keeps, and the accuracy of a plain network on them"
)
plt.show()

# %%
# The same as one estimator: standardise, select, train a plain network on the selection.
# Give `SelectFromModel` a threshold. Its own default is 1e-5 where the model says
# ``penalty="l1"`` and the *mean* importance otherwise, which drops pixels that the
# penalty keeps. What the penalty removes has an importance of exactly 0, so that any tiny
# threshold does.

pipeline = make_pipeline(
    StandardScaler(),
    SelectFromModel(
        RegularizedMLPClassifier(
            (50,),
            penalty=GroupMCP(a=0.3, inputs_only=True),
            alpha=10,
            solver="lbfgs",
            tol=1e-3,
            random_state=0,
        ),
        threshold=1e-12,
    ),
    plain_network(),
)
pipeline.fit(X_train, y_train)
kept = pipeline[1].get_support()

accuracy = pipeline.score(X_test, y_test)
print(f"Pipeline: {kept.sum()} pixels, accuracy {accuracy:.3f}")
by_default = pipeline[1].set_params(threshold=None).get_support().sum()
print(f"The default threshold would have kept {by_default}.")

# sphinx_gallery_thumbnail_axes = 2
