"""Problems that the tests of evidence share: random networks, small data, by definition."""

import numpy as np
import pytest
from scipy import special
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_iris,
    make_multilabel_classification,
)
from sklearn.preprocessing import scale

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
)
from sknormreg.engine import Network, NumpyEngine
from sknormreg.engine.losses import BinaryLogLoss, HalfSquaredError, MultinomialLogLoss
from sknormreg.evidence.linearization import Linearization

BOTH = [RegularizedMLPClassifier, RegularizedMLPRegressor]
SCOPES = ["network", "layer", "feature"]
# In networks rounding decides in which minimum training ends, and whether alphas settle.
not_converged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# Losses, and their second derivatives by the raw outputs of one row, from the model's
# definition: the covariance of the targets that it predicts.
LOSSES = {
    "squared_error": (HalfSquaredError(), 1, lambda raw: np.eye(1)),
    "several outputs": (HalfSquaredError(), 2, lambda raw: np.eye(2)),
    "binary": (
        BinaryLogLoss(),
        1,
        lambda raw: np.diag(special.expit(raw) * (1 - special.expit(raw))),
    ),
    "multilabel": (
        BinaryLogLoss(),
        3,
        lambda raw: np.diag(special.expit(raw) * (1 - special.expit(raw))),
    ),
    "softmax": (
        MultinomialLogLoss(3),
        3,
        lambda raw: (
            np.diag(special.softmax(raw))
            - np.outer(special.softmax(raw), special.softmax(raw))
        ),
    ),
}
NETWORKS = {
    "linear": ((4,), ()),
    "one layer": ((4, 5), ("tanh",)),
    "two layers": ((4, 3, 5), ("gelu", "softplus")),
}


class Problem:
    """A random network, rows and weights of them, and its matrices by definition."""

    def __init__(self, loss, layers, n_rows=12, seed=0):
        rng = np.random.default_rng(seed)
        self.loss, n_outputs, self.hessian = LOSSES[loss]
        units, activations = NETWORKS[layers]
        self.network = Network((*units, n_outputs), activations, self.loss)
        self.params = 0.7 * rng.normal(size=self.network.n_params)
        self.X = rng.normal(size=(n_rows, 4))
        self.sample_weight = rng.uniform(0.3, 3, n_rows)
        self.row_alphas = [rng.uniform(0.2, 2, fan_in) for fan_in, _ in self.network.shapes]

    def raw(self, params, X):
        network = self.network
        return NumpyEngine(network).raw_predict(
            network.coefs(params), network.intercepts(params), X
        )

    def jacobian(self, X):
        """Derivatives of the raw outputs, shape (n_rows, n_outputs, n_params)."""
        step = 1e-6
        columns = []
        for direction in np.eye(self.network.n_params):
            up = self.raw(self.params + step * direction, X)
            down = self.raw(self.params - step * direction, X)
            columns.append((up - down) / (2 * step))
        return np.stack(columns, axis=-1)

    def gauss_newton(self):
        jacobian, raw = self.jacobian(self.X), self.raw(self.params, self.X)
        return sum(
            s * J.T @ self.hessian(row) @ J
            for s, J, row in zip(self.sample_weight, jacobian, raw)
        )

    def linearization(self, layout=np.asarray):
        return Linearization(
            self.network,
            self.network.coefs(self.params),
            self.network.intercepts(self.params),
            layout(self.X),
            self.sample_weight,
            self.loss.hessian_root,
        )

    def of_outputs(self, X):
        network = self.network
        return Linearization(
            network, network.coefs(self.params), network.intercepts(self.params), X
        )

    def alphas(self):
        """alpha of every parameter: 0 of intercepts."""
        alphas = np.zeros(self.network.n_params)
        for part, of_rows in zip(self.network.coefs(alphas), self.row_alphas):
            part[...] = of_rows[:, None]
        return alphas


def written_down(linear):
    return np.hstack([np.vstack(list(linear.blocks_of_weights())), linear.of_intercepts])


def diabetes(n_rows=None):
    X, y = load_diabetes(return_X_y=True)
    return scale(X)[:n_rows], y[:n_rows]


def small_regression():
    X, y = diabetes(150)
    return X, scale(y)


def several_outputs():
    X, y = small_regression()
    return X[:, :8], np.column_stack([y, X[:, 8]])


def multilabel():
    return make_multilabel_classification(120, 8, n_classes=3, random_state=0)


TASKS = {
    "regression": (RegularizedMLPRegressor, small_regression),
    "several outputs": (RegularizedMLPRegressor, several_outputs),
    "binary": (
        RegularizedMLPClassifier,
        lambda: (scale(load_breast_cancer().data)[::3], load_breast_cancer().target[::3]),
    ),
    "softmax": (
        RegularizedMLPClassifier,
        lambda: (scale(load_iris().data), load_iris().target),
    ),
    "multilabel": (RegularizedMLPClassifier, multilabel),
}
