"""J and its shortest subgradient by their definitions, in NumPy and double precision.

Nothing here is the library's but what an estimator says of itself: parameters, weights and
`alpha_`. Every number comes with a bound on what rounding may make of it where it is
computed in another order and precision, by running error analysis (N. J. Higham, "Accuracy
and Stability of Numerical Algorithms", 2002, section 3.3). On the kinks of an activation or
a loss, where rounding decides which of two slopes counts, the bounds have room for either.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from penalty_cases import group_sum, half_l2, hierarchy, l1, mcp, nuclear, scad
from scipy import optimize, special

from sknormreg.penalties import (
    L2,
    MCP,
    PENALTIES,
    SCAD,
    ElasticNet,
    GroupLasso,
    GroupMCP,
    GroupSCAD,
    Hierarchical,
    L1Ball,
    MaxNorm,
    Nuclear,
    SparseGroupLasso,
)

# Roundings of an operation: sums have as many terms as rows, inputs or units, and
# elementary functions are exact to a few units in the last place.
_ROUNDINGS = 5

# Roundings up to which weights lie on a bound, and singular values are 0
# (a fit that is further inside of a ball has the gradient of its inside).
_SLACK = 10

# No activation is steeper, and no derivative of one is (kinks apart).
_STEEPEST = 1.2


class Bounded(NamedTuple):
    """A number or an array, and how far rounding may lead away from it."""

    value: object
    error: object


# Activations and losses


def _step(z, low):
    return np.where(z > 0, 1.0, low)


def _expit_slope(z):
    return special.expit(z) * special.expit(-z)


def _density(z):
    return np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)


# Each activation, its derivative, and the height of the derivative's step at 0.
ACTIVATIONS = {
    "identity": (lambda z: z, np.ones_like, 0),
    "logistic": (special.expit, _expit_slope, 0),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2, 0),
    "relu": (lambda z: z * (z > 0), lambda z: _step(z, 0.0), 1),
    "leaky_relu": (lambda z: z * _step(z, 0.01), lambda z: _step(z, 0.01), 1),
    "elu": (
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
        lambda z: np.exp(np.minimum(z, 0)),
        0,
    ),
    "gelu": (
        lambda z: z * special.ndtr(z),
        lambda z: special.ndtr(z) + z * _density(z),
        0,
    ),
    "silu": (
        lambda z: z * special.expit(z),
        lambda z: special.expit(z) + z * _expit_slope(z),
        0,
    ),
    "softplus": (lambda z: np.logaddexp(0, z), special.expit, 0),
}


def _squared_error(y, raw, mlp):
    return (raw - y) ** 2 / 2, raw - y, 1.0


def _huber(y, raw, mlp):
    slope = np.clip(raw - y, -mlp.huber_delta, mlp.huber_delta)
    return slope * (raw - y) - slope**2 / 2, slope, 1.0


def _pinball(y, raw, mlp):
    slope = np.where(raw > y, 1 - mlp.quantile, np.where(raw < y, -mlp.quantile, 0.0))
    return slope * (raw - y), slope, 0.0


def _absolute_error(y, raw, mlp):
    slope = np.sign(raw - y) / 2
    return slope * (raw - y), slope, 0.0


def _poisson(y, raw, mlp):
    mean = np.exp(raw)
    return special.xlogy(y, y) - y * raw - y + mean, mean - y, mean


def _tweedie(y, raw, mlp):
    power = 2.0 if mlp.loss == "gamma" else mlp.power
    mean = np.exp(raw)
    if power == 2:
        value = y / mean - special.xlogy(1, y / mean) - 1
    elif power == 1:
        return _poisson(y, raw, mlp)
    else:
        # Half of what scikit-learn documents of mean_tweedie_deviance.
        value = np.abs(y) ** (2 - power) / ((1 - power) * (2 - power))
        value = value - y * mean ** (1 - power) / (1 - power)
        value = value + mean ** (2 - power) / (2 - power)
    slope = mean ** (2 - power) - y * mean ** (1 - power)
    curvature = abs(2 - power) * mean ** (2 - power)
    curvature = curvature + abs(1 - power) * np.abs(y) * mean ** (1 - power)
    return value, slope, curvature


def _binary(y, raw, mlp):
    y = y + mlp.label_smoothing * (0.5 - y)
    return np.logaddexp(0, raw) - y * raw, special.expit(raw) - y, 0.25


def _multinomial(y, raw, mlp):
    y = y + mlp.label_smoothing * (1 / y.shape[1] - y)
    value = special.logsumexp(raw, axis=1, keepdims=True) - (y * raw).sum(1, keepdims=True)
    return value, special.softmax(raw, axis=1) - y, 0.5


# Maps targets (a column for each output), raw outputs and the estimator to the values of
# the loss, their derivatives, and a bound on the second derivatives near by.
LOSSES = {
    "squared_error": _squared_error,
    "huber": _huber,
    "quantile": _pinball,
    "poisson": _poisson,
    "gamma": _tweedie,
    "tweedie": _tweedie,
    "absolute_error": _absolute_error,
    "binary": _binary,
    "multinomial": _multinomial,
}


_LOG_LINK = ("poisson", "gamma", "tweedie")


def loss_name(mlp):
    """The key in `LOSSES` of a fitted estimator's loss."""
    if not hasattr(mlp, "classes_"):
        return mlp.loss
    return "multinomial" if mlp.out_activation_ == "softmax" else "binary"


