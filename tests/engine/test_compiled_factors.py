"""The compiled engine's epochs with factors of the features' penalties."""

import numpy as np
import pytest
from compiled_cases import (
    FORMS,
    METHODS,
    CompiledEngine,
    assert_close,
    assert_same_epochs,
    in_single_precision,
    make_data,
    make_network,
    needs_compiled_engine,
    regression,
    run_epochs,
)

from sknormreg.engine import NumpyEngine
from sknormreg.penalties import (
    L1,
    L2,
    MCP,
    ElasticNet,
    GroupLasso,
    GroupMCP,
    Layout,
    SparseGroupLasso,
    Weighted,
)

pytestmark = needs_compiled_engine

GROUPS = [[4, 0], [2, 1, 5]]
SINGLE = {0: 0.0, 1: 0.3, 2: 3.0, 5: np.inf}
BY_GROUP = {4: 0.3, 0: 0.3, 2: 0.0, 1: 0.0, 5: 0.0, 3: np.inf}
PENALTIES = [
    Weighted(L1(), SINGLE),
    Weighted(L2(), {**SINGLE, 5: 4.0}),
    Weighted(ElasticNet(0.3), SINGLE),
    Weighted(MCP(a=0.3, l2=0.1), SINGLE),
    Weighted(GroupLasso(), SINGLE),
    Weighted(GroupLasso(GROUPS, features_only=True), BY_GROUP),
    Weighted(SparseGroupLasso(0.4, GROUPS), BY_GROUP),
    Weighted(SparseGroupLasso(1.0), SINGLE),
    # Without a prox in the metric of Adam.
    Weighted(GroupMCP(a=0.3, l2=0.1), SINGLE),
    Weighted(GroupMCP(a=0.3, l2=0.1, groups=GROUPS), BY_GROUP),
]


def pairs():
    return [
        (method, penalty)
        for method in METHODS
        for penalty in PENALTIES
        if method != "adam" or penalty.has_diagonal_prox
    ]


@pytest.mark.every(3)
@pytest.mark.parametrize(("method", "penalty"), pairs(), ids=repr)
def test_epochs(method, penalty):
    network, data, rows, alpha = regression()
    penalties = penalty.bind(Layout(list(network.shapes)))
    excluded = np.isinf(list(penalty.penalty_factor.values()))
    features = np.array(list(penalty.penalty_factor))[excluded]
    for batch_size, n_epochs in (1, 1), (32, 2):
        params = assert_same_epochs(
            network, data, rows, penalties, alpha, method, batch_size, n_epochs
        )
        first = network.coefs(params)[0]
        assert not first[features].any()
        assert first[0].all() or penalty.penalty_factor[0] > 0


@pytest.mark.every(5)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", ["dense", "csr"])
@pytest.mark.parametrize("inner", [L1(), GroupLasso()], ids=repr)
def test_many_features_in_several_ranges(method, form, inner):
    network = make_network((600, 90, 3), "relu", "multinomial")
    data = make_data(network, 300)
    data = data._replace(X=FORMS[form](data.X))
    factors = np.random.RandomState(0).choice([0, 0.1, 1, 4], 600)
    penalties = Weighted(inner, factors).bind(Layout(list(network.shapes)))
    assert_same_epochs(network, data, None, penalties, 0.3, method, 100)


@pytest.mark.parametrize(("method", "penalty"), pairs(), ids=repr)
def test_single_precision(method, penalty):
    network, data, rows, alpha = regression()
    single, double = in_single_precision(data)
    penalties = penalty.bind(Layout(list(network.shapes)))
    args = rows, penalties, alpha, method, 32
    found, _ = run_epochs(CompiledEngine(network), single, *args)
    expected, _ = run_epochs(NumpyEngine(network), double, *args)
    assert found.params.dtype == np.float32
    # Roundings of 6e-8 in each of 16 steps, which a gradient near zero can turn round.
    assert_close(found.params, expected.params, rtol=1e-4)
    assert found.value == pytest.approx(expected.value, rel=1e-5)
