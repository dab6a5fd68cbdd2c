"""Without hidden layers, the minimum of the penalised partial likelihood is the model's."""

import numpy as np
import pytest
from scipy import sparse
from survival_cases import LinearCox, half_deviance, simulated

from sknormreg import RegularizedMLPSurvival


def _y(y, n_strata):
    return y[:, [0, 2, 1]] if n_strata > 1 else y[:, [0, 2]]


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_minimum(ties, weighted, l1_ratio):
    n_strata = 2 if weighted else 1
    X, y = simulated(n_strata=n_strata, seed=2)
    weight = np.random.RandomState(0).randint(0, 3, size=len(y)) if weighted else None
    X = X * (np.abs(X) > 0.3)
    alpha = 3.0
    cox = LinearCox(X, y, None if weight is None else weight.astype(float), ties)
    # The oracle's loss is that of the definition.
    coef = np.linspace(-1, 1, 5)
    own = half_deviance(y, X @ coef, weight, ties)
    assert cox.loss(coef)[0] == pytest.approx(own, rel=1e-12)
    least = cox.minimum(alpha * l1_ratio, alpha * (1 - l1_ratio))
    total = len(y) if weight is None else weight.sum()
    for form in (X, sparse.csr_array(X)):
        model = RegularizedMLPSurvival(
            (), penalty="elasticnet", l1_ratio=l1_ratio, alpha=alpha, ties=ties
        ).fit(form, _y(y, n_strata), weight)
        found = model.coefs_[0][:, 0]
        value = cox.objective(found, alpha * l1_ratio, alpha * (1 - l1_ratio))
        # Both are minima to about 1e-8; the bound is what users are promised.
        assert value - least <= 1e-6 * abs(least)
        assert model.loss_ * total == pytest.approx(value, rel=1e-9)
    if l1_ratio == 1:
        assert 0 < model.n_selected_features_ < 5


def test_constant_has_the_loss_of_no_features():
    X, y = simulated()
    model = RegularizedMLPSurvival((), penalty="l1", alpha=1e4).fit(X, y[:, [0, 2]])
    expected = half_deviance(y, np.zeros(len(y)))
    assert model.loss_ * len(y) == pytest.approx(expected, rel=1e-12)
    np.testing.assert_array_equal(model.predict(X), 0)


def test_alpha_is_relative_to_the_weight():
    X, y = simulated()
    y = y[:, [0, 2]]
    one = RegularizedMLPSurvival((), alpha=2.0).fit(X, y)
    many = RegularizedMLPSurvival((), alpha=2e9).fit(X, y, np.full(len(y), 1e9))
    # Minima are accurate to the tolerance of 1e-8 for the gradient.
    np.testing.assert_allclose(many.coefs_[0], one.coefs_[0], rtol=1e-6)
    assert many.loss_ == pytest.approx(one.loss_, rel=1e-12)
