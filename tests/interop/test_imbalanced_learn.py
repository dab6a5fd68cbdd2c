"""imbalanced-learn: samplers in a pipeline, and its ensembles."""

import numpy as np
import pytest
from networks import KINDS, X, estimator
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.preprocessing import StandardScaler

imblearn = pytest.importorskip("imblearn")
pytest.importorskip("imblearn.ensemble")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = dict(hidden_layer_sizes=(3,), max_iter=30)
BINARY = KINDS["binary"]


def rare(y, share=5):
    """Rows of which a few are True."""
    return np.sort(np.r_[np.flatnonzero(~y), np.flatnonzero(y)[:share]])


def test_a_sampler_in_a_pipeline():
    """Resamples what it fits to, and nothing that it predicts."""
    rows = rare(BINARY)
    mlp = estimator("binary", **SMALL)
    sampler = imblearn.over_sampling.SMOTE(k_neighbors=2, random_state=0)
    model = imblearn.pipeline.make_pipeline(StandardScaler(), sampler, mlp)
    model.fit(X[rows], BINARY[rows])
    scaler = StandardScaler().fit(X[rows])
    X_more, y_more = clone(sampler).fit_resample(scaler.transform(X[rows]), BINARY[rows])
    own = clone(mlp).fit(X_more, y_more)
    np.testing.assert_array_equal(model[-1].coefs_[0], own.coefs_[0])
    np.testing.assert_array_equal(
        model.predict_proba(X), own.predict_proba(scaler.transform(X))
    )


def test_repeating_rows_is_weighing_them():
    """The one row of a class as often as there are others: up to tol, as J is convex."""
    rows = rare(BINARY, 1)
    X_rare, y_rare = X[rows], BINARY[rows]
    mlp = estimator("binary", hidden_layer_sizes=(), tol=1e-8)
    sampler = imblearn.over_sampling.RandomOverSampler(random_state=0)
    over = imblearn.pipeline.make_pipeline(sampler, mlp).fit(X_rare, y_rare)
    weights = np.where(y_rare, np.count_nonzero(~y_rare), 1)
    weighted = clone(mlp).fit(X_rare, y_rare, sample_weight=weights)
    np.testing.assert_allclose(over[-1].coefs_[0], weighted.coefs_[0], atol=1e-6)


def test_a_search_over_a_resampling_pipeline():
    model = imblearn.pipeline.Pipeline(
        [
            ("under", imblearn.under_sampling.RandomUnderSampler(random_state=0)),
            ("mlp", estimator("binary", penalty="l1", **SMALL)),
        ]
    )
    rows = rare(BINARY, 12)
    search = GridSearchCV(
        model, {"mlp__alpha": [0.1, 1e4]}, cv=StratifiedKFold(3), scoring="roc_auc"
    ).fit(X[rows], BINARY[rows])
    assert search.best_params_ == {"mlp__alpha": 0.1}
    assert search.best_score_ > 0.9


def test_balanced_bagging():
    rows = rare(BINARY, 8)
    bag = imblearn.ensemble.BalancedBaggingClassifier(
        estimator("binary", **SMALL), n_estimators=3, random_state=0
    ).fit(X[rows], BINARY[rows])
    assert bag.predict(X).mean() > 0.3
    plain = estimator("binary", alpha=10, **SMALL).fit(X[rows], BINARY[rows])
    assert bag.predict(X).mean() > plain.predict(X).mean()
