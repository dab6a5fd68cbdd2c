"""Fits at one alpha after the other: the regularization path."""

import copy
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Bunch, check_random_state

from ..fitting.layer_penalties import named_penalties
from ..fitting.training import FULL_PRECISION, Precision, TrainingResult, resolve_solver
from .base import RegularizedMLP
from .classifier import RegularizedMLPClassifier
from .empty_network import strong_alpha, warn_of_empty
from .regressor import RegularizedMLPRegressor

# A grid of alphas that is found from the data ends where the network is empty, and begins
# at this share of that: a smaller one for a penalty that makes no weights zero, which
# shrinks all of them far before (benchmarks/tuned_models.py).
SMALLEST_SHARE, SMALLEST_SHARE_SMOOTH = 1e-3, 1e-5

# The first alpha that is tried for the end, as alpha / m at the scale of the objective; the
# factor from one trial to the next.
_FIRST_STRENGTH, _FACTOR, _MOST_TRIALS = 1e-3, 4.0, 40

# Iterations that tell whether a network is empty, at least.
_LEAST_ITERATIONS = 20

# With a penalty that makes no weights zero, a network counts as empty whose objective is
# this near to the loss of a constant, as a share of it.
_EMPTY_SHARE = 0.01


# What tol="auto" of full batches is to a path: what is cheap in one fit, the precision of
# the floats, is not in hundreds. Where networks are only compared, it is less still. The
# one that is returned in the end is trained ten times as far.
ALONG_PATH = Precision(small_work=0)
COMPARED = replace(ALONG_PATH, to_the_end=False)
_REFINED = replace(ALONG_PATH, finer=10.0)


