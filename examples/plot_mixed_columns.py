"""
================================
Feature selection for a CSV file
================================

Many tables have numerical and categorical columns, missing values, and a target in a unit
of its own. This example reduces such a table to a short list of columns. Numbers are
imputed and standardised, categories are one-hot encoded with one group for each column, the
target is standardised, and cross-validation chooses how many columns the network uses.
"""

# %%
# We simulate a file of cars for sale, with prices in euros. The price depends on five of
# the twelve columns.

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
# We read the file, split it, and encode the columns. All features keep their names in the
# pipeline, so groups can be given as prefixes of feature names: the prefix ``make`` stands
# for ``make_m0``, ``make_m1`` and so on. The longest matching prefix wins. We therefore
# list the numerical columns as well; otherwise ``fuel`` would also match a number called
# ``fuel_consumption``.
#
# One-hot features are not standardised: after scaling, rare categories would get a large
# effect from small weights. The same applies to binary numbers and to codes; read them as
# text, with ``pd.read_csv(file, dtype={...: str})``. Counts that are zero for almost all
# samples have the same problem: check them when they are selected.

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
    """Return a model of the standardised logarithm: alpha depends on the unit of y."""
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
print(f"R2 on held-out prices: {model.score(test, price_test):.3f}")
print(f"Ridge regression, all columns: {linear.score(test, price_test):.3f}")

# %%
# The features of the network are the encoded columns. ``selected_groups_`` lists the
# selected groups instead, by the names of the columns in the file. (Cross-validation
# optimises predictions, so it often selects one or two columns more than necessary.)

mlp = model.regressor_[-1]
used = list(mlp.selected_groups_)
print(f"{len(used)} of {len(table.columns)} columns: {', '.join(used)}")

# %%
# ``rule="one_se"`` is one way to choose the number of features. ``scores_`` and
# ``path_n_features_`` hold the results of all candidates, with an axis for `relax` before
# the axis of the alphas. Other rules therefore take a few lines: here, the best score with
# at most 10 features. (Cross-validation scores refer to the standardised logarithm.)

scores, counts = mlp.scores_.mean(axis=-1), mlp.path_n_features_.mean(axis=-1)
few = np.where(counts <= 10, scores, -np.inf)
i, k = np.unravel_index(few.argmax(), few.shape)
limited = clone(network).set_params(alphas=[mlp.alphas_[i, k]], relax=mlp.relax[i])
limited = with_target_in_units(limited).fit(train, price_train).regressor_[-1]
print(f"At most 10 features: {', '.join(limited.selected_groups_)}")
print(f"Cross-validated R2: {scores[i, k]:.3f}, chosen: {mlp.best_score_:.3f}")

fig, ax = plt.subplots(layout="constrained")
of_relax = mlp.relax.index(mlp.relax_)
ax.plot(counts[of_relax], scores[of_relax], ".-", color="#2f6db3")
chosen = mlp.alphas_[of_relax] == mlp.alpha_
ax.plot(counts[of_relax, chosen], scores[of_relax, chosen], "D", color="#dd7a1f")
ax.legend(["compared", "chosen"])
ax.set(xlabel="number of features (mean of the folds)", ylabel="cross-validated R2")
plt.show()

# %%
# The model above expects all columns of the file, including those that it does not use. We
# fit a final model to the selected columns only. This is the model to store; see
# :doc:`/persistence` for skops and ONNX.
#
# For classification, use RegularizedMLPClassifierCV without the transformation of the
# target, and choose the score with care: accuracy says little if one class is rare, and
# changes in jumps on small data sets. ``scoring="roc_auc"`` and ``scoring="neg_log_loss"``
# are smoother.
#
# Rely on the score of samples that were not used for any of these choices.
# ``small.best_score_`` is too optimistic, because the same samples selected the columns.

small = with_target_in_units(RegularizedMLPRegressorCV((50,), random_state=0))
small.fit(train[used], price_train)
print(f"R2 with {len(used)} columns: {small.score(test[used], price_test):.3f}")
