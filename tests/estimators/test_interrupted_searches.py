"""Ctrl-C in fits that something else has asked for."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from sknormreg import RegularizedMLPClassifier
from sknormreg.engine import make_engine

X, y = load_iris(return_X_y=True)
X = scale(X)


class Interrupter:
    """A callback that presses Ctrl-C at the end of the n-th task."""

    def __init__(self, n):
        self.n_left = n

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.n_left -= 1
        if self.n_left == 0:
            raise KeyboardInterrupt


def make(n, solver="lbfgs"):
    model = RegularizedMLPClassifier((3,), solver=solver, tol=0, random_state=0, alpha=1.0)
    return model.set_callbacks(Interrupter(n))


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize(
    "search",
    [
        lambda model: cross_val_score(model, X, y, cv=3),
        lambda model: GridSearchCV(model, {"alpha": [0.1, 1.0]}, cv=2).fit(X, y),
    ],
    ids=["cross_val_score", "grid"],
)
def test_half_a_fold_is_no_answer(search, solver):
    with pytest.raises(KeyboardInterrupt, match="interrupted by user"):
        search(make(3, solver))


def test_what_a_pipeline_holds_is_fitted():
    model = make(3)
    pipeline = make_pipeline(StandardScaler(), model)
    with pytest.raises(KeyboardInterrupt, match="kept"):
        pipeline.fit(X, y)
    assert model.n_iter_ == 3
    assert np.isfinite(pipeline.predict_proba(X)).all()


def test_partial_fit_goes_on_from_where_it_was_interrupted(monkeypatch):
    model = RegularizedMLPClassifier((3,), solver="adam", random_state=0, alpha=1.0)
    model.partial_fit(X, y, classes=np.unique(y))
    before = [coef.copy() for coef in model.coefs_]
    engine = type(make_engine(model._network))

    def interrupted(*arguments, **named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        for name in {"epoch", "loss_and_gradient"} & set(dir(engine)):
            patch.setattr(engine, name, interrupted)
        with pytest.raises(KeyboardInterrupt, match="kept"):
            model.partial_fit(X, y)
    for coef, old in zip(model.coefs_, before):
        np.testing.assert_array_equal(coef, old)
    model.partial_fit(X, y)
    assert model.n_iter_ == 2
    assert not np.array_equal(model.coefs_[0], before[0])
