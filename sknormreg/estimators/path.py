"""The regularization path: networks at one alpha after the other."""

import time
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Bunch, check_random_state

from .._warnings import warn
from ..fitted.path_table import RegularizationPath
from ..fitting.best_path import BestPathFitter
from ..fitting.path_report import PathReport
from ..fitting.precision import ALONG_PATH, Precision
from ..fitting.single_precision import SinglePrecision
from ..fitting.specification import NetworkSpec
from ..fitting.starts import start_seeds
from .base import RegularizedMLP, deadline_after
from .classifier import RegularizedMLPClassifier
from .empty_network import strong_alpha, warn_of_empty
from .regressor import RegularizedMLPRegressor
from .specification import network_spec
from .survival import RegularizedMLPSurvival
from .target_unit import warn_of_unit
from .validation import training_data


def regularization_path(
    X: Any,
    y: Any,
    *,
    estimator: RegularizedMLP | None = None,
    alphas: int | Sequence[float] | np.ndarray = 20,
    sample_weight: Any = None,
    **params: Any,
) -> Bunch:
    """Compute a regularization path: networks at ascending alphas, from dense to sparse.

    It is the counterpart of :func:`~sklearn.linear_model.lasso_path` for networks. Each fit
    starts from the weights of the previous one, unless that one had ``alpha=0`` or
    ``early_stopping=True``. The path starts at the smallest alpha, because training cannot
    leave an empty network, whose weights are all zero. It ends with the first network that
    selects no feature.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Training data.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Target values.

    estimator : RegularizedMLPClassifier, ...Regressor or ...Survival, default=None
        The estimator to fit. It is cloned, and its `alpha` is ignored. If None, a regressor
        if y holds floats, even if all of them are whole numbers, a classifier if y holds
        strings, bools or integers, or is a sparse label indicator matrix, and a
        :class:`RegularizedMLPSurvival` if y is a structured array.

    alphas : int or array-like of shape (n_alphas,), default=20
        Values of `alpha`. If an int, a log-spaced grid of that many values, from a
        thousandth of `alpha_max` up to `alpha_max`, where no feature is selected. A few
        fits determine `alpha_max`. For penalties that set no weight to zero, it is where
        the objective is within 1% of that of a constant prediction, and the grid starts at
        1e-5 of it.

    sample_weight : array-like of shape (n_samples,), default=None
        Sample weights. If None, all samples have the same weight.

    **params : dict
        Parameters of the estimator, such as ``penalty="l1"``. With `n_init`, each random
        start has a path of its own, and the best network by the objective counts at each
        alpha. With ``verbose=1``, a line is
        printed for each alpha; with ``verbose=2``, one for each iteration as well.

    Returns
    -------
    path : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes. Each has one entry per alpha;
        fewer than requested if a network selects no feature before the last alpha, or if
        `max_time` of the estimator is over.

        alphas : ndarray of shape (n_alphas,)
            The alphas in ascending order, in which the networks were fitted.
        coefs : list of list of {ndarray, csr_array} of shape (fan_in, fan_out)
            Weights of each layer. Sparse if that takes at most half the memory.
        intercepts : list of list of ndarray of shape (fan_out,)
            Intercepts of each layer.
        objective : ndarray of shape (n_alphas,)
            Value of the objective, as `loss_` of the estimators.
        optimality : ndarray of shape (n_alphas,)
            Largest absolute entry of the minimum-norm subgradient, as `optimality_` of the
            estimators. A value of 0 certifies a stationary point.
        sparsity : ndarray of shape (n_alphas,)
            Fraction of weights that are exactly 0.
        n_features : ndarray of int of shape (n_alphas,)
            Number of features selected.
        n_iter : ndarray of int of shape (n_alphas,)
            Number of iterations of each fit.

    Raises
    ------
    ValueError
        If `alphas` is empty or contains values that are negative or not finite, or if the
        penalty is a constraint, which ignores alpha.

    Warns
    -----
    ConvergenceWarning
        If training did not converge for some of the alphas, or if `max_time` of the
        estimator was over before the last one. There is one warning for the whole path.

    See Also
    --------
    RegularizedMLPClassifierCV : Classifier that chooses `alpha` on such a path.
    RegularizedMLPRegressorCV : Regressor that chooses `alpha` on such a path.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from sknormreg import regularization_path
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> path = regularization_path(
    ...     scale(X), y, penalty="group_lasso", hidden_layer_sizes=(5,), random_state=0
    ... )
    >>> int(path.n_features[-1])
    0
    """
    mlp = estimator_for(y, estimator, params)
    return fitted_path(mlp, X, y, alphas, sample_weight)


