"""
====================================
From a CSV file to the columns used
====================================

Most tables are of numbers and of text, with gaps, and a target of its own unit. This takes
such a file to a short list of columns: numbers are imputed and standardised, text is
one-hot encoded with the levels of a column in one group, the target is brought to mean 0
and variance 1, and cross-validation chooses how many columns the network may use.
"""

# %%
# The file, made up: cars for sale, the price in euros. Of twelve columns five have to do
# with the price.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import (
    TransformedTargetRegressor,
    make_column_selector,
    make_column_transformer,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from sknormreg import RegularizedMLPRegressorCV
from sknormreg.penalties import GroupLasso, MaxNorm

rng = np.random.default_rng(0)
n = 1500
levels = dict(make=12, fuel=4, fuel_card=3, seats=4, colour=10, weekday=7, town=9)
cars = pd.DataFrame(
    {name: [f"{name[0]}{i}" for i in rng.integers(k, size=n)] for name, k in levels.items()}
)
cars["age"], cars["power"] = rng.uniform(0, 15, n), rng.uniform(50, 250, n)
cars["mileage"] = cars["age"] * rng.uniform(5e3, 25e3, n)
cars["photos"], cars["phone"] = rng.integers(1, 20, n), rng.integers(1000, 9999, n)
worth = rng.normal(scale=0.3, size=12)[cars["make"].str[1:].astype(int)]
worth += np.array([0.0, 0.15, 0.4, -0.2])[cars["fuel"].str[1:].astype(int)]
worth += np.log(cars["power"]) - 0.12 * cars["age"] - cars["mileage"] / 4e5
worth -= 0.25 * np.maximum(cars["age"] - 8, 0) * (cars["power"] > 150)
cars["price"] = (1500 * np.exp(worth + rng.normal(scale=0.15, size=n))).round()
cars.loc[rng.random(n) < 0.08, "mileage"] = np.nan

file = Path(tempfile.mkdtemp()) / "cars.csv"
cars.to_csv(file, index=False)

# %%
# Read, split, and encode. All columns have names on their way to the network, so that the
# groups can be given by the beginning of names, which are the names of the file: those of
# make are ``make_m0``, ``make_m1`` and so on. The longest beginning counts: that is why the
# numbers are listed, too, or ``fuel`` would take a number ``fuel_consumption`` with it.
#
# One-hot columns stay 0 and 1: scaled to variance 1, rare levels would get large weights
# cheaply. Numbers that are only 0 and 1 are no different, nor are codes; read them as text,
# with ``pd.read_csv(file, dtype={...: str})``. Counts that are nearly always 0 are
# cheap for the same reason: look twice when they are selected.

table = pd.read_csv(file)
price = table.pop("price")
train, test, price_train, price_test = train_test_split(table, price, random_state=0)
text = make_column_selector(dtype_exclude=np.number)

encoder = make_column_transformer(
    (OneHotEncoder(handle_unknown="ignore", sparse_output=False), text),
    remainder=make_pipeline(SimpleImputer(), StandardScaler()),
    verbose_feature_names_out=False,
).set_output(transform="pandas")


def with_target_in_units(model):
    """For prices, a model of the logarithm, standardised: alpha is in units of y."""
    logarithm = FunctionTransformer(np.log, np.exp)
    units = make_pipeline(logarithm, StandardScaler())
    return TransformedTargetRegressor(make_pipeline(encoder, model), transformer=units)


network = RegularizedMLPRegressorCV(
    (20,),
    penalty=[GroupLasso(groups=list(table)), MaxNorm(1)],
    rule="one_se",
    relax=[1, 10, 100],
    random_state=0,
)
model = with_target_in_units(network).fit(train, price_train)
linear = with_target_in_units(RidgeCV(np.logspace(-2, 4, 13))).fit(train, price_train)
print(f"R2 of prices held out: {model.score(test, price_test):.3f}")
print(f"Ridge regression, all columns: {linear.score(test, price_test):.3f}")

# %%
# Inputs of the network are encoded columns. ``selected_groups_`` speaks of groups instead,
# by the names they were given by, which are those of the file. (Cross-validation looks for
# good predictions, not for the true columns: it often keeps one or two too many.)

mlp = model.regressor_[-1]
used = list(mlp.selected_groups_)
print(f"{len(used)} of {len(table.columns)} columns: {', '.join(used)}")

# %%
# ``rule="one_se"`` is one answer to "how few?". All that were compared are in ``scores_``
# and ``path_n_features_``, with an axis for `relax` before that of the alphas, so that a
# limit of your own takes three lines: the best score with at most 10 encoded columns, for
# instance. (Scores of the folds are of the standardised logarithm.)

scores, counts = mlp.scores_.mean(axis=-1), mlp.path_n_features_.mean(axis=-1)
few = np.where(counts <= 10, scores, -np.inf)
i, k = np.unravel_index(few.argmax(), few.shape)
limited = clone(network).set_params(alphas=[mlp.alphas_[i, k]], relax=mlp.relax[i])
limited = with_target_in_units(limited).fit(train, price_train).regressor_[-1]
print(f"At most 10 encoded columns: {', '.join(limited.selected_groups_)}")
print(f"R2 in the folds: {scores[i, k]:.3f}, chosen: {mlp.best_score_:.3f}")

fig, ax = plt.subplots(layout="constrained")
of_relax = mlp.relax.index(mlp.relax_)
ax.plot(counts[of_relax], scores[of_relax], ".-", color="#2f6db3")
chosen = mlp.alphas_[of_relax] == mlp.alpha_
ax.plot(counts[of_relax, chosen], scores[of_relax, chosen], "D", color="#dd7a1f")
ax.legend(["compared", "chosen"])
ax.set(xlabel="encoded columns in use, mean of the folds", ylabel="R2 in the folds")
plt.show()

# %%
# The model above asks for all columns of the file, also for those that it does not use. One
# that needs no others is fitted to them alone; the group lasso has done its work. It is
# this model that is worth storing: :doc:`/persistence` says how, as a file of skops or of
# ONNX.
#
# For classes all is the same with RegularizedMLPClassifierCV, without the target's units,
# but for the score: accuracy tells little where one class is rare, and jumps from alpha to
# alpha in small tables. ``scoring="roc_auc"`` or ``"neg_log_loss"`` are smoother.
#
# Trust the score of rows that had no part in any of this. ``small.best_score_``, say, would
# be of rows by which the columns have been chosen, and is too good.

small = with_target_in_units(RegularizedMLPRegressorCV((50,), random_state=0))
small.fit(train[used], price_train)
print(f"R2 with {len(used)} columns: {small.score(test[used], price_test):.3f}")
