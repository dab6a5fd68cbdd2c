"""
==========================
Selecting pixels of images
==========================

With ``features_only=True``, a group penalty removes features but no hidden units: all
outgoing weights of a feature are set to zero together. We select pixels of small images of
digits, plot the selected pixels, and train a second network on them.
"""

# %%
# We hold out half of the images and standardise the pixels: otherwise pixels with a small
# variance would need larger weights and be penalised more.

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
# We compare three penalties. `GroupLasso` shrinks the weights of the pixels that it
# selects. `GroupMCP` does not shrink those whose root mean square exceeds ``a``. Both apply
# an L2 penalty with the same alpha to the second layer. With a list of penalties and a list
# of alphas, one for each layer, the two strengths can be chosen separately.


def select(penalty, alpha):
    return RegularizedMLPClassifier(
        (50,), penalty=penalty, alpha=alpha, solver="lbfgs", tol=1e-3, random_state=0
    ).fit(X_train_scaled, y_train)


rows = {
    "GroupLasso(features_only=True)": [
        select(GroupLasso(features_only=True), alpha) for alpha in (3, 10, 20, 30)
    ],
    "GroupMCP(a=0.3, features_only=True)": [
        select(GroupMCP(a=0.3, features_only=True), alpha) for alpha in (3, 10, 20, 30)
    ],
    "[GroupMCP(a=0.3), L2()]": [
        select([GroupMCP(a=0.3), L2()], [alpha, 1.0]) for alpha in (10, 30, 60, 100)
    ],
}

# %%
# A penalty that removes most pixels also shrinks the remaining weights. The second accuracy
# is therefore that of a network with an L2 penalty, trained on the selected pixels.


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
# The images show the square root of `feature_importances_` for each pixel; white pixels are
# not selected. A larger alpha selects fewer pixels, and `GroupMCP` selects fewer than
# `GroupLasso` at the same alpha.

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
    row[0].set_ylabel(name.replace("features_only", "\nfeatures_only"), fontsize=10)
for ax in axes.flat:
    ax.set_xticks(np.arange(-0.5, 8), [])
    ax.set_yticks(np.arange(-0.5, 8), [])
    ax.grid(color="0.85", linewidth=0.6)
    ax.tick_params(length=0)
figure.suptitle("Selected pixels, and the accuracy of a network trained on them")
plt.show()

# %%
# A Pipeline combines these steps: standardise, select, and train a network on the selected
# pixels. Set the threshold of `SelectFromModel`. Its default is the *mean* importance
# unless the model has ``penalty="l1"``, and would remove pixels that the penalty selects.
# Features removed by the penalty have an importance of exactly 0, so any tiny threshold
# works.

pipeline = make_pipeline(
    StandardScaler(),
    SelectFromModel(
        RegularizedMLPClassifier(
            (50,),
            penalty=GroupMCP(a=0.3, features_only=True),
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