# The network


@dataclass
class Weights:
    """Weights and intercepts of all layers in double precision, as those of an estimator.

    `skip` is None without a skip connection. `eps` is what an operation of the floats that
    they are may round by, relative to its terms.
    """

    coefs: list
    intercepts: list
    skip: np.ndarray | None
    eps: float

    @property
    def slack(self):
        return self.eps / _ROUNDINGS * _SLACK

    @classmethod
    def of(cls, mlp):
        skip = getattr(mlp, "skip_coef_", None)
        return cls(
            [np.asarray(coef, np.float64) for coef in mlp.coefs_],
            [np.asarray(intercept, np.float64) for intercept in mlp.intercepts_],
            None if skip is None else np.asarray(skip, np.float64),
            float(np.finfo(mlp.coefs_[0].dtype).eps) * _ROUNDINGS,
        )

    def penalised(self):
        """What penalties see: the first layer's with those of the skip connection."""
        if self.skip is None:
            return self.coefs
        return [np.hstack([self.coefs[0], self.skip]), *self.coefs[1:]]


@dataclass
class Pass:
    """What a forward pass leaves: of each layer the values and, from the first hidden one
    on, the derivatives, as `Bounded`; and the raw outputs."""

    layers: list
    slopes: list
    raw: Bounded


def forward(weights, activations, X, factors=None):
    """A `Pass` of the rows of X, an array.

    Parameters
    ----------
    weights : Weights

    activations : list of str
        Of each hidden layer.

    X : ndarray

    factors : list of ndarray or None
        What dropout multiplies X and the values of every hidden layer by.
    """
    eps = weights.eps
    X = np.asarray(X, np.float64)
    layer = Bounded(X if factors is None else X * factors[0], eps * np.abs(X))
    layers, slopes = [layer], []
    for i, (W, b) in enumerate(zip(weights.coefs, weights.intercepts)):
        z = layer.value @ W + b
        terms = np.abs(layer.value) @ np.abs(W) + np.abs(b)
        error = layer.error @ np.abs(W) + eps * terms
        if i == len(activations):
            break
        function, derivative, step = ACTIVATIONS[activations[i]]
        value, slope = function(z), derivative(z)
        errors = [_STEEPEST * error + eps * (1 + np.abs(value)) for _ in range(2)]
        errors[1] += step * (np.abs(z) <= error)
        factor = 1.0 if factors is None else factors[i + 1]
        layer, slope = (
            Bounded(array * factor, array_error * factor)
            for array, array_error in zip((value, slope), errors)
        )
        layers.append(layer)
        slopes.append(slope)
    if weights.skip is not None:
        z = z + layers[0].value @ weights.skip
        error = error + 2 * eps * np.abs(layers[0].value) @ np.abs(weights.skip)
    return Pass(layers, slopes, Bounded(z, error))


def losses(name, y, raw, mlp, eps):
    """Sums of the loss over the outputs, and derivatives, of each row: two `Bounded`."""
    value, slope, curvature = LOSSES[name](y, raw.value, mlp)
    error = raw.error + eps * (np.abs(raw.value) + np.abs(y))
    # How fast exponentials in the derivative grow.
    rate = max(1.0, getattr(mlp, "power", 1.0)) if name in _LOG_LINK else 0.0
    if name == "multinomial":
        # Every output has a part in each of the derivatives.
        error = np.broadcast_to(error.max(axis=1, keepdims=True), error.shape)
    with np.errstate(over="ignore"):
        bend = curvature * (np.expm1(rate * error) / rate if rate else error)
    slope_error = bend + eps * (np.abs(slope) + (1 + curvature) * _unit(name, mlp))
    if name in ("quantile", "absolute_error"):
        slope_error = slope_error + (np.abs(raw.value - y) <= error)
    terms = np.abs(value) + _unit(name, mlp) * (1 + np.abs(y)) * (1 + np.abs(raw.value))
    value_error = (np.abs(slope) + slope_error) * error
    value_error = value_error.sum(axis=1) + eps * terms.sum(axis=1)
    return Bounded(value.sum(axis=1), value_error), Bounded(slope, slope_error)


