"""Between training and the fit callbacks of scikit-learn (`sklearn.callback`)."""

import threading
from typing import Any

from ..engine import Network
from ..fitting.best_start import StartWatcher
from ..fitting.fit import FittedNetwork
from ..fitting.training import CurrentParams
from .fitted_attributes import network_attributes


class FitCallbacks:
    """Calls the callbacks set on an estimator, as one task for every iteration.

    Several starts are tasks of their own, and their iterations are subtasks of these.

    Callbacks get X, y and the sample weights as the caller passed them, and an
    estimator that is ready to predict and shares no array with the training.

    Parameters
    ----------
    estimator : estimator with `CallbackSupportMixin`

    X, y, sample_weight : as passed to `fit`

    n_init : int
        Number of starts.

    Attributes
    ----------
    of_starts : list of StartCallbacks
        One for each start, which may be in a thread of its own.
    """

    def __init__(
        self, estimator: Any, X: Any, y: Any, sample_weight: Any, n_init: int = 1
    ) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self.arguments = dict(estimator=estimator, X=X, y=y, metadata=metadata)
        self.estimator, self._n_init = estimator, n_init
        self._fit: Any = None
        self._lock = threading.Lock()
        self.of_starts = [StartCallbacks(self, index) for index in range(n_init)]

    def begin_start(self, index: int) -> Any:
        """Return the task whose subtasks are the iterations of a start; announce it."""
        max_iter = self.estimator.max_iter
        with self._lock:
            if self._n_init == 1:
                return self._begin_fit(max_iter)
            fit = self._fit or self._begin_fit(self._n_init, sequential_subtasks=False)
            task = fit.subcontext("start", task_id=index, max_subtasks=max_iter)
        task.call_on_fit_task_begin(**self.arguments)
        return task

    def _begin_fit(self, max_subtasks, **options):
        self._fit = self.estimator._init_callback_context(
            max_subtasks=max_subtasks, **options
        )
        self._fit.call_on_fit_task_begin(**self.arguments)
        return self._fit

    def told(self, network: Network, params: CurrentParams, n_iter: int) -> dict[str, Any]:
        """Return what callbacks are told of a network."""
        return {
            **self.arguments,
            "reconstruction_attributes": lambda: network_attributes(
                network, params(), n_iter
            ),
        }

    def told_of(self, fitted: FittedNetwork) -> dict[str, Any]:
        """Return what callbacks are told at the end of a fit."""
        return self.told(fitted.network, lambda: fitted.params, fitted.training.n_iter)

    def end(self, fitted: FittedNetwork) -> None:
        """Announce the end of the fit."""
        self._fit.call_on_fit_task_end(**self.told_of(fitted))


class StartCallbacks(StartWatcher):
    """Calls the callbacks in the iterations of one start.

    Parameters
    ----------
    callbacks : FitCallbacks

    index : int
        Which of the starts.
    """

    def __init__(self, callbacks: FitCallbacks, index: int) -> None:
        self._callbacks, self._index = callbacks, index
        self._start: Any = None
        self._iteration: Any = None

    def begin_iteration(self, network: Network, params: CurrentParams, n_iter: int) -> None:
        if self._start is None:
            self._start = self._callbacks.begin_start(self._index)
        self._iteration = self._start.subcontext(task_name="iteration")
        told = self._callbacks.told(network, params, n_iter)
        self._iteration.call_on_fit_task_begin(**told)

    def end_iteration(
        self, network: Network, params: CurrentParams, n_iter: int
    ) -> bool | None:
        told = self._callbacks.told(network, params, n_iter)
        return self._iteration.call_on_fit_task_end(**told)

    def end(self, fitted: FittedNetwork) -> bool | None:
        if self._start is None:
            return None
        return self._start.call_on_fit_task_end(**self._callbacks.told_of(fitted))
