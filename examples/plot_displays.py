"""
What a network has learnt, in pictures
======================================

Displays by scikit-learn's convention: ``from_estimator`` takes what is fitted, draws it,
into ``ax`` if there is one, and returns an object that keeps the numbers and can draw them
again.
"""

# %%
# Which of thirteen measurements tell three kinds of wine apart? Alpha is chosen by
# cross-validation, for the smallest network within one standard error of the best.

import matplotlib.pyplot as plt
from sklearn.datasets import load_wine
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifier, RegularizedMLPClassifierCV
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
# Scores of the folds against alpha, the network that was chosen, its weights, and, for
# another network that holds rows back, training against validation.

held_back = RegularizedMLPClassifier(
    (50,), solver="adam", early_stopping=True, random_state=0
)
held_back.fit(StandardScaler().fit_transform(X), y)

figure, axes = plt.subplots(2, 2, figsize=(12.5, 9), layout="constrained")
CVDisplay.from_estimator(mlp, ax=axes[0, 0])
NetworkDisplay.from_estimator(mlp, ax=axes[0, 1])
WeightsDisplay.from_estimator(mlp, ax=axes[1, 0])
LossCurveDisplay.from_estimator(held_back, ax=axes[1, 1])
plt.show()

# sphinx_gallery_thumbnail_axes = 2