def _unit(name, mlp):
    """1 where the terms of the loss are of that order whatever its value: where it has an
    exponential, whose relative error counts; else the loss is exact relative to itself."""
    return 1.0 if name in (*_LOG_LINK, "binary", "multinomial") else 0.0


def backward(weights, done, delta):
    """Gradients of the coefficients (those of the skip connection in the first layer's
    last columns), then of the intercepts, all `Bounded`; `delta` is that of `done.raw`."""
    eps, n_layers = weights.eps, len(weights.coefs)
    coefs, intercepts, output = [None] * n_layers, [None] * n_layers, delta
    for i in reversed(range(n_layers)):
        into = delta
        if i == 0 and weights.skip is not None:
            into = Bounded(*(np.hstack(pair) for pair in zip(delta, output)))
        coefs[i] = _product(Bounded(*(part.T for part in done.layers[i])), into, eps)
        ones = np.ones((1, len(delta.value)))
        total = _product(Bounded(ones, 0 * ones), delta, eps)
        intercepts[i] = Bounded(*(part[0] for part in total))
        if i > 0:
            W = weights.coefs[i].T
            back = _product(delta, Bounded(W, 0 * W), eps)
            slope = done.slopes[i - 1]
            error = back.error * np.abs(slope.value) + slope.error * (
                np.abs(back.value) + back.error
            )
            delta = Bounded(back.value * slope.value, error)
    return coefs, intercepts


def _product(a, b, eps):
    error = a.error @ (np.abs(b.value) + b.error) + np.abs(a.value) @ b.error
    return Bounded(a.value @ b.value, error + eps * np.abs(a.value) @ np.abs(b.value))


# Penalties: the slope of phi at r > 0, by what Omega sums phi over


def _slope(penalty):
    if isinstance(penalty, ElasticNet):
        return lambda r: penalty.l1_ratio + (1 - penalty.l1_ratio) * r
    if isinstance(penalty, MCP | GroupMCP):
        return lambda r: np.maximum(1 - r / penalty.a, 0) + penalty.l2 * r
    if isinstance(penalty, SCAD | GroupSCAD):
        k = penalty.a / 3.7
        fall = penalty.a - k
        return lambda r: np.clip((penalty.a - r) / fall, 0, 1) + penalty.l2 * r
    return np.ones_like


def _phi(penalty):
    concave = mcp if isinstance(penalty, MCP | GroupMCP) else scad
    return lambda r: concave(r, penalty.a) + penalty.l2 / 2 * np.square(r)


def _rows(penalty, n_rows):
    """The rows of each group."""
    groups = [list(group) for group in penalty.groups or []]
    taken = {row for group in groups for row in group}
    return groups + [[row] for row in range(n_rows) if row not in taken]


def omega(penalty, W, n_skip):
    """Omega(W); of a constraint, whose weights lie within it, 0."""
    if isinstance(penalty, ElasticNet):
        return penalty.l1_ratio * l1(W) + (1 - penalty.l1_ratio) * half_l2(W)
    if isinstance(penalty, MCP | SCAD):
        return _phi(penalty)(W).sum()
    if isinstance(penalty, GroupMCP | GroupSCAD):
        return group_sum(_phi(penalty), _rows(penalty, len(W)))(W)
    if isinstance(penalty, GroupLasso):
        return group_sum(lambda r: r, _rows(penalty, len(W)))(W)
    if isinstance(penalty, SparseGroupLasso):
        ratio = penalty.l1_ratio
        group = group_sum(lambda r: r, _rows(penalty, len(W)))(W)
        return ratio * l1(W) + (1 - ratio) * group
    if isinstance(penalty, Nuclear):
        return nuclear(W)
    return hierarchy(n_skip)(W) if isinstance(penalty, Hierarchical) else 0.0


