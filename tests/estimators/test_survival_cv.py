"""The search for alpha by the partial likelihood, or by a concordance."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from survival_cases import half_deviance, simulated, structured

from sknormreg import RegularizedMLPSurvival, RegularizedMLPSurvivalCV

X, Y = simulated(n=80, seed=3)
PLAIN = Y[:, [0, 2]]
ALPHAS = [2.0, 6.0, 20.0]


def _search(**params):
    given = dict(hidden_layer_sizes=(), alphas=ALPHAS, cv=3, random_state=0)
    return RegularizedMLPSurvivalCV(**(given | params))


def _folds():
    return list(StratifiedKFold(3).split(X, PLAIN[:, 0]))


@pytest.mark.parametrize("weighted", [False, True])
def test_default_score_is_the_cross_validated_partial_likelihood(weighted):
    weight = np.random.RandomState(0).randint(1, 3, size=len(X)) if weighted else None
    search = _search(penalty="l1", ties="breslow").fit(X, PLAIN, weight)
    ones = np.ones(len(X)) if weight is None else weight
    expected = np.empty((len(ALPHAS), 3))
    for k, (train, test) in enumerate(_folds()):
        for i, alpha in enumerate(ALPHAS):
            model = RegularizedMLPSurvival((), penalty="l1", ties="breslow", alpha=alpha)
            model.fit(X[train], PLAIN[train], None if weight is None else weight[train])
            risk = model.predict(X)
            added = half_deviance(Y, risk, ones, "breslow")
            added -= half_deviance(Y[train], risk[train], ones[train], "breslow")
            expected[i, k] = -added / (ones * Y[:, 0])[test].sum()
    # Weights are accurate to about 1e-7, at a slope of the score of the order of 1.
    np.testing.assert_allclose(search.scores_, expected, atol=1e-5)
    assert search.alpha_ == ALPHAS[int(expected.mean(axis=1).argmax())]


def test_concordance_is_what_a_grid_search_maximises():
    search = _search(
        hidden_layer_sizes=(3,), scoring="concordance", continuation=False
    ).fit(X, PLAIN)
    plain = RegularizedMLPSurvival((3,), random_state=0)
    grid = GridSearchCV(plain, {"alpha": ALPHAS}, cv=_folds()).fit(X, structured(Y))
    np.testing.assert_allclose(
        search.scores_.mean(axis=1), grid.cv_results_["mean_test_score"], rtol=1e-12
    )
    assert search.alpha_ == grid.best_params_["alpha"]


def test_a_scorer_of_survival_functions():
    def scorer(estimator, X, y):
        survival = estimator.predict_survival_function(X, times=[0.5])
        return estimator.score(X, y, concordance="uno", tau=1.5) - survival.mean()

    search = _search(scoring=scorer).fit(X, structured(Y))
    train, test = _folds()[1]
    model = RegularizedMLPSurvival((), alpha=ALPHAS[2]).fit(X[train], PLAIN[train])
    expected = scorer(model, X[test], PLAIN[test])
    assert search.scores_[2, 1] == pytest.approx(expected, abs=1e-6)


def test_final_network_has_the_baseline_of_all_samples():
    search = _search(penalty="l1", relax=[False, True]).fit(X, PLAIN)
    counted = PLAIN[:, 0] > 0
    np.testing.assert_array_equal(search.event_times_, np.unique(PLAIN[counted, 1]))
    risk = np.exp(search.predict(X))
    first = PLAIN[:, 1] == search.event_times_[0]
    at_risk = risk[PLAIN[:, 1] >= search.event_times_[0]].sum()
    found = search.baseline_cumulative_hazard_[0]
    assert found == pytest.approx((first & counted).sum() / at_risk, rel=1e-12)
    assert search.predict_survival_function(X[:2], [1.0]).shape == (2, 1)
    assert search.score(X, PLAIN) > 0.6


# Ensembles


@pytest.fixture(scope="module")
def ensemble():
    weight = np.random.RandomState(0).uniform(0.5, 2, size=len(X))
    search = _search(hidden_layer_sizes=(3,), penalty="l1", ensemble=True, alphas=[1.0])
    return search.fit(X, PLAIN, weight), weight


def test_risks_of_an_ensemble_are_averages(ensemble):
    search, weight = ensemble
    *of_folds, final = search.estimators_
    assert [type(member) for member in search.estimators_] == [RegularizedMLPSurvival] * 4
    expected = (np.mean([m.predict(X) for m in of_folds], axis=0) + final.predict(X)) / 2
    risk = search.predict(X)
    np.testing.assert_allclose(risk, expected, rtol=1e-12)
    assert np.ptp([m.predict(X) for m in search.estimators_], axis=0).max() > 0.1
    # The baseline is that of the averages.
    t, first = PLAIN[:, 1], search.event_times_[0]
    at_risk = (weight * np.exp(risk))[t >= first].sum()
    hazard = weight[(t == first) & (PLAIN[:, 0] > 0)].sum() / at_risk
    assert search.baseline_cumulative_hazard_[0] == pytest.approx(hazard, rel=1e-12)
    found = search.predict_cumulative_hazard_function(X, [first])[:, 0]
    np.testing.assert_allclose(found, hazard * np.exp(risk), rtol=1e-12)
    assert search.score(X, PLAIN, concordance="uno", tau=1.5) > 0.6


def test_members_of_an_ensemble_are_fitted_estimators(ensemble):
    search, weight = ensemble
    for member, (train, _) in zip(search.estimators_, _folds()):
        # Warm starts and precision of a path do not change a baseline given the weights.
        alone = clone(member).fit(X[train], PLAIN[train], weight[train])
        np.testing.assert_array_equal(member.event_times_, alone.event_times_)
        risk, own = np.exp(member.predict(X[train])), weight[train]
        last = PLAIN[train][PLAIN[train][:, 0] > 0, 1].max()
        step = np.diff(member.baseline_cumulative_hazard_)[-1]
        is_last = PLAIN[train][:, 1] == last
        events = own[is_last & (PLAIN[train][:, 0] > 0)].sum()
        at_risk = (own * risk)[PLAIN[train][:, 1] >= last].sum()
        assert step == pytest.approx(events / at_risk, rel=1e-9)


def test_an_ensemble_changes_no_score_and_converts(ensemble):
    search, weight = ensemble
    alone = clone(search).set_params(ensemble=False).fit(X, PLAIN, weight)
    np.testing.assert_array_equal(alone.scores_, search.scores_)
    np.testing.assert_array_equal(alone.predict(X), search.estimators_[-1].predict(X))
    assert not hasattr(search, "predict_interval")
    small, twin = search.compact(), pickle.loads(pickle.dumps(search))
    for other in (small, twin):
        np.testing.assert_allclose(other.predict(X), search.predict(X), atol=1e-12)
        np.testing.assert_allclose(
            other.predict_survival_function(X),
            search.predict_survival_function(X),
            rtol=1e-10,
        )
    for method in ("to_arrays", "to_formula", "to_sklearn", "to_torch"):
        with pytest.raises(ValueError, match=f"predicts by 4. Call {method} of each"):
            getattr(search, method)()
    with pytest.raises(ValueError, match="'ensemble' parameter"):
        _search(ensemble="yes").fit(X, PLAIN)


def test_ensembles_of_strata_and_sparse_features():
    _, y = simulated(n=80, seed=3, n_strata=2)
    frame = y[:, [0, 2, 1]]
    search = _search(hidden_layer_sizes=(3,), ensemble=True, alphas=[5.0], cv=2)
    search.fit(X, frame)
    assert search.baseline_cumulative_hazard_.shape == (2, len(search.event_times_))
    member = search.estimators_[0]
    assert member.predict_survival_function(X[:2], strata=[0, 1]).shape[0] == 2
    other = clone(search).fit(sparse.csr_array(X), frame)
    np.testing.assert_allclose(other.predict(X), search.predict(X), atol=1e-4)


def test_summary_names_the_score():
    text = str(_search(hidden_layer_sizes=[(), (3,)]).fit(X, PLAIN).summary())
    assert "log partial likelihood in 3 folds" in text


def test_folds_without_events_are_refused():
    order = np.argsort(-PLAIN[:, 0], kind="stable")
    search = _search(cv=KFold(3))
    with pytest.raises(ValueError, match="held-out samples of a fold have no event"):
        search.fit(X[order], PLAIN[order])
    few = PLAIN.copy()
    few[np.flatnonzero(few[:, 0])[1:], 0] = 0
    with pytest.raises(ValueError, match="training samples of a fold have no event"):
        search.fit(X, few)


def test_other_scores_are_refused():
    with pytest.raises(ValueError, match="'scoring' parameter"):
        _search(scoring="r2").fit(X, PLAIN)


def test_clone_keeps_all_parameters():
    search = _search(ties="breslow", scoring="concordance")
    assert clone(search).get_params() == search.get_params()


def test_grid_begins_where_networks_do_not_order_all_events():
    search = _search(hidden_layer_sizes=(4,), penalty="group_lasso", alphas=4, cv=2)
    alphas = search.fit(X, PLAIN).alphas_
    assert alphas[-1] / alphas[0] == pytest.approx(1 / 3e-2)
    assert search.path_n_features_[-1].mean() < search.path_n_features_[0].mean()
