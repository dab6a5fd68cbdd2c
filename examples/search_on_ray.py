"""
A search on a Ray cluster
=========================

Ray is another joblib backend, besides `Dask <search_on_dask.html>`_: ``register_ray``
registers it, and ``parallel_config(backend="ray")`` selects it. ``ray.init()`` starts a
local cluster; ``ray.init(address="auto")`` connects to the cluster that the machine belongs
to. Run ``pip install ray``.
"""

import numpy as np
import ray
from joblib import parallel_config
from ray.util.joblib import register_ray
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale

from sknormreg import RegularizedMLPClassifier, RegularizedMLPClassifierCV

X, y = load_breast_cancer(return_X_y=True)
X = scale(X)
mlp = RegularizedMLPClassifier((20,), penalty="l1", random_state=0)
search = GridSearchCV(mlp, {"alpha": [0.3, 1, 3], "activation": ["tanh", "silu"]})
crossed = RegularizedMLPClassifierCV((20,), penalty="l1", random_state=0)

ray.init(num_cpus=2, include_dashboard=False)
register_ray()
with parallel_config(backend="ray"):
    search.fit(X, y)
    crossed.fit(X, y)
ray.shutdown()
print(f"grid search: {search.best_params_}, accuracy {search.best_score_:.3f}")
print(f"path: alpha {crossed.alpha_:.3g}, accuracy {crossed.best_score_:.3f}")

scores = crossed.scores_
crossed.fit(X, y)
print("the same scores without the cluster:", np.array_equal(scores, crossed.scores_))

# sphinx_gallery_thumbnail_path = "_static/search_on_ray.svg"
