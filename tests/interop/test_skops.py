"""skops stores every fitted estimator, and loads it without running code of the file."""

import re
from pathlib import Path

import numpy as np
import pytest
from networks import KINDS, REGRESSION, X, estimator, with_drawn_weights
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPClassifierCV,
    RegularizedMLPRegressor,
    RegularizedMLPRegressorCV,
    RegularizedMLPSurvivalCV,
)
from sknormreg.evidence import factors
from sknormreg.losses import Loss
from sknormreg.penalties import PENALTIES, GroupLasso

skops_io = pytest.importorskip("skops.io")
exceptions = pytest.importorskip("skops.io.exceptions")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

DOC = Path(__file__).parents[2] / "doc" / "persistence.md"
DOCUMENTED = set(
    re.findall(r"`((?:sknormreg|scipy)\.[\w.]+\.\w+)`", DOC.read_text("utf-8"))
)

Y = KINDS["multiclass"]


def by_evidence(monkeypatch, sizes, **limits):
    for name, limit in limits.items():
        monkeypatch.setattr(factors, name, limit)
    mlp = RegularizedMLPRegressor(sizes, alpha="evidence", max_iter=20, random_state=0)
    return mlp.fit(X, KINDS["squared_error"])


def classes_by_evidence():
    """With a posterior that is kept, because of noise."""
    noise = np.random.RandomState(0).logistic(size=len(X))
    mlp = RegularizedMLPClassifier((50,), alpha="evidence", max_iter=50, random_state=0)
    mlp.fit(X, X[:, 0] + noise > 0)
    assert hasattr(mlp, "_posterior")
    return mlp


def with_penalty(penalty):
    mlp = RegularizedMLPClassifier((3,), penalty=[penalty, "l2"], max_iter=3, alpha=1.0)
    return mlp.set_params(alpha=[1.0, 2.0], random_state=0).fit(X, Y)


def sparsified():
    model = with_drawn_weights("squared_error", sizes=(40,))
    model.coefs_[0][:, 1:] = 0
    return model.sparsify()


def cross_validated(cls, y, penalty, **params):
    settings = dict(penalty=penalty, alphas=[1, 3], cv=2, random_state=0, **params)
    return cls((2,), **settings).fit(X, y)


FITTED = {
    **{kind: lambda _, kind=kind: with_drawn_weights(kind) for kind in KINDS},
    **{
        f"penalty {name}": lambda _, cls=cls: with_penalty(cls())
        for name, cls in PENALTIES.items()
    },
    "partial_fit": lambda _: estimator("multiclass").partial_fit(X, Y, classes=[3, 4, 5]),
    "sgd": lambda _: estimator("squared_error", solver="sgd").partial_fit(X, X[:, 0]),
    "evidence, more rows": lambda patch: by_evidence(patch, (2,)),
    "evidence, more weights": lambda patch: by_evidence(patch, (30,)),
    "evidence, large": lambda patch: by_evidence(patch, (2,), EXACT_SIZE=5),
    "evidence, wide": lambda patch: by_evidence(patch, (2,), EXACT_SIZE=5, MOST_INPUTS=1),
    "evidence, classes": lambda _: classes_by_evidence(),
    "sparsified": lambda _: sparsified(),
    "skip": lambda _: with_drawn_weights("poisson", penalty="hierarchical"),
    "pipeline": lambda _: make_pipeline(StandardScaler(), with_drawn_weights("binary")).fit(
        X, KINDS["binary"]
    ),
    "classifier CV": lambda _: cross_validated(
        RegularizedMLPClassifierCV, Y, "hierarchical"
    ),
    "regressor CV": lambda _: cross_validated(
        RegularizedMLPRegressorCV, X[:, :2], GroupLasso(groups=[[0, 1], [2, 3, 4]])
    ),
    "ensemble of classifiers": lambda _: cross_validated(
        RegularizedMLPClassifierCV, Y, "l1", ensemble=True
    ),
    "ensemble of regressors": lambda _: cross_validated(
        RegularizedMLPRegressorCV, X[:, 0], "l2", ensemble=True
    ),
    "ensemble of Cox models": lambda _: cross_validated(
        RegularizedMLPSurvivalCV, KINDS["survival"], "l1", ensemble=True
    ),
    "strata": lambda _: estimator("survival", hidden_layer_sizes=(3,)).fit(
        X, np.c_[KINDS["survival"], X[:, 0] > 0]
    ),
}


