"""Between training and the fit callbacks of scikit-learn (`sklearn.callback`)."""

from typing import Any

from ..engine import Network
from ..fitting.fit import FittedNetwork
from ..fitting.training import CurrentParams, Watcher
from .fitted_attributes import network_attributes


class FitCallbacks(Watcher):
    """Calls the callbacks set on an estimator, as one task for every iteration.

    Callbacks get X, y and the sample weights as the caller passed them, and an
    estimator that is ready to predict and shares no array with the training.

    Parameters
    ----------
    estimator : estimator with `CallbackSupportMixin`

    X, y, sample_weight : as passed to `fit`
    """

    def __init__(self, estimator: Any, X: Any, y: Any, sample_weight: Any) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._arguments = dict(estimator=estimator, X=X, y=y, metadata=metadata)
        self._estimator = estimator
        self._fit: Any = None
        self._iteration: Any = None

    def begin_iteration(self, network: Network, params: CurrentParams, n_iter: int) -> None:
        if self._fit is None:
            max_subtasks = self._estimator.max_iter
            self._fit = self._estimator._init_callback_context(max_subtasks=max_subtasks)
            self._fit.call_on_fit_task_begin(**self._arguments)
        self._iteration = self._fit.subcontext(task_name="iteration")
        self._iteration.call_on_fit_task_begin(**self._told(network, params, n_iter))

    def end_iteration(
        self, network: Network, params: CurrentParams, n_iter: int
    ) -> bool | None:
        told = self._told(network, params, n_iter)
        return self._iteration.call_on_fit_task_end(**told)

    def end(self, fitted: FittedNetwork) -> None:
        """Announce the end of the fit."""
        n_iter = fitted.training.n_iter
        told = self._told(fitted.network, lambda: fitted.params, n_iter)
        self._fit.call_on_fit_task_end(**told)

    def _told(self, network, params, n_iter):
        return {
            **self._arguments,
            "reconstruction_attributes": lambda: network_attributes(
                network, params(), n_iter
            ),
        }