def shortest(penalty, W, gradient, strength, n_skip, slack):
    """The shortest vector in gradient + strength dOmega(W)."""
    if isinstance(penalty, ElasticNet | MCP | SCAD):
        kink = penalty.l1_ratio if isinstance(penalty, ElasticNet) else 1.0
        slope = np.sign(W) * _slope(penalty)(np.abs(W))
        return _with_interval(W, gradient + strength * slope, strength * kink)
    if isinstance(penalty, Nuclear):
        return _shortest_of_low_rank(W, gradient, strength, slack)
    if isinstance(penalty, MaxNorm):
        return np.column_stack(
            [
                _shortest_in_ball(*pair, penalty.radius, slack)
                for pair in zip(W.T, gradient.T)
            ]
        )
    if isinstance(penalty, L1Ball):
        return _shortest_in_l1_ball(W, gradient, penalty.radius, slack)
    if isinstance(penalty, Hierarchical):
        rows = [
            _shortest_in_cone(w, g, strength, penalty.M, n_skip, slack)
            for w, g in zip(W, gradient)
        ]
        return np.array(rows)
    return _shortest_of_groups(penalty, W, gradient, strength)


def _with_interval(W, gradient, half_width):
    """At weights of 0 the entries of the set are intervals, elsewhere single numbers."""
    nearest = gradient - np.clip(gradient, -half_width, half_width)
    return np.where(W == 0, nearest, gradient)


def _shortest_of_groups(penalty, W, gradient, strength):
    found = gradient.copy()
    ratio = getattr(penalty, "l1_ratio", 0.0)
    for rows in _rows(penalty, len(W)):
        w, g = W[rows], gradient[rows]
        root = np.sqrt(w.size)
        radius = strength * (1 - ratio) * root
        if w.any():
            r = np.linalg.norm(w) / root
            g = g + radius * _slope(penalty)(r) * w / np.linalg.norm(w)
        g = _with_interval(w, g + strength * ratio * np.sign(w), strength * ratio)
        if not w.any():
            # What is left by a ball.
            length = np.linalg.norm(g)
            g = g * (max(length - radius, 0) / length if length else 0.0)
        found[rows] = g
    return found


def _shortest_of_low_rank(W, gradient, strength, slack):
    """U V' on the row and column spaces; beyond them any matrix of spectral norm 1."""
    u, s, vt = np.linalg.svd(W)
    rank = int((s > slack * max(W.shape) * s.max(initial=0)).sum())
    fixed = strength * u[:, :rank] @ vt[:rank]
    beyond = u[:, rank:] @ (u[:, rank:].T @ gradient @ vt[rank:].T) @ vt[rank:]
    p, sizes, qt = np.linalg.svd(beyond, full_matrices=False)
    left = (p * np.maximum(sizes - strength, 0)) @ qt
    return gradient - beyond + left + fixed


def _shortest_in_ball(w, g, radius, slack):
    """Outward, a ball's normal cone has no length to spare."""
    if np.linalg.norm(w) < radius * (1 - slack * np.sqrt(w.size)):
        return g
    return g + max(-(w @ g), 0) / (w @ w) * w


def _shortest_in_l1_ball(W, gradient, radius, slack):
    """The normal cone on the sphere are the t dOmega(W) of the L1 norm, for all t >= 0."""
    if l1(W) < radius * (1 - slack * np.sqrt(W.size)):
        return gradient

    def vector(t):
        return _with_interval(W, gradient + t * np.sign(W), t)

    def slope(t):  # half that of the squared length
        d = vector(t)
        return (d * np.where(W == 0, -np.sign(d), np.sign(W))).sum()

    if slope(0) >= 0:
        return vector(0)
    return vector(optimize.brentq(slope, 0, 2 * np.abs(gradient).max(), xtol=1e-300))


def _shortest_in_cone(w, g, strength, M, n_skip, slack):
    """One row of the hierarchical penalty, the weights of an input."""
    hidden, skip = w[:-n_skip], w[-n_skip:]
    size = np.linalg.norm(skip)
    if size == 0:
        return _shortest_at_apex(g, strength, M, n_skip)
    unit = skip / size
    start = g + strength * np.concatenate([0 * hidden, unit])
    # |w_k| <= M ||skip|| has a normal where it holds with equality, for any factor >= 0.
    tight = np.flatnonzero(np.abs(hidden) >= (1 - 10 * slack) * M * size)
    normals = np.zeros((len(w), len(tight)))
    normals[tight, range(len(tight))] = np.sign(hidden[tight])
    normals[-n_skip:] = -M * unit[:, None]
    if not len(tight):
        return start
    factors, _ = optimize.nnls(normals, -start)
    return start + normals @ factors


def _shortest_at_apex(g, strength, M, n_skip):
    """At a row of zeros the set is g + {(q, p): ||p|| + M ||q||_1 <= strength}."""
    hidden, skip = g[:-n_skip], g[-n_skip:]
    size = np.linalg.norm(skip)

    def excess(mu):
        over = np.maximum(np.abs(hidden) - M * mu, 0).sum()
        return max(size - mu, 0) + M * over - strength

    if excess(0) <= 0:
        return 0 * g
    top = max(size, np.abs(hidden).max() / M)
    mu = optimize.brentq(excess, 0, top, xtol=1e-300) if strength else top
    scale = min(1, mu / size) if size else 0.0
    return np.concatenate([np.clip(hidden, -M * mu, M * mu), skip * scale])


