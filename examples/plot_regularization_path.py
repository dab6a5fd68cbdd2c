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
# The display fits the path to all rows. Above, the size of each input's weights: those that
# stay longest are named, and of the others those that the chosen network keeps are dark.
# Then the log loss on rows left out, with one standard error to both sides. Below, how many
# inputs are left.

display = RegularizationPathDisplay.from_estimator(model, X, y, negate_score=True)
plt.show()

# %%
# The scores are a table of alphas by folds. The best mean has a standard error; the largest
# alpha whose mean is within it is the one that was taken.

means = model.scores_.mean(axis=1)
best = means.argmax()
taken = int(np.flatnonzero(model.alphas_ == model.alpha_)[0])

print(f"{'':<20}{'alpha':>8}{'log loss':>10}{'inputs':>8}")
for name, i in ("best", best), ("one standard error", taken):
    n_inputs = display.n_features[i]
    print(f"{name:<20}{model.alphas_[i]:>8.3g}{-means[i]:>10.3f}{n_inputs:>8}")

# %%
# The network that was chosen, from the inputs that it keeps to its output, the log odds of
# a benign tumour.

NetworkDisplay.from_estimator(model)
print("Inputs kept:", ", ".join(model.selected_feature_names_))
plt.show()
