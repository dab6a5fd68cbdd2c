"""Between training and the fit callbacks of scikit-learn (`sklearn.callback`)."""


class FitCallbacks:
    """Calls the callbacks set on an estimator, as one task for every iteration.

    Callbacks get X, y and the sample weights as the caller passed them, and an
    estimator that is ready to predict and shares no array with the training.

    Parameters
    ----------
    estimator : estimator with `CallbackSupportMixin`

    X, y, sample_weight : as passed to `fit`

    fitted_attributes : callable
        Maps parameters and a number of iterations to the attributes of a fitted
        estimator, all of them copies.
    """

    def __init__(self, estimator, X, y, sample_weight, fitted_attributes):
        self._fitted_attributes = fitted_attributes
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._arguments = dict(estimator=estimator, X=X, y=y, metadata=metadata)
        self._fit = estimator._init_callback_context(max_subtasks=estimator.max_iter)
        self._fit.call_on_fit_task_begin(**self._arguments)
        self._iteration = None

    def begin_iteration(self, params, n_iter):
        """Announce the iteration after the first `n_iter` ones."""
        self._iteration = self._fit.subcontext(task_name="iteration")
        self._iteration.call_on_fit_task_begin(
            **self._arguments,
            reconstruction_attributes=lambda: self._fitted_attributes(params, n_iter),
        )

    def end_iteration(self, params, n_iter):
        """Announce the end of an iteration; true where a callback wants to stop."""
        return self._iteration.call_on_fit_task_end(
            **self._arguments,
            reconstruction_attributes=lambda: self._fitted_attributes(params, n_iter),
        )

    def end(self, params, n_iter):
        """Announce the end of the fit."""
        self._fit.call_on_fit_task_end(
            **self._arguments,
            reconstruction_attributes=lambda: self._fitted_attributes(params, n_iter),
        )
