"""Curvature pairs of a quasi-Newton method for the parameters that rest on no kink."""

import numpy as np

from .base import Evaluation
from .passes import Passes, Solve


class RestrictedPairs:
    """The latest pairs of a step and the change of the gradient along it.

    They are stored in single precision, whatever that of the parameters: reading them takes
    most of the time of a step on many parameters, and the Hessian approximation that they
    make up is none that more digits would improve. Products are formed in double precision.

    Parameters
    ----------
    memory : int
        Maximum number of pairs.

    n_params : int
    """

    def __init__(self, memory: int, n_params: int) -> None:
        self.memory = memory
        # One slot more than pairs: for the next one, which may turn out not to be one.
        self._pairs = np.zeros((memory + 1, 2, n_params), dtype=np.float32)
        self.clear()

    def clear(self) -> None:
        """Forget all pairs."""
        self._first, self._n_pairs = 0, 0
        self._loss_curvature = 1.0

    def __len__(self) -> int:
        return self._n_pairs

    def append(
        self,
        passes: Passes,
        params: np.ndarray,
        current: Evaluation,
        end_params: np.ndarray,
        end: Evaluation,
    ) -> None:
        """Add the pair of a step if its curvature is positive; drop the oldest for it.

        Parameters
        ----------
        passes : Passes

        params, end_params : ndarray of shape (n_params,)

        current, end : Evaluation
            At these points, with the mask of kinks.
        """
        slot = (self._first + self._n_pairs) % len(self._pairs)
        slope, squares, loss_slope, loss_squares = passes.write_pair(
            self._pairs, slot, params, current, end_params, end
        )
        if loss_slope > 1e-10 * loss_squares:
            self._loss_curvature = loss_squares / loss_slope
        if not slope > 1e-10 * squares:
            return
        if self._n_pairs < self.memory:
            self._n_pairs += 1
        else:
            self._first = (self._first + 1) % len(self._pairs)

    def moved(self, source: np.ndarray) -> "RestrictedPairs":
        """Return the pairs for other parameters.

        Parameters
        ----------
        source : ndarray of int of shape (n_new_params,)
            Position of each of them among the parameters of these pairs; -1 for those that
            are not among them, along which nothing is known.

        Returns
        -------
        pairs : RestrictedPairs
        """
        other = RestrictedPairs(self.memory, len(source))
        other._loss_curvature = self._loss_curvature
        for slot in range(self._n_pairs):
            own = self._pairs[(self._first + slot) % len(self._pairs)]
            own.take(source, axis=1, out=other._pairs[slot], mode="wrap")
        other._pairs[:, :, source < 0] = 0
        other._n_pairs = self._n_pairs
        return other

    def direction(
        self,
        passes: Passes,
        subgradient: np.ndarray,
        kink: np.ndarray,
        solve: Solve | None = None,
    ) -> tuple[np.ndarray, float]:
        """Compute the direction of a step, as `passes.direction` says.

        Parameters
        ----------
        passes : Passes

        subgradient : ndarray of shape (n_params,)

        kink : ndarray of bool of shape (n_params,)
            Mask of the parameters on a kink, to which the pairs do not apply.

        solve : callable or None, default=None
            Maps a vector v and a curvature c > 0 to (c I + K)^-1 v, where K is the known
            part of the Hessian.

        Returns
        -------
        direction : ndarray of shape (n_params,)

        length : float
            Its norm.
        """
        direction, _, squares = passes.direction(
            self._pairs,
            self._first,
            self._n_pairs,
            subgradient,
            kink,
            solve,
            self._loss_curvature,
        )
        return direction, squares**0.5
