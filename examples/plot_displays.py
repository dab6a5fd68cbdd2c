"""
Displays of fitted networks
===========================

Displays follow scikit-learn's convention: ``from_estimator`` takes a fitted estimator,
draws it on ``ax`` if given, and returns an object that stores the data and can plot them
again.
"""

# %%
# We classify three kinds of wine from thirteen measurements. Alpha is chosen by
# cross-validation with the one-standard-error rule.

import matplotlib.pyplot as plt
from sklearn.datasets import load_wine
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifierCV
from sknormreg.displays import (
    CVDisplay,
    LossCurveDisplay,
    NetworkDisplay,
    WeightsDisplay,
)

X, y = load_wine(return_X_y=True, as_frame=True)
mlp = RegularizedMLPClassifierCV((8,), penalty="l1", rule="one_se", random_state=0)
model = make_pipeline(StandardScaler(), mlp).set_output(transform="pandas").fit(X, y)

# %%
# The four displays show the scores of the folds against alpha, the chosen network, its
# weights, and its training: the objective along the path of alphas, on all samples and in
# each fold. It jumps where the fit at the next, larger alpha begins.

figure, axes = plt.subplots(2, 2, figsize=(12.5, 9), layout="constrained")
CVDisplay.from_estimator(mlp, ax=axes[0, 0])
NetworkDisplay.from_estimator(mlp, ax=axes[0, 1])
WeightsDisplay.from_estimator(mlp, ax=axes[1, 0])
LossCurveDisplay.from_estimator(mlp, ax=axes[1, 1])
plt.show()

# sphinx_gallery_thumbnail_axes = 2
