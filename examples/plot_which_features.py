"""
=================================================
Which measurements of a tumour matter, how surely
=================================================

The breast cancer data have 30 measurements of cell nuclei: the mean, the standard error and
the worst value of ten quantities. Several of them say nearly the same: the radius of a
nucleus, its perimeter and its area. Which of them does a network need to tell malignant
tumours from benign ones? This example begins with the best guess, goes on to how sure it
is, and shows what strongly correlated features do to both.
"""

# %%
# The best guess is one call. It takes features in any unit.

import matplotlib.pyplot as plt
import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from sknormreg import MLPFeatureSelector, StabilitySelector
from sknormreg.displays import StabilityPathDisplay

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
best_guess = MLPFeatureSelector(random_state=0).fit(X, y)
print("Best guess:", ", ".join(best_guess.selected_feature_names_))

# %%
# How stable is a selection? :class:`~sknormreg.StabilitySelector` divides the samples into
# random halves, 50 times, and counts how often a feature is among the first to enter a
# path. It bounds the expected number of false selections.

X = StandardScaler().set_output(transform="pandas").fit_transform(X)
stability = StabilitySelector(random_state=0).fit(X, y)


def print_scores(selector, n_features):
    for i in np.argsort(-selector.stability_scores_, kind="stable")[:n_features]:
        print(f"{selector.stability_scores_[i]:.2f}  {X.columns[i]}")


print_scores(stability, 8)
print(f"Expected number of false selections: at most {stability.max_false_:.2f}")

# %%
# Along the path, the selected features are far above the others.

StabilityPathDisplay.from_estimator(stability)
plt.show()

# %%
# A low score does not mean that a feature does not matter. The worst perimeter has next to
# none, because the worst radius is in every network, and says the same:

correlation = X.corr().abs()
pair = correlation.loc["worst radius", "worst perimeter"]
print(f"Correlation of the worst radius and perimeter: {pair:.3f}")

without = StabilitySelector(random_state=0).fit(X.drop(columns="worst radius"), y)
scores = dict(zip(without.feature_names_in_, without.stability_scores_))
print(f"Without the worst radius, the perimeter has {scores['worst perimeter']:.2f}.")

# %%
# If neither of two such features is always the better one, both may have a score below the
# threshold, although one of them is in every network. What helps is to ask about groups.
# Here they come from a hierarchical clustering of the features by their correlation.

distance = squareform(1 - correlation.to_numpy(), checks=False)
clusters = fcluster(linkage(distance, "average"), t=0.15, criterion="distance")
groups = [
    X.columns[clusters == k].tolist()
    for k in np.unique(clusters)
    if np.sum(clusters == k) > 1
]
of_groups = StabilitySelector(groups=groups, random_state=0).fit(X, y)
for k in np.unique(clusters):
    score = of_groups.stability_scores_[clusters == k][0]
    if score >= of_groups.threshold_:
        print(f"{score:.2f}  {', '.join(X.columns[clusters == k])}")

# %%
# The size of the nuclei, the concavity of their outline, and their texture: that is what
# can be said with confidence. Which of six measurements of the size to take, the data
# cannot tell; take the one that is the easiest to obtain.
