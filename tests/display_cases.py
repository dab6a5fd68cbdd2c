"""Models that the displays are tested with, and readings of their artists."""

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SPARSE = dict(penalty="group_lasso", random_state=0)

# The last leaves no weights to the small networks of these tests.
ALPHAS = [1.0, 10.0, 100.0]


def x_of(line):
    return np.asarray(line.get_xdata(), dtype=float)


def y_of(line):
    return np.asarray(line.get_ydata(), dtype=float)


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def nested(model):
    """Columns by name, and what hides them: a pipeline in a transformer of the target."""
    inner = TransformedTargetRegressor(make_pipeline(StandardScaler(), model))
    return GridSearchCV(
        make_pipeline(StandardScaler(), inner),
        {"standardscaler__with_mean": [True]},
        cv=2,
    )
