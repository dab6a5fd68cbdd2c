"""
============================
Three ways of choosing alpha
============================

`GridSearchCV` fits every candidate from scratch. `RegularizedMLPRegressorCV` fits a
regularization path in each fold, with warm starts from one alpha to the next.
``alpha="evidence"`` needs no held-out samples: it maximises the evidence, the probability
of the training data given alpha, during a single fit.

The last part shows that an adaptive solver such as Adam does not replace this choice: it
adapts its step sizes, but minimises the objective that alpha defines.
"""

# %%
# We predict the progression of diabetes after one year from ten measurements, and hold out
# a third of the patients.

import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPRegressor, RegularizedMLPRegressorCV

# The largest alphas select no feature at all, and each of these fits warns about it.
warnings.filterwarnings("ignore", message="No feature is selected")

X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    scale(X), scale(y), test_size=1 / 3, random_state=0
)
settings = dict(hidden_layer_sizes=(20,), max_iter=5000, random_state=0)
alphas = np.geomspace(0.01, 1000, 20)

# %%
# We compare the three with the L2 penalty. The two searches use 20 alphas and 5 folds.

plain = RegularizedMLPRegressor(**settings)
ways = {
    "GridSearchCV": GridSearchCV(plain, {"alpha": alphas}, cv=5),
    "RegularizedMLPRegressorCV": RegularizedMLPRegressorCV(alphas=alphas, cv=5, **settings),
    'alpha="evidence"': RegularizedMLPRegressor(alpha="evidence", **settings),
}
chosen = {}
print(f"{'':<28}{'alpha':>14}{'held-out R2':>13}{'seconds':>9}")
for name, model in ways.items():
    start = time.perf_counter()
    model.fit(X_train, y_train)
    seconds = time.perf_counter() - start
    chosen[name] = getattr(model, "best_estimator_", model).alpha_
    shown = ", ".join(f"{alpha:.3g}" for alpha in np.atleast_1d(chosen[name]))
    print(f"{name:<28}{shown:>14}{model.score(X_test, y_test):>13.3f}{seconds:>9.2f}")

# %%
# The evidence gives each layer an alpha of its own, and the regressor a standard deviation
# for each prediction. We check how many held-out patients lie within 1.96 standard
# deviations.

mean, std = ways['alpha="evidence"'].predict(X_test, return_std=True)
print(f"within the 95% interval: {np.mean(np.abs(y_test - mean) < 1.96 * std):.1%}")

# %%
# Finally, we fit the same network with Adam and with L-BFGS at every alpha. Both overfit
# when alpha is small; Adam less so, because it stops before it reaches the minimum. For
# larger alphas the two curves agree, and the best alphas lie in the same range.

scores = {
    solver: [
        RegularizedMLPRegressor(
            alpha=alpha, solver=solver, learning_rate_init=0.01, **settings
        )
        .fit(X_train, y_train)
        .score(X_test, y_test)
        for alpha in alphas
    ]
    for solver in ("lbfgs", "adam")
}
print(f"{'alpha':>10}{'lbfgs':>9}{'adam':>9}")
for alpha, *row in list(zip(alphas, *scores.values()))[::3]:
    print(f"{alpha:>10.3g}" + "".join(f"{score:>9.3f}" for score in row))

BLUE, ORANGE, GREEN = "#2f6db3", "#dd7a1f", "#3a8f5c"
figure, ax = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
for (solver, row), colour in zip(scores.items(), (BLUE, ORANGE)):
    ax.plot(alphas, row, color=colour, marker="o", ms=4, label=f'solver="{solver}"')
for name, style in zip(ways, ("-", "--", ":")):
    for alpha in np.atleast_1d(chosen[name])[:1]:
        label = f"{name} (first layer)" if "evidence" in name else name
        ax.axvline(alpha, color=GREEN, ls=style, lw=1.5, label=label)
ax.set(xscale="log", xlabel="alpha", ylabel="R2 on held-out samples", ylim=(0, None))
figure.legend(loc="outside upper center", ncols=2, frameon=False)
ax.grid(color="0.93")
ax.spines[["top", "right"]].set_visible(False)
plt.show()
