"""Samples held out from training, to watch the unpenalised loss."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..engine import Data, Engine
from ..engine.losses import Loss
from ..solvers import Status
from .result import TrainingResult
from .scaled_objective import ScaledObjective


@dataclass
class Validation:
    """Samples held out to watch the unpenalised loss.

    Attributes
    ----------
    data : Data

    rows : ndarray of int or None
        Which rows of the data; None for all.

    decides : bool
        Whether training stops by, and returns the weights of, the smallest loss.

    score : callable
        Maps encoded targets, raw outputs (which it may overwrite) and sample weights to
        the score recorded beside the loss.

    loss : Loss
        That of the training, without what regularises it.
    """

    data: Data
    rows: np.ndarray | None
    decides: bool
    score: Callable
    loss: Loss

    def evaluate(self, engine: Engine, params: np.ndarray) -> tuple[float, float]:
        """Compute the mean loss and the score at parameters in their own units."""
        network = engine.network
        X, y, sample_weight = self.data
        if self.rows is not None:
            y = y[self.rows]
            sample_weight = None if sample_weight is None else sample_weight[self.rows]
        raw = engine.raw_predict(
            network.coefs(params), network.intercepts(params), X, self.rows
        )
        weight = len(y) if sample_weight is None else sample_weight.sum(dtype=np.float64)
        loss = self.loss.value(y, raw, sample_weight) / weight
        return loss, self.score(y, raw, sample_weight)


class ValidationWatch:
    """Follows the loss of held-out samples; keeps the best weights where it decides.

    Parameters
    ----------
    objective : ScaledObjective

    validation : Validation or None

    patience, min_improvement : float
        A deciding validation stops after more than `patience` iterations in a row that
        do not lower its loss by `min_improvement`, at the scale of the objective.
    """

    def __init__(
        self,
        objective: ScaledObjective,
        validation: Validation | None,
        patience: float,
        min_improvement: float,
    ) -> None:
        self._engine = objective.engine
        self._validation = validation
        self._patience = patience
        self._min_improvement = min_improvement * objective.value_scale
        self._best_loss = np.inf
        self._best_params: np.ndarray | None = None
        self._n_without_progress = 0

    @property
    def decides(self) -> bool:
        """Whether the weights returned are those of the smallest loss."""
        return self._validation is not None and self._validation.decides

    def begin(self, params: np.ndarray) -> None:
        """Evaluate the starting weights: training may lead away from the best."""
        if self._validation is not None and self._validation.decides:
            loss, _ = self._validation.evaluate(self._engine, params)
            if loss < self._best_loss:
                self._best_loss, self._best_params = loss, params

    def stops(self, result: TrainingResult) -> Status | None:
        """Evaluate the current weights; return a status where patience has run out."""
        if self._validation is None:
            return None
        loss, score = self._validation.evaluate(self._engine, result.params)
        result.validation_loss_curve.append(loss)
        result.validation_scores.append(score)
        progress = loss < self._best_loss - self._min_improvement
        self._n_without_progress = 0 if progress else self._n_without_progress + 1
        if loss < self._best_loss:
            self._best_loss, self._best_params = loss, result.params
        if self._validation.decides and self._n_without_progress > self._patience:
            return Status.EARLY_STOPPING
        return None

    def restore_best(self, result: TrainingResult) -> bool:
        """Go back to the weights of the smallest loss, where that decides.

        Return whether others than the last weights are those.
        """
        if not self.decides:
            return False
        result.validation_loss = self._best_loss
        if self._best_params is None or self._best_params is result.params:
            return False
        result.params = self._best_params
        return True
