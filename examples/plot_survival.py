"""
=========================================
Which features matter to a risk over time
=========================================

In survival analysis, the time to an event is only known to be longer than some time for
the samples that are censored. Here the risk depends on two features of ten, on one of them
in both directions: the risk is large if it is far from 0. No linear model can tell.
"""

# %%
# Data: the hazard of a sample is constant in time, and samples are observed for a random
# time.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split

from sknormreg import RegularizedMLPSurvivalCV

rng = np.random.default_rng(0)
X = rng.normal(size=(600, 10))
hazard = np.exp(1.5 * np.abs(X[:, 0]) - X[:, 1])
time, observed_for = rng.exponential(1 / hazard), rng.exponential(2, size=600)
y = np.empty(600, dtype=[("event", bool), ("time", float)])
y["event"], y["time"] = time <= observed_for, np.minimum(time, observed_for)
print(f"{y['event'].sum()} events among {len(y)} samples")
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

# %%
# A search chooses the strength of the penalty by the partial likelihood. The score is the
# concordance: the share of pairs of samples whose order of events is predicted.

network = RegularizedMLPSurvivalCV((10,), penalty="group_lasso", random_state=0)
linear = RegularizedMLPSurvivalCV((), penalty="l1", random_state=0)
for name, model in (("network", network), ("linear model", linear)):
    model.fit(X_train, y_train)
    print(f"concordance of the {name}: {model.score(X_test, y_test):.2f}")

# %%
# The features that matter most to the network
# (:class:`~sknormreg.MLPFeatureSelector` tells which of the others are noise):

for j in np.argsort(-network.feature_importances_)[:4]:
    print(f"feature {j}: {network.feature_importances_[j]:.0%} of the weight of all paths")

# %%
# Predicted probabilities of no event over time, for samples that differ in the first
# feature only:

values = [0.0, -1.0, 1.0, -2.0, 2.0]
samples = np.zeros((len(values), 10))
samples[:, 0] = values
times = np.linspace(0, 2, 200)
for value, survival in zip(values, network.predict_survival_function(samples, times)):
    style = "--" if value < 0 else "-"
    plt.step(
        times,
        survival,
        style,
        where="post",
        color=f"C{abs(int(value))}",
        label=f"first feature {value:g}",
    )
plt.xlabel("time")
plt.ylabel("probability of no event")
plt.ylim(0, 1)
plt.legend()
plt.show()
