"""Fits at the alpha that the quantile rule chooses, for the noise that a network leaves."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..engine import Data, make_engine
from ..penalties import L1, MCP, SCAD, GroupLasso, GroupMCP, GroupSCAD
from ..penalties.row_groups import RowGroups, resolve_groups
from ..solvers import Curvature, Status
from .distinct_samples import distinct_samples
from .fit import FittedNetwork, fit_network
from .null_quantile import noise_scale, null_quantile, penalty_with_rule
from .path_report import PathReport
from .precision import COMPARED, FULL_PRECISION
from .specification import NetworkSpec
from .start import Start
from .training import Watcher
from .validation_loss import Validation

# Alphas of the path from dense to sparse, as shares of the alpha that keeps noise of the
# size of the targets empty.
SHARES = np.array([0.02, 0.05, 0.1, 0.15, 0.2, 0.28, 0.4, 0.7, 1.0])

# Iterations of each fit of the path.
_MOST_ITERATIONS = 200

# Rounds of fits and scales between two of them, and the change of alpha that ends these.
_MOST_ROUNDS, _SMALL_CHANGE = 8, 0.01


@dataclass(frozen=True)
class QuantileRule:
    """How alpha follows from the null distribution.

    Attributes
    ----------
    level : float
        Which quantile of the null distribution.

    scaled : bool
        Whether the noise may be smaller than the targets, as in regression: alpha is then
        proportional to the scale of the residuals.

    class_weight : ndarray of shape (n_samples,) or None
        The factor of each sample weight that belongs to the target. It is the same for
        samples of the same target.
    """

    level: float = 0.95
    scaled: bool = False
    class_weight: np.ndarray | None = None


def fit_at_quantile(
    spec: NetworkSpec,
    data: Data,
    rule: QuantileRule,
    start: Start | None = None,
    *,
    random_state: np.random.RandomState,
    validation: Validation | None = None,
    deadline: float = np.inf,
    watcher: Watcher | None = None,
) -> FittedNetwork:
    r"""Fit a network at the alpha that the quantile rule chooses.

    Let :math:`\lambda` be the quantile of `null_quantile`. Networks are fitted at ascending
    shares of it, each from the weights of the one before. With `scaled`, the alpha chosen
    is the smallest that solves

    .. math:: \alpha = \lambda \min(\hat\sigma(\alpha), 1)

    with :math:`\hat\sigma(\alpha)` the scale of the residuals (`noise_scale`) of the
    network at alpha: from the last network of the path whose alpha is too small for its
    noise, fits and scales take turns (Sun and Zhang, 2012, algorithm 1). It is at least a
    fiftieth of :math:`\lambda`. Without `scaled`, and for a network that gets empty on the
    way, it is :math:`\lambda`. The last fit, at the alpha chosen, has full precision.

    For concave penalties the path is that of the norm which they are near 0, up to the last
    fit: without `scaled`, or where their own path leaves the network empty.

    Parameters
    ----------
    spec : NetworkSpec

    data : Data

    rule : QuantileRule

    start : Start or None
        Where the path starts.

    random_state, validation, deadline, watcher : as `fit_network` takes them
        The watcher sees the last fit alone. From the deadline on, the last fit follows at
        the alpha that the path has come to.

    Returns
    -------
    fitted : FittedNetwork

    References
    ----------
    T. Sun and C.-H. Zhang, "Scaled Sparse Linear Regression", Biometrika 99, 2012.
    """
    if validation is None and spec.hold_out is not None:
        rows, validation = spec.hold_out(data, None, random_state)
        data, rule = _restricted(data, rule, rows)
    path = _Path(spec, data, rule, start, random_state, validation, deadline)
    alpha, before = path.choose()
    if path.interrupted is not None:
        return path.interrupted
    return fit_network(
        spec,
        data,
        None,
        alpha,
        path.start_after(before),
        random_state=random_state,
        validation=validation,
        precision=FULL_PRECISION,
        deadline=deadline,
        watcher=watcher,
    )


class _Path:
    """Fits at ascending alphas, which look for the one to choose.

    Attributes
    ----------
    interrupted : FittedNetwork or None
        The last network, if the user has interrupted its training.
    """

    def __init__(self, spec, data, rule, start, random_state, validation, deadline):
        self._report = PathReport(spec.settings.verbose, deadline)
        quiet = self._report.of_single_fits(spec)
        # No loss is small enough before alpha is known, and precision is for the last fit.
        max_iter = min(quiet.settings.max_iter, _MOST_ITERATIONS)
        settings = replace(
            quiet.settings, loss_threshold=None, tol="auto", max_iter=max_iter
        )
        self._spec = replace(quiet, settings=settings)
        self._data, self._rule, self._deadline = data, rule, deadline
        moderate, self._unit = data.with_moderate_weights()
        self._distinct, self._rows = distinct_samples(moderate)
        self._random_state, self._validation = random_state, validation
        self._first = start or Start()
        # Held-out samples are seldom predicted better at a larger alpha, so that early
        # stopping would choose the start again and again.
        self._continuation = validation is None or not validation.decides
        self._curvature: Curvature | None = None
        self.interrupted: FittedNetwork | None = None

    def choose(self) -> tuple[float, FittedNetwork | None]:
        """Return the alpha, and the network that the fit at it goes on from."""
        largest = self._largest()
        if not (self._rule.scaled or self._continuation):
            return largest, None
        norm = _norm_of(penalty_with_rule(self._spec))
        if norm is None:
            return self._along_path(largest)
        if self._rule.scaled:
            alpha, before = self._along_path(largest)
            if before is None or not before.is_empty or self._is_over():
                return alpha, before
        # Concave penalties do not shrink weights beyond their knots, as those of all
        # features may be at first. Then all of them vanish at once or, where no scale of
        # the residuals tells noise, none does, as many features fit any classes. A norm
        # shrinks them.
        self._spec = _with_first(self._spec, norm)
        return self._along_path(largest)

    def start_after(self, fitted: FittedNetwork | None) -> Start:
        """Return the start of a fit that goes on from another one."""
        if fitted is None or not self._continuation:
            return self._first
        if not fitted.is_empty:
            return fitted.as_start()
        # Without what is left of its weights, which has no effect.
        objective = self._spec.objective(self._data, None, 1.0)
        params = objective.empty_params()
        return Start(objective.network.coefs(params), objective.network.intercepts(params))

    def _along_path(self, largest):
        self._curvature = Curvature() if self._continuation else None
        alphas = largest * SHARES
        before: FittedNetwork | None = None
        for fitted in self._report.along(self._fits(alphas), alphas):
            if self._is_over():
                return fitted.alpha, fitted
            if fitted.is_empty:
                return largest, fitted
            if self._rule.scaled and fitted.alpha >= self._alpha_of(fitted, largest):
                return self._between(before, fitted, largest)
            before = fitted
        return largest, before

    def _between(self, before, fitted, largest):
        """Return the alpha between those of two networks that its own noise is worth."""
        if before is None:
            return fitted.alpha, fitted
        for _ in range(_MOST_ROUNDS):
            alpha = self._alpha_of(before, largest)
            if alpha >= fitted.alpha:
                return fitted.alpha, fitted
            if alpha <= before.alpha * (1 + _SMALL_CHANGE):
                break
            before = self._fit(alpha, before)
            if self._is_over():
                break
            if before.is_empty:
                # Of a descent that has gone astray: there is a network beyond.
                return fitted.alpha, fitted
        return before.alpha, before

    def _alpha_of(self, fitted, largest):
        """Return the alpha that the noise of a network is worth."""
        coefs = fitted.network.coefs(fitted.params)
        engine = make_engine(fitted.network)
        scale = noise_scale(
            self._spec,
            self._distinct,
            engine.raw_predict(coefs, fitted.intercepts, self._distinct.X),
            int(np.count_nonzero(fitted.params)),
            int(fitted.selected_features.sum()),
        )
        return largest * min(scale, 1.0)

    def _fits(self, alphas: np.ndarray) -> Iterator[FittedNetwork]:
        fitted = None
        for alpha in alphas:
            fitted = self._fit(alpha, fitted)
            yield fitted

    def _fit(self, alpha, before):
        fitted = fit_network(
            self._spec,
            self._data,
            None,
            float(alpha),
            self.start_after(before),
            random_state=self._random_state,
            validation=self._validation,
            precision=COMPARED,
            deadline=self._deadline,
            watcher=self._report,
            curvature=self._curvature,
        )
        if fitted.training.status is Status.INTERRUPTED:
            self.interrupted = fitted
        return fitted

    def _is_over(self):
        """Whether nothing is to follow but the last fit, or not even that."""
        return self.interrupted is not None or time.monotonic() >= self._deadline

    def _largest(self):
        """Return the alpha that keeps noise of the size of the targets empty."""
        # Errors in penalties and groups come before the permutations.
        objective = self._spec.objective(self._data, None, 1.0)
        class_weight = self._rule.class_weight
        largest = self._unit * null_quantile(
            self._spec,
            self._distinct,
            _groups(self._spec, self._data.X.shape[1]),
            self._rule.level,
            seed=self._random_state.randint(np.iinfo(np.int32).max),
            class_weight=None if class_weight is None else class_weight[self._rows],
        )
        if self._spec.total_weight is not None:
            # The rule is for a penalty that is divided by the weight of these samples.
            largest *= self._spec.total_weight / objective.data_weight
        # Of targets that do not vary any alpha removes all features.
        return largest if largest > 0 else 1.0


def _norm_of(penalty):
    """Return the norm that a concave penalty is near 0; None for others."""
    if isinstance(penalty, GroupMCP | GroupSCAD):
        return GroupLasso(penalty.groups, penalty.features_only)
    return L1() if isinstance(penalty, MCP | SCAD) else None


def _with_first(spec, first):
    """Return a specification with another penalty of the first layer."""
    penalties = spec.penalties
    if isinstance(penalties, list):
        return replace(spec, penalty=[first, *penalties[1:]])
    return replace(spec, penalty=first)


def _groups(spec, n_features):
    """Return the partition of the features into groups of the first layer's penalty."""
    groups = getattr(penalty_with_rule(spec), "groups", None)
    if groups is None:
        return RowGroups()
    return resolve_groups(groups, n_features, spec.feature_names)


def _restricted(data, rule, rows):
    """Return the data of some samples, and the rule for these."""
    X, y, sample_weight = data
    if sample_weight is not None:
        sample_weight = sample_weight[rows]
    if rule.class_weight is not None:
        rule = replace(rule, class_weight=rule.class_weight[rows])
    return Data(X[rows], y[rows], sample_weight), rule
