"""What `verbose` prints, and how much of it."""

import numpy as np
import pytest

from sknormreg import RegularizedMLPClassifier

rng = np.random.RandomState(0)
X = rng.randn(40, 3)
LEVELS = (X[:, 0] > 0).astype(int)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_larger_number_never_prints_less(capsys):
    for n_iter, at_one in ((2, 2), (25, 11)):
        printed = []
        for verbose in (0, 1, 2, 10):
            mlp = RegularizedMLPClassifier(
                (3,), solver="adam", max_iter=n_iter, tol=0.0, verbose=verbose
            )
            mlp.fit(X, LEVELS)
            printed.append(len(capsys.readouterr().out.splitlines()))
        assert printed == [0, at_one, n_iter, n_iter]