class PathFitter:
    """Fits of one estimator to the same rows at different alphas.

    Parameters
    ----------
    mlp : RegularizedMLP
        One that knows the features and the targets; not modified.

    data : Data

    rows : ndarray of int or None
        The rows to fit to; None for all.

    seed : int
        The `random_state` of every fit.

    continuation : bool
        Whether fits of a path start from the one before. Where early stopping decides they
        never do: at a larger alpha held-out rows are seldom predicted better, so that it
        would choose the start again and again.

    precision : Precision
        Of the fits of a path.

    Attributes
    ----------
    deadline : float
        Value of `time.monotonic` from which on fits at given alphas stop after an
        iteration: at first, that at which `max_time` of the estimator, counted from now, is
        over.
    """

    def __init__(self, mlp, data, rows, seed, continuation=True, precision=ALONG_PATH):
        # Without any alpha there is no telling which penalty it is.
        self._mlp = copy.copy(mlp).set_params(alpha=1.0)
        self._data, self._rows, self._seed = data, rows, seed
        self._continuation = continuation and not mlp.early_stopping
        self._precision_of_trials = COMPARED if continuation else FULL_PRECISION
        self._precision = precision if continuation else FULL_PRECISION
        self.deadline = self._mlp._deadline()

    def fit(self, alpha, start=None, precision=None):
        """The estimator with an alpha, fitted.

        Parameters
        ----------
        alpha : float

        start : RegularizedMLP or None
            A fit whose weights are those to start from; None draws them.

        precision : Precision or None
            None for that of a path.

        Returns
        -------
        mlp : RegularizedMLP

        problem : str or None
            What keeps the fit from counting as converged.
        """
        mlp = copy.copy(self._mlp)
        mlp.alpha = alpha
        return self._fit(mlp, self._data, start, precision)

    def refine(self, mlp, relax=None):
        """Train the last network of a path further.

        Parameters
        ----------
        mlp : RegularizedMLP
            What `path`, or `relaxed` with `relax`, has yielded last.

        relax : float or None

        Returns
        -------
        mlp, problem : as `fit` returns
        """
        selected = mlp.selected_features_
        if relax is not None and selected.any():
            return self._relaxed(selected, relax, mlp, _REFINED)
        return self._fit(copy.copy(mlp), self._data, mlp, _REFINED)

    def briefest(self):
        """The estimator after one iteration, with next to no penalty."""
        # Beside constraints, none at all would be a loophole to warn of.
        alpha = np.finfo(np.float64).tiny
        mlp = copy.copy(self._mlp).set_params(alpha=alpha, max_iter=1)
        return self._fit(mlp, self._data)[0]

    def _fit(self, mlp, data, start=None, precision=None, deadline=None):
        random_state = check_random_state(self._seed)
        rows, validation = mlp._plan_validation(data, None, random_state, self._rows)
        objective = mlp._make_objective(data, rows)
        params = mlp._start(objective, random_state, None, None)
        if start is not None:
            params = start._continued_params(objective.network, data.X.dtype)
        mlp.solver_ = resolve_solver(mlp.solver, objective)
        result = mlp._train(
            objective,
            params,
            random_state,
            validation,
            precision or self._precision,
            deadline=self.deadline if deadline is None else deadline,
        )
        if result.status == "interrupted":
            # Half a path is no answer.
            raise KeyboardInterrupt
        problem = mlp._problem(result, objective)
        mlp._store(result, objective.network)
        return mlp, problem

    def _relaxed(self, selected, alpha, start, precision=None):
        """What `fit` returns, for the selected inputs and an L2 penalty."""
        mlp = copy.copy(self._mlp)
        mlp.penalty, mlp.alpha = "l2", alpha
        if start is not None:
            start = copy.copy(start)
            start.coefs_ = [start.coefs_[0][selected], *start.coefs_[1:]]
        # C-ordered, unlike what NumPy returns for columns.
        X = _columns(self._data.X, selected)
        mlp, problem = self._fit(mlp, self._data._replace(X=X), start, precision)
        weights = np.zeros((len(selected), mlp.coefs_[0].shape[1]), mlp.coefs_[0].dtype)
        weights[selected] = mlp.coefs_[0]
        mlp.coefs_[0] = weights
        units = len(selected), *mlp._network.layer_units[1:]
        mlp._network = replace(mlp._network, layer_units=units)
        return mlp, problem

    def leading_to(self, alphas):
        """Of ascending alphas, those that a fit at the last of them goes along."""
        return alphas if self._continuation else alphas[-1:]

    def path(self, alphas, skips=False):
        """Fits at ascending alphas, each from where the last one ended, to an empty one.

        Parameters
        ----------
        alphas : ndarray of shape (n_alphas,)

        skips : bool
            Whether, where the time is over, the last alpha follows at once and not nothing.

        Yields
        ------
        mlp, problem : as `fit` returns
        """
        mlp = None
        for i, alpha in enumerate(alphas):
            if mlp is not None and time.monotonic() >= self.deadline:
                if not skips:
                    return
                if i < len(alphas) - 1:
                    continue
            # Without a penalty weights grow large, and the next alpha, which is infinitely
            # many times as large, would often empty the network from there.
            continued = self._continuation and mlp is not None and mlp.alpha > 0
            mlp, problem = self.fit(alpha, start=mlp if continued else None)
            yield mlp, problem
            if not mlp.selected_features_.any():
                return

    def relaxed(self, points, alpha):
        """Networks of a path, fitted anew to the inputs that they have selected.

        Parameters
        ----------
        points : iterable of (mlp, problem)
            What `path` yields.

        alpha : float
            Of their L2 penalty.

        Yields
        ------
        mlp, problem : as `fit` returns
        """
        last, relaxed, start = None, None, None
        for mlp, problem in points:
            selected = mlp.selected_features_
            if not selected.any():
                relaxed = mlp, problem
            elif not np.array_equal(selected, last):
                relaxed = self._relaxed(selected, alpha, start)
            if self._continuation:
                # Neighbours then differ by their inputs only, and scores by less noise.
                start = relaxed[0]
            last = selected
            yield relaxed

    def empty_alpha(self):
        """An alpha at which the network is empty, and is not at half of it."""
        objective = self._mlp._make_objective(self._data, self._rows)
        alpha = _FIRST_STRENGTH * objective.value_scale * objective.data_weight
        limit = np.inf
        if _only_shrinks(objective):
            empty = objective.evaluate_unscaled(objective.empty_params())
            limit = (1 - _EMPTY_SHARE) * empty.value
        mlp, n_trials = self._try(alpha), 0
        while _is_empty(mlp, limit) and n_trials < _MOST_TRIALS:
            alpha, n_trials = alpha / _FACTOR**2, n_trials + 1
            mlp = self._try(alpha)
        while not _is_empty(mlp, limit) and n_trials < _MOST_TRIALS:
            last, alpha, n_trials = mlp, alpha * _FACTOR, n_trials + 1
            mlp = self._try(alpha, last)
            if _is_empty(mlp, limit) and _is_empty(self._try(alpha / 2, last), limit):
                return alpha / 2
        return alpha

    def _try(self, alpha, start=None):
        # Where J has its minimum is asked for, not where early stopping ends.
        # Whether a fit that is cut short is empty says nothing of its alpha.
        max_iter = max(self._mlp.max_iter, _LEAST_ITERATIONS)
        mlp = copy.copy(self._mlp)
        mlp.set_params(alpha=alpha, early_stopping=False, max_iter=max_iter)
        deadline, precision = np.inf, self._precision_of_trials
        return self._fit(mlp, self._data, start, precision, deadline)[0]

    def grid(self, n_alphas):
        """Ascending alphas, in equal ratios, up to one at which the network is empty."""
        only_shrinks = _only_shrinks(self._mlp._make_objective(self._data, self._rows))
        last = self.empty_alpha()
        first = (SMALLEST_SHARE_SMOOTH if only_shrinks else SMALLEST_SHARE) * last
        return np.geomspace(first, last, n_alphas)


