"""
=====================================
Selecting one-hot features as a group
=====================================

One-hot encoding turns a categorical variable into one feature per category. An ordinary
penalty removes single categories, which does not help if the goal is to ask fewer questions
in a survey. With ``groups``, all features of a variable are selected or removed together.
Groups can be given as prefixes of feature names, which works in a Pipeline.
"""

# %%
# We simulate a survey with seven categorical questions and three numbers. The target
# depends on three of the questions and on the age only.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknormreg import RegularizedMLPRegressor
from sknormreg.penalties import GroupLasso

rng = np.random.default_rng(0)
n_rows = 1600
n_levels = dict(job=8, region=6, diet=10, transport=5, browser=6, colour=9, music=6)
numbers = ["age", "income", "height"]
matters = ["job", "region", "diet", "age"]

survey = pd.DataFrame(
    {name: rng.integers(n, size=n_rows).astype(str) for name, n in n_levels.items()}
    | {name: rng.uniform(-1.7, 1.7, size=n_rows) for name in numbers}
)
effects = {name: rng.normal(size=n_levels[name]) for name in ["job", "region", "diet"]}
target = sum(effects[name][survey[name].astype(int)] for name in effects)
target += survey["age"] + rng.normal(scale=0.7, size=n_rows)
target = (target - target.mean()) / target.std()
X_train, X_test, y_train, y_test = train_test_split(
    survey, target, test_size=0.5, random_state=0
)

# %%
# The encoder returns a data frame whose columns are called "job_0", "job_1" and so on. Each
# group is a prefix of these names. Features that belong to no group, here the numbers, form
# groups of their own.
#
# The parameters of a penalty are parameters of the estimator, so a grid search can vary
# ``groups`` as well as alpha. A second score counts the selected features: of all models
# that predict about as well as the best one, we choose the one with the fewest features.

groups = [f"{name}_" for name in n_levels]
encoder = ColumnTransformer(
    [
        ("questions", OneHotEncoder(sparse_output=False), list(n_levels)),
        ("numbers", StandardScaler(), numbers),
    ],
    verbose_feature_names_out=False,
).set_output(transform="pandas")
model = Pipeline(
    [
        ("encode", encoder),
        (
            "mlp",
            RegularizedMLPRegressor(
                (30,), penalty=GroupLasso(features_only=True), random_state=0
            ),
        ),
    ]
)


def n_columns(pipeline, X, y):
    return pipeline["mlp"].selected_features_.sum()


def simplest_of_the_good(results):
    """Choose the fewest features within one standard deviation of the best score."""
    scores = results["mean_test_r2"]
    best = scores.argmax()
    good = scores >= scores[best] - results["std_test_r2"][best]
    return int(np.where(good, results["mean_test_n_columns"], np.inf).argmin())


alphas = [1, 2, 3, 4, 6, 8, 10]
search = GridSearchCV(
    model,
    {"mlp__alpha": alphas, "mlp__penalty__groups": [None, groups]},
    scoring={"r2": "r2", "n_columns": n_columns},
    refit=simplest_of_the_good,
).fit(X_train, y_train)
chosen = search.best_params_
print(f"Chosen: alpha={chosen['mlp__alpha']}, groups={chosen['mlp__penalty__groups']}")
print(f"R2 on held-out samples: {search.best_estimator_.score(X_test, y_test):.3f}")
used = search.best_estimator_["mlp"].selected_feature_names_
asked = [name for name in survey.columns if any(c.startswith(name) for c in used)]
print(f"{len(used)} features selected, of the variables {', '.join(asked)}")

# %%
# We count the selected features of every variable, with and without groups.

variables = [*n_levels, *numbers]
totals = np.array([n_levels.get(name, 1) for name in variables])


def columns_in_use(alpha, groups):
    model.set_params(mlp__alpha=alpha, mlp__penalty__groups=groups).fit(X_train, y_train)
    used = model["mlp"].selected_feature_names_
    return [
        sum(column == name or column.startswith(f"{name}_") for column in used)
        for name in variables
    ], model.score(X_test, y_test)


print(f"{'':<10}{'alpha':>6}{'R2':>7}   selected features of each variable")
counts = {}
for title, grouping in {"no groups": None, "groups": groups}.items():
    fits = [columns_in_use(alpha, grouping) for alpha in alphas]
    counts[title] = np.array([count for count, _ in fits]).T
    for alpha, (count, score) in zip(alphas, fits):
        listed = ", ".join(f"{name} {n}" for name, n in zip(variables, count) if n)
        print(f"{title:<10}{alpha:>6}{score:>7.3f}   {listed}")

# %%
# Without groups, irrelevant and relevant questions lose one category after another. With
# groups, a variable is either selected or not. (Cross-validation optimises predictions, so
# it often selects one or two variables more than necessary.)

GREY = "#9a9a9a"
titles = {
    "no groups": "groups=None",
    "groups": f'groups=["{groups[0]}", "{groups[1]}", ...]',
}
figure, axes = plt.subplots(1, 2, figsize=(11, 4.6), sharey=True, layout="constrained")
for ax, (name, count) in zip(axes, counts.items()):
    share = count / totals[:, None]
    ax.pcolormesh(
        np.where(share == 1, 2, share > 0),
        cmap=ListedColormap(["#f4f4f4", "#f3c08f", "#2f6db3"]),
        vmin=0,
        vmax=2,
        edgecolor="white",
    )
    for (i, j), n in np.ndenumerate(count):
        partly = 0 < n < totals[i]
        ax.text(
            j + 0.5,
            i + 0.5,
            f"{n} of {totals[i]}" if partly else ("all" if n else "-"),
            ha="center",
            va="center",
            color="black" if partly else ("white" if n else GREY),
            fontsize=9,
        )
    ax.set_title(titles[name])
    ax.set_xticks(np.arange(len(alphas)) + 0.5, alphas)
    ax.set_xlabel("alpha")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
axes[0].set_yticks(np.arange(len(variables)) + 0.5, variables)
axes[0].invert_yaxis()
for label in axes[0].get_yticklabels():
    if label.get_text() in matters:
        label.set_fontweight("bold")
figure.suptitle(
    "Selected features of each variable (bold: variables that the target depends on)"
)
plt.show()

# sphinx_gallery_thumbnail_axes = 1
