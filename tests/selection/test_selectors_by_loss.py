"""Selectors and paths with every loss that is no squared error, and with survival."""

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold
from survival_cases import half_deviance, structured

from sknormreg import (
    KnockoffSelector,
    MLPFeatureSelector,
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
    RegularizedMLPSurvival,
    StabilitySelector,
    regularization_path,
)
from sknormreg.losses import Loss
from sknormreg.penalties import GroupLasso, GroupMCP, MaxNorm

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.RandomState(0)
X = rng.normal(size=(120, 5))
SIGNAL = 1.5 * X[:, 0] - X[:, 1]
TIME = rng.exponential(np.exp(-SIGNAL))
SURVIVAL = np.column_stack([TIME < 2, np.minimum(TIME, 2)])


class LogCosh(Loss):
    def per_output(self, y, raw):
        return np.log(np.cosh(raw - y))

    def derivative(self, y, raw):
        raw[...] = np.tanh(raw - y)

    def constant(self, y, sample_weight):
        return np.average(y, axis=0, weights=sample_weight)


MEAN = np.exp(SIGNAL / 2)
NOISY = SIGNAL + 0.3 * rng.normal(size=120)
KINDS = {
    "gamma": (dict(loss="gamma"), rng.gamma(3.0, MEAN / 3)),
    # With zeros.
    "tweedie": (dict(loss="tweedie"), np.maximum(rng.gamma(3.0, MEAN / 3) - 0.2, 0)),
    "absolute_error": (dict(loss="absolute_error"), NOISY),
    "own": (dict(loss=LogCosh()), NOISY),
    "survival": (None, SURVIVAL),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def network(kind, penalty, **params):
    own, y = KINDS[kind]
    common = dict(penalty=penalty, random_state=0) | params
    if own is None:
        return RegularizedMLPSurvival((3,), **common), y
    return RegularizedMLPRegressor((3,), **common | own), y


@pytest.mark.parametrize(
    "kind",
    # The last fit, to absolute errors, is long.
    [pytest.param(k, marks=pytest.mark.slow) if k[:3] == "abs" else k for k in KINDS],
)
def test_feature_selector(kind):
    mlp, y = network(kind, [GroupMCP(0.3), MaxNorm(1.0)])
    selector = MLPFeatureSelector(mlp, alpha=8.0, n_init=1, random_state=0).fit(X, y)
    assert selector.support_[:2].all()
    assert selector.scores_[:2].min() > 2 * selector.scores_[2:].max()
    assert selector.score(X, y) > 0.3


@every_kind
def test_stability_selector(kind):
    mlp, y = network(kind, "group_lasso")
    selector = StabilitySelector(
        mlp, n_resamples=3, alphas=5, n_features_per_resample=2, random_state=0
    ).fit(X, y)
    scores = selector.stability_scores_
    assert scores[:2].min() > scores[2:].max()


@every_kind
def test_knockoff_selector(kind):
    mlp, y = network(kind, [GroupLasso(), MaxNorm(1.0)])
    selector = KnockoffSelector(mlp, fdr=0.5, n_draws=2, random_state=0).fit(X, y)
    statistics = selector.knockoff_statistics_
    assert statistics.shape == (2, 5)
    assert statistics[:, :2].min() > np.abs(statistics[:, 2:]).max()


@every_kind
def test_path(kind):
    mlp, y = network(kind, "group_lasso")
    path = regularization_path(X, y, estimator=mlp, alphas=4)
    assert path.n_features[-1] == 0
    assert path.n_features[0] >= 2
    # Dense to sparse: each network is stationary, and the objective grows with alpha.
    assert (np.diff(path.objective) > 0).all()


# Survival alone


def test_a_penalty_that_selects_is_needed():
    for selector in (
        MLPFeatureSelector(RegularizedMLPSurvival(), n_init=1),
        StabilitySelector(RegularizedMLPSurvival(), n_resamples=2),
    ):
        with pytest.raises(ValueError, match="penalty"):
            selector.fit(X, SURVIVAL)


@pytest.mark.slow
@pytest.mark.parametrize(
    "selector",
    [
        MLPFeatureSelector(n_init=1),
        StabilitySelector(n_resamples=2, alphas=4, n_features_per_resample=2),
        KnockoffSelector(fdr=0.5, n_draws=1),
    ],
)
def test_structured_targets_are_of_survival(selector):
    y = structured(SURVIVAL[:, [0, 0, 1]])
    selector.set_params(random_state=0).fit(X, y)
    assert selector.support_.shape == (5,)


def test_strata_are_kept_apart():
    """Strata by the time itself leave nothing to learn of the others."""
    late = SURVIVAL[:, 1] > np.median(SURVIVAL[:, 1])
    mlp, _ = network("survival", [GroupLasso(), MaxNorm(1.0)])
    found = [
        KnockoffSelector(mlp, fdr=0.5, n_draws=1, random_state=0).fit(X, y)
        for y in (SURVIVAL, np.column_stack([SURVIVAL, late]))
    ]
    plain, apart = (one.knockoff_statistics_ for one in found)
    assert np.abs(apart).max() < np.abs(plain).max()


def test_alpha_by_folds_is_by_the_partial_likelihood():
    mlp, y = network("survival", "group_lasso")
    selector = MLPFeatureSelector(mlp, alpha="cv", n_init=1, cv=3, random_state=0)
    scores = selector.fit(X, y).cv_scores_
    assert scores.shape == (10, 3)
    # At the largest alpha the network is empty: that of equal risks.
    order = np.column_stack([y[:, 0], np.zeros(len(y)), y[:, 1]])
    folds = StratifiedKFold(3).split(X, y[:, 0])
    for k, (train, test) in enumerate(folds):
        of_all = half_deviance(order, np.zeros(len(y)))
        added = of_all - half_deviance(order[train], np.zeros(len(train)))
        assert scores[-1, k] == pytest.approx(-added / y[test, 0].sum(), rel=1e-9)
    by_concordance = selector.set_params(scoring="concordance").fit(X, y).cv_scores_
    np.testing.assert_array_equal(by_concordance[-1], 0.5)
    assert by_concordance[0].min() > 0.6


def test_scores_of_other_estimators_are_refused():
    mlp, y = network("survival", "group_lasso")
    with pytest.raises(ValueError, match=r"scoring='r2' is not for a RegularizedMLPSurv"):
        MLPFeatureSelector(mlp, alpha="cv", scoring="r2", n_init=1).fit(X, y)
    other = RegularizedMLPClassifier((3,), penalty="group_lasso")
    with pytest.raises(ValueError, match="'concordance' is not for a RegularizedMLPClass"):
        MLPFeatureSelector(other, alpha="cv", scoring="concordance", n_init=1).fit(
            X, X[:, 0] > 0
        )
