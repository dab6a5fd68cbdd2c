"""Samples to fit to at several alphas, and others that tell which alpha is best."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..engine import Data, make_engine
from .distinct_samples import distinct_samples
from .row_space import in_row_space
from .specification import NetworkSpec
from .start import Start
from .starts import with_split_of
from .validation_loss import Validation

# Samples are cut into so many folds, of which as many are held out in turn as it takes to
# have so many samples predicted. Of more samples, so many random ones take part.
_N_FOLDS, _ENOUGH_HELD_OUT, _MOST_SAMPLES = 3, 1000, 30_000

# Iterations of each fit.
_MOST_ITERATIONS = 500


@dataclass(frozen=True)
class Trial:
    """Samples to fit to at each alpha, and others to predict.

    Attributes
    ----------
    spec, data, rows, validation, start : as `fit_network` takes them
        The latter is that of fits which start from no other.

    seed : int
        Of the random numbers of each fit.

    loss : callable
        Maps a network to the total loss of the others and their total weight.
    """

    spec: NetworkSpec
    data: Data
    rows: np.ndarray | None
    seed: int
    loss: Callable
    validation: Validation | None = None
    start: Start | None = None

    @property
    def stops_early(self) -> bool:
        """Whether the samples that are predicted decide when a training stops, too."""
        return self.spec.hold_out is not None or (
            self.validation is not None and self.validation.decides
        )


def trials_of(
    spec: NetworkSpec,
    data: Data,
    random_state: np.random.RandomState,
    validation: Validation | None,
) -> list[Trial]:
    """Return what alphas are tried on.

    That is the validation samples, if there are any, or those that early stopping will hold
    out, or else folds of distinct samples.

    Parameters
    ----------
    spec : NetworkSpec

    data : Data

    random_state : RandomState
        Is left as it is.

    validation : Validation or None
    """
    settings = spec.settings
    max_iter = min(settings.max_iter, _MOST_ITERATIONS)
    settings = replace(settings, loss_threshold=None, tol="auto", max_iter=max_iter)
    spec = replace(spec, settings=settings)
    seed = copy.deepcopy(random_state).randint(np.iinfo(np.int32).max)
    if validation is not None:
        loss = partial(_watched_loss, validation)
        return [Trial(spec, data, None, seed, loss, validation)]
    if spec.hold_out is not None:
        # The samples that the last fit will hold out.
        spec = with_split_of(spec, random_state)
        return [Trial(spec, data, None, seed, _stopping_loss)]
    return _folds(spec, _some_samples(distinct_samples(data)[0], seed), seed)


def _folds(spec, data, seed):
    """Return trials in which each of the folds, or enough of them, are held out."""
    data, start = in_row_space(spec, data, seed)
    n_samples = data.X.shape[0]
    labels = _fold_labels(n_samples, seed)
    n_folds = min(_N_FOLDS, n_samples, -(-_ENOUGH_HELD_OUT * _N_FOLDS // n_samples))
    trials = []
    for fold in range(n_folds):
        loss = partial(_loss, data, np.flatnonzero(labels == fold))
        # A single sample is in both parts.
        rows = np.flatnonzero(labels != fold) if n_samples > 1 else None
        trials.append(Trial(spec, data, rows, seed, loss, start=start))
    return trials


def _fold_labels(n_samples, seed):
    """Return the fold of each sample: of neighbours one in each fold, at random."""
    random_state = np.random.RandomState(seed)
    if n_samples < _N_FOLDS:
        return random_state.permutation(n_samples)
    blocks = [random_state.permutation(_N_FOLDS) for _ in range(0, n_samples, _N_FOLDS)]
    return np.concatenate(blocks)[:n_samples]


def _some_samples(data, seed):
    """Return all samples, in their order, or as many random ones as take part."""
    n_samples = data.X.shape[0]
    if n_samples <= _MOST_SAMPLES:
        return data
    rows = np.random.RandomState(seed).permutation(n_samples)[:_MOST_SAMPLES]
    rows.sort()
    X, y, weight = data
    return Data(X[rows], y[rows], None if weight is None else weight[rows])


# Their losses


def _loss(data, rows, fitted):
    network, engine = fitted.network, make_engine(fitted.network)
    coefs = network.coefs(fitted.params)
    raw = engine.raw_predict(coefs, network.intercepts(fitted.params), data.X, rows)
    weight = None if data.sample_weight is None else data.sample_weight[rows]
    total = len(rows) if weight is None else weight.sum(dtype=np.float64)
    loss = network.loss.of_predictions()
    return loss.value(data.y[rows], raw, weight), total


def _watched_loss(validation, fitted):
    if validation.decides:
        return _stopping_loss(fitted)
    return validation.evaluate(make_engine(fitted.network), fitted.params)[0], 1.0


def _stopping_loss(fitted):
    return fitted.training.validation_loss, 1.0
