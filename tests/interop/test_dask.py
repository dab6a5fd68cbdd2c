"""Dask: searches on a cluster, and training on the chunks of an array."""

import joblib
import numpy as np
import pytest
from networks import KINDS, X, estimator
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

distributed = pytest.importorskip("distributed")
array = pytest.importorskip("dask.array")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = dict(hidden_layer_sizes=(3,), max_iter=30)
LEVELS = KINDS["multiclass"]


@pytest.fixture(scope="module")
def client():
    """Of a cluster of threads of this process."""
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_a_search_on_a_cluster_is_the_same(client):
    mlp = estimator("multiclass", **SMALL)
    search = GridSearchCV(mlp, {"alpha": [0.1, 1, 10]}, cv=3)
    here = clone(search).fit(X, LEVELS)
    before = n_tasks(client)
    with joblib.parallel_config(backend="dask"):
        there = clone(search).fit(X, LEVELS)
    assert n_tasks(client) > before
    for name in ("mean_test_score", "std_test_score"):
        np.testing.assert_array_equal(there.cv_results_[name], here.cv_results_[name])
    np.testing.assert_array_equal(
        there.best_estimator_.coefs_[0], here.best_estimator_.coefs_[0]
    )


def n_tasks(client):
    """Transitions that the workers have seen."""
    return sum(
        client.run(lambda dask_worker: dask_worker.state.transition_counter).values()
    )


def test_training_by_the_chunks_of_a_dask_array(client):
    """Rows that are never in memory together: as by the same parts of a NumPy array."""
    chunked = array.from_array(X, chunks=(20, 5))
    targets = array.from_array(LEVELS, chunks=20)
    model, expected = (
        estimator("multiclass", hidden_layer_sizes=(3,), total_weight=len(X))
        for _ in range(2)
    )
    for epoch in range(2):
        for i in range(chunked.numblocks[0]):
            part, y = chunked.blocks[i], targets.blocks[i]
            model.partial_fit(part, y, classes=[3, 4, 5])
            rows = slice(20 * i, 20 * i + 20)
            expected.partial_fit(X[rows], LEVELS[rows], classes=[3, 4, 5])
        assert model.n_iter_ == 3 * (epoch + 1)
    np.testing.assert_array_equal(model.coefs_[0], expected.coefs_[0])
    by_block = chunked.map_blocks(model.predict_proba, chunks=(20, 3), dtype=float)
    np.testing.assert_allclose(by_block.compute(), model.predict_proba(X), rtol=1e-12)
