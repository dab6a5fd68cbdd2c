"""
A search on a Dask cluster
==========================

`GridSearchCV` and `RegularizedMLPClassifierCV` run their fits with joblib. With
``parallel_config(backend="dask")``, joblib sends them to the workers of a Dask cluster.
Scores and weights are the same as on one machine.

In this example the cluster consists of two local processes;
``Client("tcp://scheduler:8786")`` connects to a remote one. Run ``pip install
distributed``, and install sknormreg on all workers.
"""

import numpy as np
from distributed import Client, LocalCluster
from joblib import parallel_config
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPClassifier, RegularizedMLPClassifierCV


def main():
    X, y = load_breast_cancer(return_X_y=True)
    X = scale(X)
    mlp = RegularizedMLPClassifier((20,), penalty="l1", random_state=0)
    search = GridSearchCV(mlp, {"alpha": [0.3, 1, 3], "activation": ["tanh", "silu"]})
    crossed = RegularizedMLPClassifierCV((20,), penalty="l1", random_state=0)
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster), parallel_config(backend="dask"):
        search.fit(X, y)
        crossed.fit(X, y)
    print(f"grid search: {search.best_params_}, accuracy {search.best_score_:.3f}")
    print(f"path: alpha {crossed.alpha_:.3g}, accuracy {crossed.best_score_:.3f}")

    scores = crossed.scores_
    crossed.fit(X, y)
    print("the same scores without the cluster:", np.array_equal(scores, crossed.scores_))


# Dask starts its workers by importing this file.
if __name__ == "__main__":
    main()

# sphinx_gallery_thumbnail_path = "_static/search_on_dask.svg"
