"""CSR with a few rows that are much longer than the others: blocks of rows end early."""

import numpy as np
import pytest
from scipy import sparse

from sknormreg.engine import Data, Dropout, Network, NumpyEngine, selection
from sknormreg.engine.losses import HalfSquaredError

pytestmark = pytest.mark.skipif(
    selection.CompiledEngine is None, reason="needs the extension"
)

N_FEATURES, N_LONG, N_SHORT = 60_000, 60, 300


def unequal_rows():
    """More entries than a block holds (2^21: csrc/partition.c), in a sixth of the rows."""
    rng = np.random.RandomState(0)
    lengths = np.array([50_000] * N_LONG + [3] * N_SHORT)
    rng.shuffle(lengths)
    lengths[7] = 0
    indptr = np.append(0, np.cumsum(lengths))
    indices = np.concatenate(
        [rng.permutation(N_FEATURES)[:n].astype(np.int32) for n in lengths]
    )
    values = rng.normal(size=len(indices)).astype(np.float32)
    X = sparse.csr_array((values, indices, indptr), shape=(len(lengths), N_FEATURES))
    return X, rng.normal(size=(len(lengths), 1)).astype(np.float32)


DROPOUT = Dropout((0.3, 0.2), seed=5, step=1)


@pytest.mark.parametrize(
    ("skip", "dropout"),
    [
        (False, None),
        (True, DROPOUT),
        pytest.param(True, None, marks=pytest.mark.slow),
        pytest.param(False, DROPOUT, marks=pytest.mark.slow),
    ],
)
def test_gradient_of_rows_of_very_different_length(skip, dropout):
    X, y = unequal_rows()
    network = Network((N_FEATURES, 2, 1), ("tanh",), HalfSquaredError(), skip)
    rng = np.random.RandomState(1)
    params = rng.normal(scale=1e-3, size=network.n_params)
    data = Data(X.astype(np.float64), y.astype(np.float64), None)
    for rows in (None, rng.permutation(len(y))):
        value, gradient = selection.CompiledEngine(network).loss_and_gradient(
            params, data, rows, dropout
        )
        expected_value, expected = NumpyEngine(network).loss_and_gradient(
            params, data, rows, dropout
        )
        assert value == pytest.approx(expected_value, rel=1e-12)
        # Rounding: sums of a few hundred terms.
        np.testing.assert_allclose(
            gradient, expected, rtol=0, atol=1e-12 * np.abs(expected).max()
        )
