"""Class probabilities with the weights integrated out.

The posterior of the weights makes the logits of a sample Gaussian, as far as the network is
linear in its weights. The probability of a class is a mean over them, for which MacKay
(1992) divides a logit of variance v by (1 + pi v / 8)^(1/2).

The Gaussian is often too wide where classes are told apart without errors: there, the
training samples hardly restrict the weights, and the linear approximation is a bad one far
away. The variances are therefore multiplied by a temperature between 0 and 1: the one with
the smallest log loss of the training samples, each predicted as if it had been left out.

References
----------
D. J. C. MacKay, "The Evidence Framework Applied to Classification Networks", Neural
Computation 4, 1992.

K. R. Rad and A. Maleki, "A Scalable Estimate of the Out-of-Sample Prediction Error via
Approximate Leave-One-Out Cross-Validation", Journal of the Royal Statistical Society B 82,
2020.
"""

from typing import Any

import numpy as np

from ..engine import Network
from ..engine.losses import Loss, MultinomialLogLoss
from .factor import Factor, parts_of
from .factors import KrylovFactor
from .laplace import Laplace, weighted_rows
from .linearization import Linearization

# Temperatures that are compared; 0 is the most probable network.
_TEMPERATURES = np.append(0.0, 10.0 ** np.arange(-3, 0.1, 0.5))

# The largest leverage of a sample on its own logits.
_MOST_LEVERAGE = 0.999


class ClassPosterior:
    """Distribution of the logits of a network in classification.

    Parameters
    ----------
    layer_units : tuple of int

    factor : Factor

    temperature : float
        Of the variances, more than 0.
    """

    def __init__(
        self, layer_units: tuple[int, ...], factor: Factor, temperature: float
    ) -> None:
        self.layer_units, self._factor = layer_units, factor
        self.temperature = temperature

    def marginal(
        self,
        raw: np.ndarray,
        network: Network,
        coefs: list[np.ndarray],
        intercepts: list[np.ndarray],
        X: Any,
    ) -> np.ndarray:
        """Return logits of the probabilities with the weights integrated out.

        Parameters
        ----------
        raw : ndarray of shape (n_samples, n_outputs)
            Those of the most probable network.

        network : Network

        coefs, intercepts : list of ndarray

        X : {ndarray, csr_array} of shape (n_samples, n_features)

        Returns
        -------
        logits : ndarray of shape (n_samples, n_outputs)
        """
        n_outputs = raw.shape[1]
        contrasts = _contrasts(network.loss, n_outputs)
        shape = n_outputs, n_outputs

        def root(block):
            return np.broadcast_to(contrasts, (len(block), *shape))

        found = []
        for part in parts_of(X.shape[0], n_outputs * self._factor.size):
            block = Linearization(network, coefs, intercepts, X[part], root=root)
            variances = self._factor.variances(block).reshape(-1, n_outputs)
            found.append(_marginal(network.loss, raw[part], self.temperature * variances))
        return np.vstack(found).astype(raw.dtype, copy=False)


def class_posterior(
    objective: Any, params: np.ndarray, laplace: Laplace
) -> ClassPosterior | None:
    """Return the posterior with the temperature that predicts left-out samples best.

    Parameters
    ----------
    objective : Objective
        With a log loss.

    params : ndarray of shape (n_params,)

    laplace : Laplace

    Returns
    -------
    posterior : ClassPosterior or None
        None where the best temperature is 0, and where the posterior is known by conjugate
        gradients alone.
    """
    if isinstance(laplace.factor, KrylovFactor):
        return None
    network, loss = objective.network, objective.network.loss
    X, weight = weighted_rows(objective)
    y, given = objective.targets()
    if given is not None:
        y = y[given > 0]
    coefs, intercepts = network.coefs(params), network.intercepts(params)
    n_outputs, raws, found = network.layer_units[-1], [], []
    for part in parts_of(X.shape[0], n_outputs * laplace.factor.size):
        linear = Linearization(network, coefs, intercepts, X[part])
        raws.append(linear.raw)
        found.append(laplace.factor.covariances(linear))
    raw_left_out, covariances = without_themselves(
        loss, y, np.vstack(raws), weight, np.concatenate(found)
    )
    contrasts = _contrasts(loss, n_outputs)
    variances = np.einsum("kl,ilm,km->ik", contrasts, covariances, contrasts)
    score = loss.of_predictions().value
    losses = [
        score(y, _marginal(loss, raw_left_out, temperature * variances), weight)
        for temperature in _TEMPERATURES
    ]
    temperature = float(_TEMPERATURES[int(np.argmin(losses))])
    if temperature == 0:
        return None
    return ClassPosterior(network.layer_units, laplace.factor, temperature)


def without_themselves(
    loss: Loss,
    y: np.ndarray,
    raw: np.ndarray,
    sample_weight: np.ndarray | None,
    V: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    r"""Approximate the logits of training samples by networks fitted without them.

    With V the covariance of the logits of a sample, W the second derivative of its loss and
    g the first, both times its weight but at most 1, for a weight counts copies, a Newton
    step without the sample leads from its logits f to

    .. math:: f + V (I - W V)^{-1} g

    with the covariance :math:`V (I - W V)^{-1}` (Rad and Maleki, 2020, eq. 10).

    Parameters
    ----------
    loss : Loss

    y : ndarray

    raw : ndarray of shape (n_samples, n_outputs)
        Logits f.

    sample_weight : ndarray of shape (n_samples,) or None

    V : ndarray of shape (n_samples, n_outputs, n_outputs)

    Returns
    -------
    raw : ndarray of shape (n_samples, n_outputs)

    covariances : ndarray of shape (n_samples, n_outputs, n_outputs)
    """
    n_outputs = raw.shape[1]
    if isinstance(loss, MultinomialLogLoss):
        # A common shift of all logits has no effect, and no bounded variance either.
        centre = np.eye(n_outputs) - 1 / n_outputs
        V = centre @ V @ centre
    gradient = raw.copy()
    loss.derivative(y, gradient)
    assert loss.hessian_root is not None
    root = loss.hessian_root(raw)
    W = root.transpose(0, 2, 1) @ root
    if sample_weight is not None:
        left_out = np.minimum(sample_weight, 1.0)
        gradient *= left_out[:, None]
        W = W * left_out[:, None, None]
    covariances = V @ np.linalg.inv(np.eye(n_outputs) - _MOST_LEVERAGE * (W @ V))
    return raw + (covariances @ gradient[:, :, None])[:, :, 0], covariances


def _contrasts(loss, n_outputs):
    """Return what of the logits a probability depends on: each less the mean of the others.

    Two logits then have the variance that the one of a binary log loss has.
    """
    if not isinstance(loss, MultinomialLogLoss):
        return np.eye(n_outputs)
    return (n_outputs * np.eye(n_outputs) - 1) / (n_outputs - 1)


def _marginal(loss, raw, variances):
    if isinstance(loss, MultinomialLogLoss):
        raw = raw - raw.mean(axis=1, keepdims=True)
    return raw / np.sqrt(1 + np.pi / 8 * variances)
