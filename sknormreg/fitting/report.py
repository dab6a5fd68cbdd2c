"""Lines printed during a training."""

import time

import numpy as np

from .result import TrainingResult
from .scaled_objective import ScaledObjective


class Report:
    """Prints the progress of a training.

    Parameters
    ----------
    objective : ScaledObjective

    verbose : bool or int
        1 prints a line after iterations 1 to 10, 20, 30, ..., 100, 200, ...; more prints
        one after every iteration.
    """

    def __init__(self, objective: ScaledObjective, verbose: bool | int) -> None:
        self._n_weights = objective.network.n_weights
        self._verbose = int(verbose)
        self._start = time.perf_counter()

    def iteration(self, result: TrainingResult) -> None:
        """Print the line of the last iteration, if it has one."""
        if not self._prints(result.n_iter):
            return
        sparsity = np.mean(result.params[: self._n_weights] == 0)
        parts = [
            f"Iteration {result.n_iter}, loss = {result.loss_curve[-1]:.8g}",
            f"sparsity = {sparsity:.3f}",
        ]
        if result.residual is not None:
            parts.insert(1, f"residual = {result.residual:.2e}")
        if result.validation_loss_curve:
            parts.append(f"validation loss = {result.validation_loss_curve[-1]:.6g}")
        parts.append(f"{time.perf_counter() - self._start:.1f} s")
        print(", ".join(parts))

    def _prints(self, n_iter):
        """A larger `verbose` never prints less."""
        decade = 10 ** (len(str(n_iter)) - 1)
        return self._verbose > 1 or (self._verbose == 1 and n_iter % decade == 0)
