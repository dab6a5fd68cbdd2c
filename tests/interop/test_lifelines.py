"""Survival estimators beside lifelines: its models, with weights and strata, and its data.

Its penalty is on the coefficients of features divided by their standard deviation, beside
the likelihood divided by the number of samples, whatever their weights are.
"""

import numpy as np
import pandas as pd
import pytest
from survival_cases import LinearCox, simulated

from sknormreg import RegularizedMLPSurvival

lifelines = pytest.importorskip("lifelines")
utils = pytest.importorskip("lifelines.utils")

# The largest hazards are 50, and coefficients of both are accurate to about 1e-9.
ACCURACY = 1e-6

X, Y = simulated(n=150, seed=4, n_strata=2)
X = (X - X.mean(axis=0)) / X.std(axis=0, ddof=1)
WEIGHT = np.random.RandomState(0).randint(1, 4, size=len(X)).astype(float)
FRAME = pd.DataFrame(X, columns=list("abcde")).assign(T=Y[:, 2], E=Y[:, 0])


def both(penalizer, strata, weighted):
    """Fit the same model here and there."""
    frame, y, own, other = FRAME, Y[:, [0, 2]], {}, {}
    if strata:
        frame, y = frame.assign(S=Y[:, 1]), Y[:, [0, 2, 1]]
        other["strata"] = ["S"]
    if weighted:
        frame = frame.assign(W=WEIGHT)
        own["sample_weight"], other["weights_col"] = WEIGHT, "W"
    # With Efron's ties, its only ones.
    model = RegularizedMLPSurvival((), alpha=penalizer * len(X)).fit(X, y, **own)
    theirs = lifelines.CoxPHFitter(penalizer=penalizer)
    precise = {"precision": 1e-12, "step_size": 0.5}
    theirs.fit(frame, "T", "E", fit_options=precise, **other)
    return model, theirs, frame


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("strata", [False, True])
@pytest.mark.parametrize("penalizer", [0.0, 0.03])
def test_coefficients_and_functions_of_time(penalizer, strata, weighted):
    model, theirs, frame = both(penalizer, strata, weighted)
    coef = theirs.params_.to_numpy()
    np.testing.assert_allclose(model.coefs_[0][:, 0], coef, atol=ACCURACY)
    y = Y if strata else Y * [1, 0, 1]
    cox = LinearCox(X, y, WEIGHT if weighted else None, "efron")
    least = cox.objective(coef, 0, penalizer * len(X))
    found = cox.objective(model.coefs_[0][:, 0], 0, penalizer * len(X))
    assert found - least <= 1e-6 * least
    times = [0.05, 0.3, 1.0, 2.5]
    labels = Y[:, 1] if strata else None
    for name in ("cumulative_hazard", "survival_function"):
        # It has a column for each sample, those of a stratum together.
        expected = getattr(theirs, f"predict_{name}")(frame, times=model.event_times_)
        expected = expected.T.loc[frame.index].to_numpy()
        function = getattr(model, f"predict_{name.removesuffix('_function')}_function")
        values = function(X, strata=labels)
        np.testing.assert_allclose(values, expected, atol=ACCURACY, rtol=ACCURACY)
        # Between the steps, where it interpolates, they are those of the step before.
        before = np.searchsorted(model.event_times_, times, side="right") - 1
        at_times = function(X, times, strata=labels)
        np.testing.assert_array_equal(at_times, values[:, before])


@pytest.mark.parametrize("strata", [False, True])
def test_concordance(strata):
    model, theirs, _ = both(0.03, strata, False)
    y = Y[:, [0, 2, 1]] if strata else Y[:, [0, 2]]
    assert model.score(X, y) == pytest.approx(theirs.concordance_index_, rel=1e-12)
    risk = model.predict(X)
    if not strata:
        expected = utils.concordance_index(Y[:, 2], -risk, Y[:, 0])
        assert model.score(X, y) == pytest.approx(expected, rel=1e-12)