@pytest.fixture(params=FITTED)
def stored(request, monkeypatch):
    """A model and the bytes that skops makes of it."""
    model = FITTED[request.param](monkeypatch)
    return model, skops_io.dumps(model)


def test_round_trip_trusting_the_documented_types(stored):
    model, data = stored
    found = set(skops_io.get_untrusted_types(data=data))
    assert found
    assert found <= DOCUMENTED
    twin = skops_io.loads(data, trusted=sorted(DOCUMENTED))
    assert twin is not model
    assert repr(twin) == repr(model)
    assert set(vars(twin)) == set(vars(model))
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    if hasattr(model, "predict_proba"):
        np.testing.assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    if hasattr(model, "event_times_"):
        strata = None if model.strata_ is None else X[:, 0] > 0
        survival = (m.predict_survival_function(X, strata=strata) for m in (twin, model))
        np.testing.assert_array_equal(*survival)
    if hasattr(model, "noise_variance_"):
        for array, own in zip(
            *(each.predict(X, return_std=True) for each in (twin, model))
        ):
            np.testing.assert_array_equal(array, own)


def test_nothing_is_loaded_that_is_not_trusted(stored):
    with pytest.raises(exceptions.UntrustedTypesFoundException):
        skops_io.loads(stored[1])


def test_the_documentation_lists_no_type_in_vain(monkeypatch):
    found = set()
    for make in FITTED.values():
        with monkeypatch.context() as patch:
            found.update(skops_io.get_untrusted_types(data=skops_io.dumps(make(patch))))
    assert found == DOCUMENTED


class LogCosh(Loss):
    """A user's own loss, which skops finds by its name."""

    def __init__(self, width=1.0):
        self.width = width

    def per_output(self, y, raw):
        return self.width**2 * np.log(np.cosh((raw - y) / self.width))

    def derivative(self, y, raw):
        raw[...] = self.width * np.tanh((raw - y) / self.width)

    def constant(self, y, sample_weight):
        return np.average(y, axis=0, weights=sample_weight)


def test_a_loss_of_ones_own_is_a_type_to_be_trusted():
    model = RegularizedMLPRegressor((3,), loss=LogCosh(2.0), max_iter=3, random_state=0)
    data = skops_io.dumps(model.fit(X, KINDS["squared_error"]))
    own = f"{LogCosh.__module__}.LogCosh"
    assert set(skops_io.get_untrusted_types(data=data)) - DOCUMENTED == {own}
    with pytest.raises(exceptions.UntrustedTypesFoundException, match="LogCosh"):
        skops_io.loads(data, trusted=sorted(DOCUMENTED))
    twin = skops_io.loads(data, trusted=[*sorted(DOCUMENTED), own])
    assert type(twin.loss) is LogCosh
    assert twin.loss.width == 2
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))


@pytest.mark.parametrize("make", [FITTED["partial_fit"], FITTED["sgd"]])
def test_training_goes_on_as_if_it_had_not_been_stored(make):
    model = make(None)
    twin = skops_io.loads(skops_io.dumps(model), trusted=sorted(DOCUMENTED))
    y = KINDS["multiclass" if hasattr(model, "classes_") else "squared_error"]
    for each in (model, twin):
        each.partial_fit(X, y)
    for array, own in zip(twin.coefs_, model.coefs_):
        np.testing.assert_array_equal(array, own)


@pytest.mark.parametrize("kind", ["binary", *REGRESSION, "survival"])
def test_a_loaded_estimator_is_fitted_anew_alike(kind):
    model = estimator(kind, hidden_layer_sizes=(3,), penalty="l1", tol=0.1)
    data = skops_io.dumps(model.fit(X, KINDS[kind]))
    twin = skops_io.loads(data, trusted=sorted(DOCUMENTED))
    assert isinstance(twin, BaseEstimator)
    assert twin.fit(X, KINDS[kind]).loss_ == model.loss_
