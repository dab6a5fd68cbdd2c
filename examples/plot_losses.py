"""
======================
A loss for each target
======================

The loss says which number of a target a network predicts: its mean, its median or another
one. Here it is chosen for positive amounts, for amounts that are often 0, for numbers with
outliers, and, as a class of our own, for a number between the mean and the largest values.
"""

# %%
# One feature, and four targets whose true curve is known.

import matplotlib.pyplot as plt
import numpy as np

from sknormreg import RegularizedMLPRegressor
from sknormreg.losses import Loss

rng = np.random.default_rng(0)
n_samples = 400
x = np.sort(rng.uniform(-2, 2, n_samples))
mean = np.exp(1 + np.sin(2 * x))

# The spread of a gamma distribution is proportional to its mean.
amounts = rng.gamma(2, mean / 2)
# Sums of a random number of amounts, of which there may be none.
totals = np.array([rng.gamma(2, 1, n).sum() for n in rng.poisson(mean / 2)])
# One in ten is wrong.
wrong = rng.random(n_samples) < 0.1
numbers = mean + rng.normal(0, 0.5, n_samples) + wrong * 30 * rng.random(n_samples)

# %%
# A loss of our own needs three methods: its value, its derivative, and the best constant.
# The minimiser of this one is the expectile: underestimates count nine times as much as
# overestimates.


class Expectile(Loss):
    def __init__(self, share=0.9):
        self.share = share

    def _weight(self, y, raw):
        return np.where(y < raw, 1 - self.share, self.share)

    def per_output(self, y, raw):
        return self._weight(y, raw) * (y - raw) ** 2

    def derivative(self, y, raw):
        raw[...] = 2 * self._weight(y, raw) * (raw - y)

    def constant(self, y, sample_weight):
        return np.average(y, axis=0, weights=sample_weight)


# %%
# With ``loss="gamma"`` and ``loss="tweedie"`` the network predicts the logarithm of the
# mean, so that predictions are positive. Beside each loss is the squared error; the table
# has the mean relative error of the predicted curve.

cases = [
    ("positive amounts", amounts, "gamma", mean),
    ("amounts with zeros", totals, "tweedie", mean),
    ("numbers with outliers", numbers, "absolute_error", mean),
    ("positive amounts", amounts, Expectile(0.9), None),
]
X = x[:, None]
fig, axes = plt.subplots(2, 2, figsize=(9, 7), layout="constrained", sharex=True)
for ax, (title, y, loss, true) in zip(axes.flat, cases):
    ax.plot(x, y, ".", color="0.8", markersize=4)
    name = loss if isinstance(loss, str) else repr(loss)
    for one, label, style in (
        ("squared_error", "squared_error", "C1--"),
        (loss, name, "C0-"),
    ):
        mlp = RegularizedMLPRegressor((10,), loss=one, random_state=0)
        curve = mlp.fit(X, y).predict(X)
        ax.plot(x, curve, style, label=label)
        if true is not None:
            error = np.mean(np.abs(curve / true - 1))
            print(f"{title:22s} {label:15s} {error:.0%}")
        else:
            print(f"{title:22s} {label:15s} {np.mean(y < curve):.0%} of the samples below")
    if true is not None:
        ax.plot(x, true, "k:", label="true mean")
    ax.set_title(title)
    ax.set_ylim(-1, np.quantile(y, 0.98))
    ax.legend(fontsize="small")
plt.show()
