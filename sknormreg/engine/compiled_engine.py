"""The engine in C: the contract of `numpy_engine`, at the speed of its matrix products.

`csrc/` says how it works. Results are the same bits whatever the number of threads.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
from scipy import sparse

from .._prox_terms import (
    ColumnNormBall,
    ConcaveGrouped,
    Grouped,
    Hierarchy,
    L1NormBall,
    RowSum,
    Separable,
    rows_by_group,
)
from . import _compiled  # type: ignore[attr-defined]
from .checks import LARGEST_DIMENSION, as_c
from .data import Data
from .dropout import Dropout
from .losses import (
    BinaryLogLoss,
    HalfPoissonDeviance,
    HalfSquaredError,
    Huber,
    Linear,
    MultinomialLogLoss,
    Pinball,
)
from .network import Network
from .threads import call_in_thread, limited_threads, share_of_threads
from .tweedie import HalfTweedieDeviance

# Codes are positions here: the order is that of csrc/engine.h.
_ACTIVATIONS = (
    "identity",
    "logistic",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "gelu",
    "silu",
    "softplus",
)
# Beside each loss stands the attribute that is its parameter in C.
_LOSSES = {
    HalfSquaredError: None,
    Huber: "delta",
    Pinball: "quantile",
    HalfPoissonDeviance: None,
    HalfTweedieDeviance: "power",
    BinaryLogLoss: "label_smoothing",
    MultinomialLogLoss: "label_smoothing",
    Linear: None,
}

# Multiplications of a forward pass (see `Network.work`): up to this many, BLAS keeps to one
# thread by itself.
_SINGLE_WORK = 2.5e5

# From this many on, the help of another thread is worth having: in an epoch, in batches of
# at least the second; in a single pass of a fit, between which helpers fall asleep; and in
# a single call, which has to start them.
_EPOCH_WORK, _BATCH_WORK, _PASS_WORK, _CALL_WORK = 1e6, 2e5, 4e6, 1e7

# Rows of a prediction that are converted to another precision at a time.
_CONVERTED_ROWS = 4096


class CompiledEngine:
    """Loss, gradient, epochs and predictions of one network, compiled.

    The contract is that of `NumpyEngine`.

    Parameters
    ----------
    network : Network
    """

    has_epochs = True

    def __init__(self, network: Network) -> None:
        self.network = network
        self._units = np.array(network.layer_units, dtype=np.int64)
        codes = [_ACTIVATIONS.index(name) for name in network.activations]
        self._activations = np.array(codes, dtype=np.int32)
        loss = network.loss
        self._loss = list(_LOSSES).index(type(loss))
        parameter = _LOSSES[type(loss)]
        self._loss_parameter = getattr(loss, parameter) if parameter else 0.0
        self._workspace, self._crew = _compiled.Workspace(), None
        # The latest data whose gradient was asked for, the type of its parameters, and the
        # job that does it; empty while a thread is at it.
        self._kept: list[tuple[Data, np.dtype, Any]] = []

    def restricted(self, network: Network) -> "CompiledEngine":
        """Return an engine for a part of the network, to be used in the same block."""
        engine = CompiledEngine(network)
        engine._crew = self._crew
        return engine

    @staticmethod
    def supports(network: Network) -> bool:
        """Whether its activations and its loss are among the compiled ones, and its layers
        are not too large for them."""
        known = all(name in _ACTIVATIONS for name in network.activations)
        largest = max(max(shape) for shape in network.shapes)
        return known and type(network.loss) in _LOSSES and largest <= LARGEST_DIMENSION

    @contextmanager
    def threads(self, dtype: np.dtype, n_rows: int) -> Iterator[None]:
        """The block in which to train: it shares the threads with others like it."""
        with limited_threads(), _crew() as self._crew:
            try:
                yield
            finally:
                self._crew = None

    def raw_predict(
        self, coefs: Sequence, intercepts: Sequence, X: Any, rows: np.ndarray | None = None
    ) -> np.ndarray:
        """Outputs before the output activation, shape (n_rows, n_outputs)."""
        dtype = np.result_type(X.dtype, coefs[0].dtype)
        n_rows = X.shape[0] if rows is None else len(rows)
        raw = np.empty((n_rows, self.network.layer_units[-1]), dtype=dtype)
        if X.dtype != dtype:
            # In parts, to keep the converted copy small.
            for start in range(0, n_rows, _CONVERTED_ROWS):
                part = slice(start, start + _CONVERTED_ROWS)
                X_part = X[part if rows is None else rows[part]].astype(dtype)
                raw[part] = self.raw_predict(coefs, intercepts, X_part)
            return raw
        job = self._job(dtype)
        job.set_layers(_contiguous(coefs, dtype), _contiguous(intercepts, dtype))
        _set_X(job, X, rows, n_rows)
        job.set_raw(raw)
        work = self.network.work(X, rows)
        with nullcontext() if work <= _SINGLE_WORK else limited_threads():
            self._run(job, work)
        return raw

    def loss_and_gradient(
        self,
        params: np.ndarray,
        data: Data,
        rows: np.ndarray | None = None,
        dropout: Dropout | None = None,
    ) -> tuple[float, np.ndarray]:
        """Sum of the weighted losses of the rows and its gradient, shape (n_params,).

        With a `Dropout`, of the network that it leaves.
        """
        if rows is None and dropout is None and data.X.shape[0] > 0:
            return self._gradient_of_all(params, data)
        gradient = np.zeros_like(params)
        job, n_rows = self._training_job(params, data, rows, writable=False)
        if n_rows == 0:
            return 0.0, gradient
        job.set_gradient(gradient)
        _set_dropout(job, dropout)
        return self._run(job, self.network.work(data.X, rows)), gradient

    def _gradient_of_all(self, params, data):
        """The loss of all samples and its gradient, by the job of the last call if it was
        about the same data."""
        gradient = np.empty(len(params), dtype=params.dtype)
        try:
            kept, dtype, job = self._kept.pop()
        except IndexError:
            kept = None
        if kept is not data or dtype != params.dtype:
            job, _ = self._training_job(params, data, None, writable=False)
            job.keep()
        job.again(params, gradient)
        loss = self._run(job, self.network.work(data.X))
        self._kept[:] = [(data, params.dtype, job)]
        return loss, gradient

    def epoch(
        self,
        params: np.ndarray,
        data: Data,
        rows: np.ndarray | None,
        batch_size: int,
        step: Any,
        prox: Any,
        output_scale: float,
        factor: float,
        dropout: Dropout | None = None,
    ) -> float:
        """Take a step for each minibatch, in place; returns the losses' sum.

        Parameters
        ----------
        params : ndarray of shape (n_params,)
            The output layer's are divided by `output_scale`.

        data : Data

        rows : ndarray of int
            In the order in which the minibatches take them.

        batch_size : int

        step : AdamStep or SGDStep

        prox : list of ProxTerms, or callable
            The penalty of each layer; or a function that applies the proximal operator of
            another one in place, to parameters and steps.

        output_scale : float

        factor : float
            What the mean gradient of a minibatch is multiplied by.

        dropout : Dropout or None
            That of the first minibatch; those that follow are of the steps that follow.
        """
        job, n_rows = self._training_job(params, data, rows, writable=True)
        steps = None
        if step.method == "adam":
            job.set_adam(
                step.moments["first"],
                step.moments["second"],
                step.n_steps,
                step.rate,
                step.beta_1,
                step.beta_2,
                step.epsilon,
            )
            steps = np.empty_like(params) if callable(prox) else None
        else:
            job.set_sgd(
                step.moments["velocity"],
                step.n_steps,
                step.rate,
                step.momentum,
                step.nesterovs_momentum,
            )
        job.set_epoch(batch_size, output_scale, factor)
        _set_dropout(job, dropout)
        if callable(prox):
            metric = step.rate if steps is None else steps
            job.set_prox(lambda: prox(params, metric), steps)
        else:
            for layer, terms in enumerate(prox):
                _set_penalty(job, layer, terms)
        work = self.network.work(data.X, rows)
        total = self._run(job, work, work * batch_size / max(n_rows, 1))
        step.n_steps = job.n_steps
        return total

    def _job(self, dtype):
        return _compiled.Job(
            self._units,
            self.network.n_skip,
            self._activations,
            self._loss,
            self._loss_parameter,
            dtype == np.float64,
        )

    def _training_job(self, params, data, rows, writable):
        n_rows = data.X.shape[0] if rows is None else len(rows)
        dtype = params.dtype
        job = self._job(dtype)
        job.set_params(params, writable)
        X = data.X if data.X.dtype == dtype else data.X.astype(dtype)
        _set_X(job, X, rows, n_rows)
        y, sample_weight = data.y, data.sample_weight
        target_dtype = np.int64 if y.ndim == 1 else dtype
        if sample_weight is not None:
            sample_weight = as_c(sample_weight, dtype)
        job.set_targets(as_c(y, target_dtype), sample_weight)
        return job, n_rows

    def _run(self, job, work, work_of_batch=None):
        if work_of_batch is None:
            worthwhile = work >= (_PASS_WORK if self._crew else _CALL_WORK)
        else:
            worthwhile = work >= _EPOCH_WORK and work_of_batch >= _BATCH_WORK
        n_threads = share_of_threads() if worthwhile else 1
        with nullcontext(self._crew) if self._crew else _crew() as crew:
            return job.run(self._workspace, crew, n_threads, call_in_thread)


@contextmanager
def _crew():
    crew = _compiled.Crew()
    try:
        yield crew
    finally:
        crew.close()


def _contiguous(arrays, dtype):
    return [as_c(array, dtype) for array in arrays]


def _set_penalty(job, layer, terms):
    if isinstance(terms, RowSum) and terms.factors is not None:
        job.set_row_factors(layer, as_c(terms.factors, np.float64))
    match terms:
        case Separable():
            job.set_separable(layer, terms.l1, terms.l2, terms.knots)
        case Grouped(sizes=None):
            groups = _groups(terms.labels)
            job.set_grouped(layer, terms.strength, groups, terms.l1, terms.l2)
        case ConcaveGrouped(sizes=None):
            groups = _groups(terms.labels)
            job.set_grouped(layer, terms.strength, groups, 0.0, terms.l2, terms.knots)
        case ColumnNormBall():
            job.set_column_norm_ball(layer, terms.radius)
        case L1NormBall():
            job.set_l1_norm_ball(layer, terms.radius)
        case Hierarchy():
            job.set_hierarchy(layer, terms.strength, terms.M)
        case _:
            raise TypeError(f"the engine has no loop for {terms!r}")


def _groups(labels):
    return None if labels is None else rows_by_group(labels)


def _set_dropout(job, dropout):
    if dropout is not None:
        rates = np.array(dropout.rates, dtype=np.float64)
        job.set_dropout(rates, dropout.seed, dropout.step)


def _set_X(job, X, rows, n_rows):
    if rows is not None:
        rows = as_c(rows, np.int64)
    if not sparse.issparse(X):
        job.set_dense(as_c(X), rows, n_rows)
        return
    # What is in them has been checked, by `checked_structure`.
    indices, indptr = X.indices, X.indptr
    if indices.dtype != indptr.dtype:
        indices, indptr = indices.astype(np.int64), indptr.astype(np.int64)
    indices, indptr = as_c(indices), as_c(indptr)
    largest_row = int(np.diff(indptr).max(initial=0))
    job.set_csr(as_c(X.data), indices, indptr, X.shape[0], rows, n_rows, largest_row)
