"""The one function that fits a network."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..engine import Data, Network
from ..evidence import EvidenceSolver
from ..fitted.importances import path_importances
from ..solvers import Curvature, MinibatchState, Status
from .convergence import convergence_warning
from .precision import FOR_EVIDENCE, FULL_PRECISION, Precision
from .result import TrainingResult, TrainingState
from .scaled_objective import ScaledObjective
from .solver_choice import FULL_BATCH, make_solver, resolve_solver
from .specification import NetworkSpec
from .start import Start
from .training import Watcher, train
from .validation_loss import Validation


@dataclass(frozen=True)
class FittedNetwork:
    """A fitted network, and the certificate of its training.

    Attributes
    ----------
    network : Network

    params : ndarray of shape (n_params,)

    alpha : float, array-like of shape (n_layers,) or list
        As given, or as chosen by evidence.

    solver : {"lbfgs", "adam", "sgd"}

    training : TrainingResult

    warning : str or None
        What keeps the training from counting as converged, and what to change.
    """

    network: Network
    params: np.ndarray
    alpha: Any
    solver: str
    training: TrainingResult
    warning: str | None = None

    @property
    def coefs(self) -> list[np.ndarray]:
        """Weights of each layer without those of a skip connection, as views."""
        first, *others = self.network.coefs(self.params)
        return [self.network.split_skip(first)[0], *others]

    @property
    def skip_coef(self) -> np.ndarray | None:
        """Weights from the features straight to the outputs, as a view; or None."""
        first = self.network.coefs(self.params)[0]
        return self.network.split_skip(first)[1] if self.network.skip else None

    @property
    def intercepts(self) -> list[np.ndarray]:
        """Intercepts of each layer, as views."""
        return self.network.intercepts(self.params)

    @cached_property
    def selected_features(self) -> np.ndarray:
        """Mask of the features that have any effect on the outputs."""
        return path_importances(self.coefs, self.skip_coef) > 0

    @property
    def is_empty(self) -> bool:
        """Whether no feature has any effect on the outputs."""
        return not self.selected_features.any()

    @property
    def sparsity(self) -> float:
        """Share of the weights that are exactly 0."""
        n_weights = self.network.n_weights
        return 1 - int(np.count_nonzero(self.params[:n_weights])) / n_weights

    def astype(self, dtype: np.dtype) -> "FittedNetwork":
        """Return the network with parameters of a type."""
        if self.params.dtype == dtype:
            return self
        params = self.params.astype(dtype)
        return replace(self, params=params, training=replace(self.training, params=params))

    def as_start(self) -> Start:
        """Return the `Start` of a training that goes on from these weights."""
        return Start(self.network.coefs(self.params), self.intercepts)


def fit_network(
    spec: NetworkSpec,
    data: Data,
    rows: np.ndarray | None = None,
    alpha: Any = 1.0,
    start: Start | None = None,
    *,
    random_state: np.random.RandomState,
    validation: Validation | None = None,
    precision: Precision = FULL_PRECISION,
    deadline: float = np.inf,
    watcher: Watcher | None = None,
    state: TrainingState | None = None,
    curvature: Curvature | None = None,
) -> FittedNetwork:
    """Fit a network.

    Parameters
    ----------
    spec : NetworkSpec

    data : Data

    rows : ndarray of int or None
        The samples to fit to; None for all.

    alpha : float, array-like of shape (n_layers,), list or "evidence"

    start : Start or None
        None draws all weights.

    random_state : RandomState

    validation : Validation or None
        Samples to watch the loss of; None has `spec.hold_out` choose some.

    precision : Precision

    deadline : float
        Value of `time.monotonic` from which on no further iteration begins.

    watcher : Watcher or None

    state : TrainingState or None
        Of a training that goes on in later calls, of which this one is a part; updated.

    curvature : Curvature or None
        Of the objective, as far as an earlier fit at another alpha has found it; updated.

    Returns
    -------
    fitted : FittedNetwork

    Raises
    ------
    ValueError
        If the specification does not fit the data, or if the objective is not finite at
        the initial weights.
    """
    incremental, by_evidence = state is not None, isinstance(alpha, str)
    if validation is None and spec.hold_out is not None:
        rows, validation = spec.hold_out(data, rows, random_state)
    own_units = spec.objective(data, rows, 1.0 if by_evidence else alpha)
    objective = ScaledObjective(own_units, state.scales if state else None)
    start = start or Start()
    params = start.params(objective, random_state)
    name = spec.settings.solver
    if by_evidence:
        # Alphas are estimated at minima, which minibatches do not reach.
        name, precision = "lbfgs" if name == "auto" else name, FOR_EVIDENCE
    name = resolve_solver(name, objective, incremental)
    solver: Any = make_solver(name, spec.settings, objective, random_state, precision)
    if by_evidence:
        solver = EvidenceSolver(solver, spec.evidence_scope, start.alphas)
    left = curvature if name in FULL_BATCH else None
    result, objective = train(
        objective,
        solver,
        params,
        spec.settings,
        deadline=deadline,
        validation=validation,
        watcher=watcher,
        solver_state=state.solver_state if state else left,
        incremental=incremental,
        goes_on=spec.goes_on,
    )
    if by_evidence and result.is_finite:
        result.evidence = solver.evidence(result.params)
        alpha = result.evidence.alpha
    if state is not None:
        state.scales = objective.scales
        if result.status is Status.DIVERGED:
            # Running averages that have overflowed would spoil the calls to come.
            state.solver_state = MinibatchState()
    warning = _warning(result, objective, name, spec.settings, incremental)
    return FittedNetwork(objective.network, result.params, alpha, name, result, warning)


def empty_network(spec: NetworkSpec, data: Data) -> FittedNetwork:
    """Return the network that predicts the best constant, all of whose weights are 0."""
    objective = ScaledObjective(spec.objective(data, None, 1.0))
    solver = resolve_solver(spec.settings.solver, objective)
    params = objective.objective.empty_params()
    result = TrainingResult(params, loss=objective.objective.constant_loss())
    return FittedNetwork(objective.network, params, 1.0, solver, result)


def _warning(result, objective, name, settings, incremental):
    """Return what keeps a training from counting as converged, or None."""
    if result.status is Status.INTERRUPTED:
        return None
    if not result.is_finite:
        raise ValueError(
            "The objective or its gradient is not finite at the initial weights: X, "
            "y, coef_init, or alpha over the sum of sample_weight are too large. "
            "Standardise the features (and, in regression, the target), for example "
            "with StandardScaler."
        )
    return convergence_warning(result, objective, name, settings, incremental)