# The objective


def penalties_of(mlp):
    """The instance for each layer of a fitted estimator."""
    n_layers, given = len(mlp.coefs_), mlp.penalty
    if isinstance(given, list):
        return [_instance(entry, mlp.l1_ratio) for entry in given]
    first = later = _instance(given, mlp.l1_ratio)
    if isinstance(first, Hierarchical) or getattr(first, "features_only", False):
        later = L2()
    elif getattr(first, "groups", None):
        later = type(first)(**first.get_params() | {"groups": None})
    return [first] + [later] * (n_layers - 1)


def _instance(given, l1_ratio):
    if not isinstance(given, str):
        return given
    takes_ratio = given in ("elasticnet", "sparse_group_lasso")
    return PENALTIES[given](l1_ratio) if takes_ratio else PENALTIES[given]()


def is_constraint(penalty):
    return isinstance(penalty, L1Ball | MaxNorm)


def evaluate(mlp, X, y, sample_weight, total_weight=None):
    """`loss_` and `optimality_` of a fitted estimator, each `Bounded`.

    Parameters
    ----------
    mlp : fitted estimator

    X : ndarray

    y : ndarray of shape (n_rows, n_outputs)
        As `LOSSES` take it.

    sample_weight : ndarray
        Class weights included.

    total_weight : float or None
        What the penalty is divided by, if not their sum.
    """
    weights = Weights.of(mlp)
    total, coefs, intercepts = loss_and_gradient(mlp, weights, X, y, sample_weight)
    m = sample_weight.sum()
    value, error = total.value / m, total.error / m
    squares = 0.0
    largest = max(np.abs(part.value).max() / m for part in intercepts)
    n_skip = 0 if weights.skip is None else weights.skip.shape[1]
    alphas = mlp.alpha_ if isinstance(mlp.alpha_, list) else [*np.atleast_1d(mlp.alpha_)]
    alphas = alphas if len(alphas) > 1 else alphas * len(coefs)
    for W, part, penalty, alpha in zip(
        weights.penalised(), coefs, penalties_of(mlp), alphas
    ):
        strength = np.asarray(alpha, np.float64) / (total_weight or m)
        gradient = part.value / m
        squares += (np.square(part.error) / m**2).sum()
        if not strength.any() and not is_constraint(penalty):
            largest = max(largest, np.abs(gradient).max())
            continue
        if strength.ndim:  # one for each input, of half the sum of squares
            term = float(strength @ np.square(W).sum(axis=1)) / 2
            d = gradient + strength[:, None] * W
        else:
            term = strength * float(omega(penalty, W, n_skip))
            d = shortest(penalty, W, gradient, float(strength), n_skip, weights.slack)
        value, error = value + term, error + weights.eps * abs(term)
        rounding = _own_rounding(penalty, W, weights.slack)
        squares += (weights.eps * np.max(strength) * rounding) ** 2
        largest = max(largest, np.abs(d).max())
    squares += sum((np.square(part.error) / m**2).sum() for part in intercepts)
    # The shortest vector moves by no more than the gradient does.
    return Bounded(value, error), Bounded(largest, np.sqrt(squares))


def _own_rounding(penalty, W, slack):
    """How many roundings of its strength a penalty's subgradient has, as a length."""
    if isinstance(penalty, Nuclear):
        # Singular vectors are known the worse, the smaller their singular value is.
        s = np.linalg.svd(W, compute_uv=False)
        kept = s[s > slack * max(W.shape) * s.max(initial=0)]
        return np.sqrt(W.size) * (kept.max() / kept.min() if kept.size else 1.0)
    return np.sqrt(W.size) * (1 + np.abs(W).max())


def loss_and_gradient(mlp, weights, X, y, sample_weight, factors=None):
    """The sum of the loss over the rows, and its gradients as `backward` returns them."""
    done = forward(weights, activations_of(mlp), X, factors)
    per_row, slope = losses(loss_name(mlp), y, done.raw, mlp, weights.eps)
    total = Bounded(*(float(sample_weight @ part) for part in per_row))
    delta = Bounded(*(part * sample_weight[:, None] for part in slope))
    return total, *backward(weights, done, delta)


def activations_of(mlp):
    n_hidden, given = len(mlp.coefs_) - 1, mlp.activation
    return [given] * n_hidden if isinstance(given, str) else list(given)