def fitted_path(
    mlp: RegularizedMLP,
    X: Any,
    y: Any,
    alphas: Any,
    sample_weight: Any = None,
    continuation: bool = True,
    precision: Precision = ALONG_PATH,
) -> Bunch:
    """Return what `regularization_path` does, for an estimator that may be modified.

    Parameters
    ----------
    continuation, precision : as `BestPathFitter` takes them
    """
    deadline = deadline_after(mlp.max_time)
    # Without any alpha there is no telling which penalty it is.
    mlp.set_params(alpha=1.0)._validate_params()
    data, targets = training_data(mlp, X, y, sample_weight)
    spec = network_spec(mlp, targets)
    refuse_constraints(spec)
    warn_of_unit(spec, data)
    seed = draw_seed(mlp.random_state)
    report = PathReport(mlp.verbose, deadline)
    spec = report.of_single_fits(spec)
    rough = SinglePrecision(data.X).of(data, None, spec) if precision.single else None
    fitter = BestPathFitter(
        spec,
        data,
        None,
        start_seeds(seed, spec.n_init),
        continuation,
        precision,
        deadline,
        watcher=report,
        n_jobs=mlp.n_jobs,
        rough_data=rough,
    )
    alphas = check_alphas(alphas)
    if isinstance(alphas, int):
        alphas = fitter.grid(alphas, (time.monotonic() + deadline) / 2)
        report.found(alphas)
    points = list(report.along(fitter.path(alphas), alphas))
    ended = None
    if len(points) < len(alphas) and not points[-1].is_empty:
        ended = (
            f"max_time={mlp.max_time:g} seconds were over after {len(points)} alphas of "
            f"{len(alphas)}. Increase max_time."
        )
    alphas = alphas[: len(points)]
    warn_of_convergence([point.warning for point in points], ended)
    # A path ends with an empty network, but should not begin with one.
    warn_of_empty(points[0], strong_alpha(float(alphas[0]), data))
    return RegularizationPath(
        alphas=alphas,
        coefs=[[_small(coef) for coef in point.coefs] for point in points],
        intercepts=[[b.copy() for b in point.intercepts] for point in points],
        objective=np.array([point.training.loss for point in points]),
        optimality=np.array([point.training.optimality for point in points]),
        sparsity=np.array([point.sparsity for point in points]),
        n_features=np.array([point.selected_features.sum() for point in points]),
        n_iter=np.array([point.training.n_iter for point in points]),
    )


def estimator_for(y: Any, estimator: Any, params: dict[str, Any]) -> RegularizedMLP:
    """Return a new plain estimator with the given parameters.

    Parameters
    ----------
    y : array-like
        Targets. If `estimator` is None, floats are those of a regression.

    estimator : RegularizedMLPClassifier, ...Regressor, ...Survival or None

    params : dict

    Returns
    -------
    estimator : object

    Raises
    ------
    TypeError
        If `estimator` is neither of them.
    """
    if estimator is None:
        estimator = _estimator_for(y)
    if not isinstance(estimator, RegularizedMLP):
        raise TypeError(
            "estimator must be a RegularizedMLPClassifier, a RegularizedMLPRegressor or a "
            f"RegularizedMLPSurvival, got {estimator!r}. Pass one of these itself, not a "
            "class, and not a pipeline or a search around it."
        )
    return clone(estimator).set_params(**params)


def _estimator_for(y):
    """Return a new estimator for targets: their type tells of which kind they are."""
    if getattr(getattr(y, "dtype", None), "names", None) is not None:
        return RegularizedMLPSurvival()
    return RegularizedMLPRegressor() if _are_numbers(y) else RegularizedMLPClassifier()


def _are_numbers(y):
    """Whether targets are of a regression: floats, which may be whole numbers.

    Their values would tell nothing: ages and prices are often whole numbers.
    """
    if sparse.issparse(y):
        return False
    y = _as_array(y)
    if y.dtype == object:
        y = _as_array(y.tolist())
    return y.dtype.kind == "f"


def refuse_constraints(spec: NetworkSpec) -> None:
    """Raise a ValueError where alpha has no meaning in any layer."""
    penalties = spec.penalties
    penalties = penalties if isinstance(penalties, list) else [penalties]
    if all(penalty.is_constraint for penalty in penalties):
        raise ValueError(
            f"alpha has no meaning for the constraint penalty={penalties[0]}, so that "
            "there is nothing to vary. Tune its radius instead, for example with "
            "GridSearchCV over penalty__radius."
        )


def check_alphas(alphas: Any) -> int | np.ndarray:
    """The number of alphas, or the alphas as ascending floats.

    Raises
    ------
    ValueError
        If they are not a number of at least 1, or numbers of at least 0.
    """
    if isinstance(alphas, Integral) and not isinstance(alphas, bool):
        if alphas < 1:
            raise ValueError(f"alphas must be at least 1 in number, got {alphas}.")
        return int(alphas)
    given, alphas = alphas, _as_array(alphas)
    numbers = alphas.ndim == 1 and alphas.dtype.kind in "fiu"
    if not numbers or not (np.isfinite(alphas).all() and (alphas >= 0).all()):
        raise ValueError(
            "alphas must be a number of alphas, or a list of finite numbers of at least 0, "
            f"got {given!r}. For an alpha of its own for each layer, search over the plain "
            "estimator's alpha with GridSearchCV."
        )
    if len(alphas) == 0:
        raise ValueError("alphas is empty: give at least one.")
    return np.sort(alphas.astype(np.float64))


def _as_array(given):
    try:
        return np.asarray(given)
    except ValueError:  # lists of different lengths
        return np.asarray(None)


def draw_seed(random_state: Any) -> int:
    """One seed for all fits: the given one, or one that is drawn."""
    if isinstance(random_state, Integral):
        return int(random_state)
    return check_random_state(random_state).randint(np.iinfo(np.int32).max)


def _small(coef):
    """The weights of a layer in the smaller form."""
    rows = sparse.csr_array(coef)
    size = rows.data.nbytes + rows.indices.nbytes + rows.indptr.nbytes
    return rows if size <= coef.nbytes / 2 else coef.copy()


def warn_of_convergence(warnings: Sequence[str | None], ended: str | None = None) -> None:
    """Warn once of all fits that did not converge.

    Parameters
    ----------
    warnings : list of str or None
        Of each fit.

    ended : str or None
        What ended the fits before there were as many as asked for.
    """
    parts = [ended] if ended else []
    found = [warning for warning in warnings if warning]
    if found:
        parts.append(
            f"{len(found)} of {len(warnings)} fits did not converge; the first of them: "
            f"{found[0]}"
        )
    if parts:
        warn(" ".join(parts), ConvergenceWarning)
