"""The alpha at which a network of pure noise is empty: a quantile over permuted targets."""

from typing import Any

import numpy as np

from ..engine import Data
from ..engine.activations import ACTIVATIONS
from ..penalties import L2, MCP, SCAD, ElasticNet, MaxNorm, SparseGroupLasso
from ..penalties.group import GroupPenalty
from ..penalties.row_groups import RowGroups
from .specification import NetworkSpec

# Numbers in the products of one block of permutations.
_BLOCK = 4_000_000


def null_quantile(
    spec: NetworkSpec,
    data: Data,
    groups: RowGroups,
    level: float = 0.95,
    n_draws: int = 500,
    seed: int = 0,
    class_weight: np.ndarray | None = None,
) -> float:
    r"""Return a quantile of the alpha that keeps a network empty, over permuted targets.

    If the weights of the later layers are bounded, a first layer of zeros is stationary
    from

    .. math::

        \alpha_0(y) = \max_g c\, \frac{\sum_o \lVert X_g^T R_o \rVert_2}{\sqrt{K_g}}

    on, whatever the later layers are. R_o are the derivatives of the loss by output o at
    the constant prediction, K_g is the number of weights of group g, and c the largest
    derivative of the later layers. For penalties of single weights,

    .. math::

        \alpha_0(y) = \max_j \frac{c}{\rho} \sum_o \lvert X_j^T R_o \rvert

    with :math:`\rho` the `l1_ratio` of an elastic net, and 1 otherwise. Without hidden
    layers each output has weights of its own: instead of the sum over outputs there is the
    norm or, for single weights, the maximum. Permuting the targets among the samples yields
    the distribution of :math:`\alpha_0` where no feature matters.

    Parameters
    ----------
    spec : NetworkSpec

    data : Data

    groups : RowGroups
        Of the features.

    level : float

    n_draws : int
        Number of permutations.

    seed : int

    class_weight : ndarray of shape (n_samples,), default=None
        The factor of each sample weight that belongs to the target, and is permuted with
        it. The rest of the weight, or all of it if None, belongs to the features.

    Returns
    -------
    alpha : float

    Raises
    ------
    ValueError
        If the penalty is not one for which :math:`\alpha_0` is known.

    References
    ----------
    C. Giacobino, S. Sardy, J. Diaz-Rodriguez and N. Hengartner, "Quantile universal
    threshold", Electronic Journal of Statistics 11, 2017.
    """
    random_state = np.random.RandomState(seed)
    of_targets = np.ones(data.X.shape[0]) if class_weight is None else class_weight
    rows, (X, y, weight) = _weighted_samples(data)
    of_targets = of_targets[rows]
    n_rows = X.shape[0]
    block = max(1, _BLOCK // max(1, spec.n_outputs * (X.shape[1] + n_rows)))
    found: list[np.ndarray] = []
    # Without weights the best constant, and what it leaves, is that of any order.
    unweighted = _balanced(_null_derivatives(spec.loss, y, None), None)
    for start in range(0, n_draws, block):
        size = min(block, n_draws - start)
        derivatives = []
        for _ in range(size):
            order = random_state.permutation(n_rows)
            if weight is None:
                derivatives.append(unweighted[order])
                continue
            now = weight
            if class_weight is not None:
                now = weight * (of_targets[order] / of_targets)
            residuals = _null_derivatives(spec.loss, y[order], now)
            derivatives.append(_balanced(residuals, now))
        products = X.T @ np.concatenate(derivatives, axis=1)
        shape = X.shape[1], size, spec.n_outputs
        of_groups = _smallest_alphas(spec, np.asarray(products).reshape(shape), groups)
        found.append(of_groups.max(axis=0))
    return float(np.quantile(np.concatenate(found), level))


def alphas_of_features(spec: NetworkSpec, data: Data, groups: RowGroups) -> np.ndarray:
    r"""Return the terms of the maximum :math:`\alpha_0` of `null_quantile`.

    They are those of the targets as they are. A network without features is not stationary
    at an alpha that one of them exceeds.

    Parameters
    ----------
    spec : NetworkSpec

    data : Data

    groups : RowGroups
        Of the features.

    Returns
    -------
    alphas : ndarray of shape (n_features,)
        That of its group for each feature, if the penalty is on groups.
    """
    _, (X, y, weight) = _weighted_samples(data)
    residuals = _balanced(_null_derivatives(spec.loss, y, weight), weight)
    products = np.asarray(X.T @ residuals)[:, None]
    alphas = _smallest_alphas(spec, products, groups)[:, 0]
    if isinstance(penalty_with_rule(spec), GroupPenalty) and groups.labels is not None:
        return alphas[groups.labels]
    return alphas


def noise_scale(
    spec: NetworkSpec,
    data: Data,
    raw: np.ndarray,
    n_params: int,
    n_selected: int = 0,
) -> float:
    """Return the size of the residuals, relative to that of a constant prediction.

    The sums of squares are divided by their degrees of freedom. Half of the parameters
    count: networks that are trained for a short time do not use all of them. Each selected
    one of p features counts 2 log p, which is by how many variances the best of p features
    of noise reduces the sum (Foster and George, 1994). Without any degrees of freedom left,
    or with as many parameters as samples, the scale is infinite.

    Parameters
    ----------
    spec : NetworkSpec

    data : Data

    raw : ndarray of shape (n_samples, n_outputs)
        Raw outputs; overwritten.

    n_params : int
        Number of parameters that are not zero.

    n_selected : int
        Number of selected features.

    References
    ----------
    D. P. Foster and E. I. George, "The Risk Inflation Criterion for Multiple Regression",
    Annals of Statistics 22, 1994.
    """
    weight = data.sample_weight
    n_rows = len(raw) if weight is None else np.count_nonzero(weight)
    n_free = n_rows - n_params / 2 - 2 * n_selected * np.log(data.X.shape[1])
    if n_params >= n_rows or n_free <= 0:
        return np.inf
    null = _null_derivatives(spec.loss, data.y, data.sample_weight)
    spec.loss.derivative(data.y, raw)
    if weight is not None:
        raw *= weight[:, None]
    ratio = np.vdot(raw, raw) / np.vdot(null, null)
    return float(np.sqrt(ratio * n_rows / n_free))


def _weighted_samples(data):
    """Return the samples whose weight is not 0, with their X, y and weights."""
    if data.sample_weight is None or data.sample_weight.all():
        return slice(None), data
    rows = np.flatnonzero(data.sample_weight)
    return rows, (data.X[rows], data.y[rows], data.sample_weight[rows])


def _null_derivatives(loss, y, sample_weight):
    """Return the weighted derivatives of the loss at the best constant prediction."""
    constant = np.atleast_1d(loss.constant(y, sample_weight))
    raw = np.tile(constant, (len(y), 1))
    loss.value_and_derivative(y, raw, sample_weight)
    return raw


def _balanced(residuals, sample_weight):
    """Return residuals whose sum is 0 in each output, as at the best constant.

    Some losses know that constant only roughly. Without the correction the means of the
    features would matter, which the intercepts take care of.
    """
    if sample_weight is None:
        return residuals - residuals.mean(axis=0)
    shares = sample_weight / sample_weight.sum()
    return residuals - shares[:, None] * residuals.sum(axis=0)


def _smallest_alphas(spec, products, groups):
    """Return the terms of alpha_0, of products (n_features, n_draws, n_outputs).

    Their shape is (n_groups, n_draws) or, for penalties of single weights, (n_features,
    n_draws).
    """
    penalty, bound = penalty_with_rule(spec), _derivative_bound(spec)
    n_units = spec.hidden_layer_sizes[0] if spec.hidden_layer_sizes else spec.n_outputs
    if not isinstance(penalty, GroupPenalty):
        share = penalty.l1_ratio if isinstance(penalty, ElasticNet) else 1.0
        sizes = np.abs(products)
        of_weights = sizes.sum(axis=2) if spec.hidden_layer_sizes else sizes.max(axis=2)
        return bound * of_weights / share
    squares = np.stack([groups.sums(part) for part in _columns(products**2)], axis=1)
    norms = np.sqrt(squares.reshape(-1, *products.shape[1:]))
    if spec.hidden_layer_sizes:
        norms = norms.sum(axis=2)
    else:
        norms = np.sqrt((norms**2).sum(axis=2))
    sizes = groups.sums(np.full(len(products), float(n_units)))
    return bound * norms / np.sqrt(sizes)[:, None]


def _columns(array):
    return array.reshape(len(array), -1).T


def refuse_without_rule(spec: NetworkSpec) -> None:
    """Raise a ValueError where the quantile rule is not known for a network."""
    penalty_with_rule(spec)
    _derivative_bound(spec)
    if spec.drawn:
        settings = " and ".join(f"{name}=0" for name in spec.drawn)
        raise ValueError(
            f"alpha='quantile' is not for {spec.drawn[0]}, which adds noise of its own. "
            f"Set {settings}."
        )


def penalty_with_rule(spec: NetworkSpec) -> GroupPenalty | ElasticNet | MCP | SCAD:
    """Return the penalty of the first layer, which the quantile rule is known for.

    Raises
    ------
    ValueError
        If it is not.
    """
    penalties = spec.penalties
    first: Any = penalties[0] if isinstance(penalties, list) and penalties else penalties
    is_known = isinstance(first, GroupPenalty | ElasticNet | MCP | SCAD)
    if not is_known or isinstance(first, L2 | SparseGroupLasso):
        hint = "penalty=[GroupLasso(), MaxNorm(1)]"
        if not spec.hidden_layer_sizes:
            hint = "penalty='l1'"
        raise ValueError(
            "alpha='quantile' is for L1 or a group penalty on the first layer, not for "
            f"penalty={spec.penalty!r}. Write for example {hint}, or give alpha a number."
        )
    if isinstance(first, ElasticNet) and not first.l1_ratio > 0:
        raise ValueError("alpha='quantile' needs l1_ratio above 0, got 0.")
    return first


def _derivative_bound(spec: NetworkSpec) -> float:
    """Return the largest derivative of an output by a unit of the first hidden layer.

    By the norm of all units together; the columns of a `MaxNorm` of radius r bound the
    spectral norm of a matrix by r sqrt(number of columns).
    """
    if not spec.hidden_layer_sizes:
        return 1.0
    penalties = spec.penalties
    later: list[Any] = penalties[1:] if isinstance(penalties, list) else []
    if not later or not all(isinstance(one, MaxNorm) for one in later):
        raise ValueError(
            "alpha='quantile' needs bounded weights after the first layer, for example "
            f"penalty=[GroupLasso(), MaxNorm(1)], got penalty={spec.penalty!r}."
        )
    bound = 1.0
    for activation, units, ball in zip(
        spec.activations, (*spec.hidden_layer_sizes[1:], 1), later
    ):
        bound *= _steepest(activation) * ball.radius * np.sqrt(units)
    return bound


def _steepest(activation):
    """Return the largest derivative of an activation, on a fine grid."""
    grid = np.linspace(-20, 20, 100_001)
    derivative = np.ones_like(grid)
    ACTIVATIONS[activation].value_and_derivative(grid, derivative)
    return float(np.abs(derivative).max())
