"""
=======================
The regularization path
=======================

`regularization_path` fits networks at increasing values of ``alpha``, with warm starts,
until no feature is selected. `RegularizedMLPClassifierCV` fits a path in each fold of a
cross-validation and scores the networks on the held-out samples. Plotted together, they
show in which order features are removed and how the score changes.
"""

# %%
# The data set describes breast tumours by 30 measurements. The group lasso removes whole
# features. ``rule="one_se"`` chooses the largest alpha whose score is within one standard
# error of the best one.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from sknormreg import RegularizedMLPClassifierCV
from sknormreg.displays import NetworkDisplay, RegularizationPathDisplay

data = load_breast_cancer(as_frame=True)
X, y = StandardScaler().set_output(transform="pandas").fit_transform(data.data), data.target

model = RegularizedMLPClassifierCV(
    hidden_layer_sizes=(20,),
    penalty="group_lasso",
    alphas=25,
    scoring="neg_log_loss",
    rule="one_se",
    n_jobs=2,
    random_state=0,
).fit(X, y)

# %%
# The display fits the path to all samples. The upper panel shows the norm of each feature's
# weights: some features are named, and those of the chosen network are dark. The middle
# panel shows the cross-validated log loss with a band of one standard error, and the lower
# panel the number of selected features.

display = RegularizationPathDisplay.from_estimator(model, X, y, negate_score=True)
plt.show()

# %%
# ``scores_`` has one row for each alpha and one column for each fold. The
# one-standard-error rule takes the largest alpha whose mean score is within one standard
# error of the best mean.

means = model.scores_.mean(axis=1)
best = means.argmax()
taken = int(np.flatnonzero(model.alphas_ == model.alpha_)[0])

print(f"{'':<20}{'alpha':>8}{'log loss':>10}{'features':>10}")
for name, i in ("best", best), ("one standard error", taken):
    n_inputs = display.n_features[i]
    print(f"{name:<20}{model.alphas_[i]:>8.3g}{-means[i]:>10.3f}{n_inputs:>10}")

# %%
# Finally, we draw the chosen network, from the selected features to its output, the log
# odds of a benign tumour.

NetworkDisplay.from_estimator(model)
print("Selected features:", ", ".join(model.selected_feature_names_))
plt.show()