def constant_network(mlp, data):
    """An estimator with a network that is empty, and predicts the best constant.

    Parameters
    ----------
    mlp : RegularizedMLP
        One that knows the features and the targets; not modified.

    data : Data
    """
    mlp = copy.copy(mlp)
    objective = mlp._make_objective(data, None)
    mlp.solver_ = resolve_solver(mlp.solver, objective)
    result = TrainingResult(objective.empty_params(), loss=objective.constant_loss())
    mlp._store(result, objective.network)
    return mlp


def _columns(X, mask):
    columns = X[:, mask]
    return columns if sparse.issparse(columns) else np.ascontiguousarray(columns)


def _only_shrinks(objective):
    """Whether no alpha makes weights zero."""
    return all(penalty.smooth or penalty.is_constraint for penalty in objective.penalties)


def _is_empty(mlp, limit):
    return mlp.loss_ >= limit or not mlp.selected_features_.any()


def regularization_path(
    X,
    y,
    *,
    estimator: RegularizedMLP | None = None,
    alphas: int | Sequence[float] | np.ndarray = 20,
    sample_weight=None,
    **params,
) -> Bunch:
    """Fit networks from dense to sparse, at one alpha after the other.

    Each fit starts from the weights of the one before, unless that one had no penalty: the
    path of networks that `lasso_path` is for linear models. It begins at the smallest
    alpha, for no descent leads away from an empty network, and ends with the first one that
    is empty. With ``early_stopping=True`` each fit starts anew.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Training data.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Target values.

    estimator : RegularizedMLPClassifier or RegularizedMLPRegressor, default=None
        What is fitted; it is cloned, and its `alpha` is not used. None is a regressor
        where y holds floats, whole numbers among them or not, and a classifier where it
        holds strings, bools or integers, or is a sparse matrix of labels.

    alphas : int or array-like of shape (n_alphas,), default=20
        The alphas. Of a number of them the largest is one that leaves the network empty,
        or at most 1 % below the loss of a constant, found by a few fits; the smallest is a
        thousandth of it, or 1e-5 of it for "l2", and neighbours are in equal ratios.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    **params : dict
        Parameters of the estimator, such as ``penalty="l1"``.

    Returns
    -------
    path : :class:`~sklearn.utils.Bunch`
        With n_alphas entries in each attribute, fewer than asked for where the network is
        empty before the last, or where `max_time` of the estimator is over:

        alphas : ndarray of shape (n_alphas,)
            In the order of the fits: ascending.
        coefs : list of list of {ndarray, csr_array} of shape (fan_in, fan_out)
            The weights of each layer, as a sparse matrix where that takes at most half
            the memory.
        intercepts : list of list of ndarray of shape (fan_out,)
            The intercepts of each layer.
        objective : ndarray of shape (n_alphas,)
            J, as `loss_` of the estimators.
        optimality : ndarray of shape (n_alphas,)
            As `optimality_`: 0 certifies a stationary point.
        sparsity : ndarray of shape (n_alphas,)
            Share of the weights that are exactly 0.
        n_features : ndarray of int of shape (n_alphas,)
            Number of inputs that have any effect.
        n_iter : ndarray of int of shape (n_alphas,)
            Iterations of each fit.

    Raises
    ------
    ValueError
        If there are no alphas, or some that are negative or not finite, or if the penalty
        is a constraint, for which alpha has no meaning.

    Warns
    -----
    ConvergenceWarning
        Once, if training ended before it converged for some of the alphas, or if `max_time`
        of the estimator was over before the last.

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
    mlp = _estimator_for(y, estimator, params)
    return fitted_path(mlp, X, y, alphas, sample_weight)


def fitted_path(
    mlp, X, y, alphas, sample_weight=None, continuation=True, precision=ALONG_PATH
):
    """What `regularization_path` returns, for an estimator that may be modified.

    Parameters
    ----------
    continuation, precision : as `PathFitter` takes them
    """
    mlp._validate_params()
    refuse_constraints(mlp)
    data = mlp._validate_training_data(X, y, sample_weight)
    mlp._warn_of_unit(data, stacklevel=4)
    seed = draw_seed(mlp.random_state)
    fitter = PathFitter(mlp, data, None, seed, continuation, precision)
    alphas = check_alphas(alphas)
    if isinstance(alphas, Integral):
        alphas = fitter.grid(alphas)
    points, problems = zip(*fitter.path(alphas))
    ended = None
    if len(points) < len(alphas) and points[-1].selected_features_.any():
        ended = (
            f"max_time={mlp.max_time:g} seconds were over after {len(points)} alphas of "
            f"{len(alphas)}. Increase max_time."
        )
    alphas = alphas[: len(points)]
    warn_of(problems, stacklevel=3, ended=ended)
    # A path ends with an empty network, but should not begin with one.
    warn_of_empty(points[0], strong_alpha(float(alphas[0]), data), stacklevel=3)
    return Bunch(
        alphas=alphas,
        coefs=[[_small(coef) for coef in point.coefs_] for point in points],
        intercepts=[point.intercepts_ for point in points],
        objective=np.array([point.loss_ for point in points]),
        optimality=np.array([point.optimality_ for point in points]),
        sparsity=np.array([point.sparsity_ for point in points]),
        n_features=np.array([point.selected_features_.sum() for point in points]),
        n_iter=np.array([point.n_iter_ for point in points]),
    )


def _estimator_for(y, estimator, params):
    """A new estimator with the given parameters."""
    if estimator is None:
        estimator = (
            RegularizedMLPRegressor() if _are_numbers(y) else RegularizedMLPClassifier()
        )
    if not isinstance(estimator, RegularizedMLP):
        raise TypeError(
            "estimator must be a RegularizedMLPClassifier or a RegularizedMLPRegressor, "
            f"got {estimator!r}."
        )
    return clone(estimator).set_params(**params)


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


def refuse_constraints(mlp):
    """Raise a ValueError where alpha has no meaning in any layer."""
    penalties = named_penalties(mlp.penalty, mlp.l1_ratio)
    penalties = penalties if isinstance(penalties, list) else [penalties]
    if all(penalty.is_constraint for penalty in penalties):
        raise ValueError(
            f"alpha has no meaning for the constraint penalty={penalties[0]}, so that "
            "there is nothing to vary. Tune its radius instead, for example with "
            "GridSearchCV over penalty__radius."
        )


def check_alphas(alphas):
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


def draw_seed(random_state):
    """One seed for all fits: the given one, or one that is drawn."""
    if isinstance(random_state, Integral):
        return int(random_state)
    return check_random_state(random_state).randint(np.iinfo(np.int32).max)


def _small(coef):
    """The weights of a layer in the smaller form."""
    rows = sparse.csr_array(coef)
    size = rows.data.nbytes + rows.indices.nbytes + rows.indptr.nbytes
    return rows if size <= coef.nbytes / 2 else coef


def warn_of(problems, stacklevel, ended=None):
    """One warning for all fits that did not converge.

    Parameters
    ----------
    problems : list of str or None
        Of each fit.

    stacklevel : int
        As `warnings.warn` takes it, seen from the caller.

    ended : str or None
        What ended the fits before there were as many as asked for.
    """
    parts = [ended] if ended else []
    found = [problem for problem in problems if problem]
    if found:
        parts.append(
            f"{len(found)} of {len(problems)} fits did not converge; the first of them: "
            f"{found[0]}"
        )
    if parts:
        warnings.warn(" ".join(parts), ConvergenceWarning, stacklevel=stacklevel + 1)
