"""Stability selection: features that the paths of most halves of the samples select."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.base import _fit_context, is_regressor
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.parallel import Parallel, delayed

from ..engine import engine_name, warn_of_missing_extension
from ..estimators import RegularizedMLPClassifier, RegularizedMLPRegressor
from ..estimators.hints import RandomState
from ..estimators.path import check_alphas, warn_of_convergence
from ..estimators.specification import network_spec
from ..estimators.target_unit import warn_of_unit
from ..estimators.validation import training_data
from ..fitting.path import PathFitter
from ..penalties import GroupLasso
from .base import NetworkSelector, set_known
from .error_bounds import ErrorBound
from .selecting_penalty import refuse_without_selection
from .stability_problem import Problem, drawn_seed, fit_path, with_standard_targets

# Ends of the grid of alphas, as shares of `alpha_max` of all samples. Halves hold more
# noise, so that their networks are empty at larger alphas. A path that begins where the
# network has few features already misses those without a linear effect.
_SMALLEST_SHARE, _LARGEST_SHARE = 1e-2, 2.0

# Parameters of the estimator that mean nothing here.
_WITHOUT_MEANING = dict(alpha=1.0, warm_start=False, total_weight=None, verbose=False)

_DEFAULT_MAX_FALSE = 1.0


class StabilitySelector(NetworkSelector):
    r"""Selector of the features that networks select in most halves of the samples.

    The samples are divided at random into two halves, `n_resamples` times. On each half a
    regularization path is fitted, and the first q features that enter it, from large
    alphas down to small ones, are noted. A feature is selected if it is among them in at
    least a share `threshold` of the halves.

    The expected number of false selections is bounded by the number q, the threshold and
    the number p of features. Any two of `threshold`, `max_false` and
    `n_features_per_resample` determine the third.

    Parameters
    ----------
    estimator : RegularizedMLPClassifier, ...Regressor or ...Survival, default=None
        The network, its penalty and how it is trained. It is cloned; its `alpha`,
        `random_state`, `total_weight`, `verbose` and `warm_start` do not matter. The
        penalty of the first layer must make features zero.

        If None, a survival estimator if y is a structured array of events and times, a
        regressor if it holds floats, and a classifier if it holds strings, bools or
        integers, with ``hidden_layer_sizes=(20,)`` and ``penalty="group_lasso"``, in the
        first layer with `groups`. The regressor is then fitted to standardised targets.

    alphas : int or array-like of shape (n_alphas,), default=15
        The alphas of the paths. If an int, a log-spaced grid of that many values, which a
        few fits to all samples determine, from 1% of the alpha where no feature is selected
        to twice that alpha. They are alphas for all samples: on a half, with
        a share w of the total sample weight, the path has w times these values, so that
        the penalty acts as strongly relative to the loss.

    n_resamples : int, default=50
        How often the samples are divided into halves: B of the references. With
        complementary pairs a path is fitted to both halves, which makes twice as many
        paths.

    threshold : float or None, default=0.7
        Share of the halves, above 0.5 and at most 1. None is the smallest share for which
        `max_false` holds with `n_features_per_resample`.

    max_false : float or None, default=None
        Expected number of false selections. The number of features per half is then the
        largest for which the bound is at most this. None is 1 if
        `n_features_per_resample` is None, too.

    n_features_per_resample : int or None, default=None
        The number q of features (or of groups) that enter the path of a half first and
        count as selected there. None is derived from `threshold` and `max_false`.

    sampling : {"complementary_pairs", "subsample"}, default="complementary_pairs"
        Whether both halves are used (Shah and Samworth, 2013), or one of them (Meinshausen
        and Buehlmann, 2010). Halves are stratified by class or
        by event.

    bound : {"auto", "worst_case", "unimodal", "r_concave"}, default="auto"
        Which bound on the number of false selections; see Notes. "auto" is "unimodal" with
        complementary pairs and "worst_case" with ``sampling="subsample"``, for which there
        is no other.

    groups : sequence or dict, default=None
        Groups of features that count as one, such as the indicators of a category, as
        :class:`~sknormreg.penalties.GroupLasso` takes them. None takes those of the
        penalty of the first layer, if it has any.

    n_jobs : int, default=None
        Number of paths fitted in parallel, in threads if the compiled engine is installed.
        None means 1 unless in a :obj:`joblib.parallel_config` context; -1 means all
        processors. The result does not depend on it.

    random_state : int, RandomState instance or None, default=None
        Determines the halves and the starting weights, which differ from path to path.

    verbose : bool or int, default=False
        Whether to print a line for the grid, and one for each path.

    Attributes
    ----------
    support_ : ndarray of bool of shape (n_features,)
        Mask of the selected features.

    stability_scores_ : ndarray of shape (n_features,)
        Share of the halves in which a feature is among the first q. It is the largest of
        its `selection_probabilities_`. All features of a group have that of the group.

    selection_probabilities_ : ndarray of shape (n_features, n_alphas)
        Share of the halves in which a feature is among the first q and has entered the
        path at the given alpha, or at a larger one.

    alphas_ : ndarray of shape (n_alphas,)
        The alphas in ascending order, for all samples.

    threshold_ : float
        The threshold, rounded up to a multiple of 1 / the number of paths.

    n_features_per_resample_ : int
        The number q.

    max_false_ : float
        Bound on the expected number of false selections.

    selected_feature_names_ : ndarray of str
        Names of the selected features; x0, x1, and so on if X has none.

    n_features_in_ : int
        Number of features seen during `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X has string names.

    See Also
    --------
    RegularizedMLPClassifierCV : A network with few features, chosen by how it predicts.
    sknormreg.displays.StabilityPathDisplay : The probabilities along the path.
    sklearn.feature_selection.SelectFromModel : Selection by a single fit.

    Notes
    -----
    A feature enters a path at the largest alpha at which its network selects it. If
    several enter at the same alpha, those of larger importance
    (:attr:`RegularizedMLPClassifier.feature_importances_`) enter first. So at most q
    features are selected in each half, whatever the grid. At most q / `threshold` features
    can be selected in all.

    Let :math:`\pi` be the threshold, B the number of resamples, and V the number of
    selected features of a low probability, at most :math:`\theta = q / p`, to be among the
    first q in a random half: features that are selected no more often than by chance. With
    groups, p and q count groups. Then

    - "worst_case": :math:`E V \le q^2 / ((2 \pi - 1) p)` without any assumption on how
      features are selected (Shah and Samworth, theorem 1). It is also the bound of
      Meinshausen and Buehlmann, theorem 1, for ``sampling="subsample"``, where V is the
      number of selected noise features, on the assumptions that the selection of noise
      features is exchangeable and no worse than by chance.
    - "unimodal": :math:`E V \le C q^2 / p`, if the distribution of the share of the pairs
      in which a feature is selected in both halves is unimodal (theorem 2). Here
      :math:`C = \frac{1}{2 (2 \pi - 1 - 1 / (2 B))}` if :math:`\pi \le 3/4`, else
      :math:`C = \frac{4 (1 - \pi + 1 / (2 B))}{1 + 1 / B}`.
    - "r_concave": :math:`E V \le p \min(D_1, D_2)`, with
      :math:`D_1 = D(\theta^2, 2 \pi - 1, B, -1/2)` and
      :math:`D_2 = D(\theta, \pi, 2 B, -1/4)`, if that distribution is r-concave with
      r = -1/2, and the one of the share of the halves with r = -1/4 (equation 8).

    Where a theorem does not apply, such as the second one for :math:`\theta > 1/\sqrt{3}`,
    the bound is that of the worst case. It never exceeds :math:`q / \pi`.

    A feature that is strongly correlated with others shares their place in the paths: in
    some halves one of them is among the first, in others another, and none of them may
    reach the threshold.

    Standardise the features, as penalties act on weights, whose size depends on the units.

    References
    ----------
    N. Meinshausen and P. Buehlmann, "Stability selection", Journal of the Royal Statistical
    Society B 72, 2010.

    R. D. Shah and R. J. Samworth, "Variable selection with error control: another look at
    stability selection", Journal of the Royal Statistical Society B 75, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from sknormreg import StabilitySelector
    >>> X = np.random.default_rng(0).normal(size=(150, 10))
    >>> y = X[:, 3] ** 3 + X[:, 7]
    >>> selector = StabilitySelector(alphas=6, n_resamples=4, random_state=0).fit(X, y)
    >>> selector.get_support(indices=True).tolist()
    [3, 7]
    >>> selector.max_false_ <= 1
    True
    """

    _parameter_constraints: dict = {
        # Others are refused by an error that names the two classes.
        "estimator": "no_validation",
        "alphas": [Integral, "array-like"],
        "n_resamples": [Interval(Integral, 1, None, closed="left")],
        "threshold": [None, Interval(Real, 0.5, 1, closed="right")],
        "max_false": [None, Interval(Real, 0, None, closed="neither")],
        "n_features_per_resample": [None, Interval(Integral, 1, None, closed="left")],
        "sampling": [StrOptions({"complementary_pairs", "subsample"})],
        "bound": [StrOptions({"auto", "worst_case", "unimodal", "r_concave"})],
        "groups": [None, list, tuple, dict],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    stability_scores_: np.ndarray
    selection_probabilities_: np.ndarray
    alphas_: np.ndarray
    threshold_: float
    n_features_per_resample_: int
    max_false_: float

    def __init__(
        self,
        estimator: RegularizedMLPClassifier | RegularizedMLPRegressor | None = None,
        *,
        alphas: int | Sequence[float] | np.ndarray = 15,
        n_resamples: int = 50,
        threshold: float | None = 0.7,
        max_false: float | None = None,
        n_features_per_resample: int | None = None,
        sampling: str = "complementary_pairs",
        bound: str = "auto",
        groups: Any = None,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: bool | int = False,
    ) -> None:
        self.estimator = estimator
        self.alphas = alphas
        self.n_resamples = n_resamples
        self.threshold = threshold
        self.max_false = max_false
        self.n_features_per_resample = n_features_per_resample
        self.sampling = sampling
        self.bound = bound
        self.groups = groups
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Select features.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values, or events and times as :class:`RegularizedMLPSurvival` takes
            them.

        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights. If None, all samples have the same weight. Samples of weight 0
            are left out; halves have the same number of the others.

        Returns
        -------
        self : object
            The fitted selector.

        Raises
        ------
        TypeError
            If `estimator` is not one of the two plain estimators.

        ValueError
            If data or parameters are not as described, if the penalty of the first layer
            selects no features, or if no threshold or number of features has a bound of
            at most `max_false`.

        Warns
        -----
        ConvergenceWarning
            Once, if training ended before it converged in some of the fits.

        UserWarning
            If the squared error of targets of a large standard deviation keeps the penalty
            of the given estimator from selecting features.
        """
        warn_of_missing_extension()
        problem = self._problem(X, y, sample_weight)
        bound, q, n_needed = self._error_control(problem.labels.max() + 1)
        rng = check_random_state(self._seed())
        alphas = self._alphas(problem, rng)
        entered = self._entered(problem, alphas, q, rng)
        counts = (entered[:, :, None] >= np.arange(len(alphas))).sum(axis=0)
        counts = counts[problem.labels]
        self.alphas_ = alphas
        self.selection_probabilities_ = counts / bound.n_paths
        self.stability_scores_ = self.selection_probabilities_[:, 0]
        self.threshold_ = n_needed / bound.n_paths
        self.n_features_per_resample_ = q
        self.max_false_ = bound.value(q, n_needed)
        self.support_ = counts[:, 0] >= n_needed
        return self

    # What is fitted

    def _problem(self, X, y, sample_weight):
        """Return the `Problem` that the parameters and the data describe."""
        mlp, checked, _ = self._validated(X, y)
        if self.estimator is None:
            penalty = [GroupLasso(groups=self.groups), GroupLasso()]
            mlp.set_params(hidden_layer_sizes=(20,), penalty=penalty)
        set_known(mlp, **_WITHOUT_MEANING)
        data, targets = training_data(mlp, checked, y, sample_weight)
        if hasattr(self, "feature_names_in_"):
            mlp.feature_names_in_ = self.feature_names_in_
        spec = network_spec(mlp, targets)
        refuse_without_selection(spec)
        if self.estimator is not None:
            warn_of_unit(spec, data)
        elif is_regressor(mlp):
            data = with_standard_targets(data)
        labels: Any = self._groups_of(spec).labels
        return Problem(spec, data, targets, labels)

    def _alphas(self, problem, rng):
        alphas = check_alphas(self.alphas)
        seed = drawn_seed(rng)
        if isinstance(alphas, int):
            rows = problem.rows
            last = PathFitter(problem.spec, problem.data, rows, seed).alpha_max()
            alphas = np.geomspace(_SMALLEST_SHARE * last, _LARGEST_SHARE * last, alphas)
        if self.verbose:
            print(f"{len(alphas)} alphas from {alphas[0]:.3g} to {alphas[-1]:.3g}")
        return alphas

    def _entered(self, problem, alphas, q, rng):
        """Return where the first q features enter the paths, (n_paths, n_groups)."""
        halves = [
            half
            for _ in range(self.n_resamples)
            for half in problem.halves(rng)[: 1 + (self.sampling != "subsample")]
        ]
        fitters = [problem.fitter(half, drawn_seed(rng)) for half in halves]
        # The compiled engine works outside of Python's lock; threads share X.
        prefer = "threads" if engine_name() == "compiled" else None
        try:
            found = Parallel(n_jobs=self.n_jobs, prefer=prefer, batch_size=1)(
                delayed(fit_path)(
                    fitter,
                    problem.share(half) * alphas,
                    problem.labels,
                    q,
                    f"path {i} of {len(halves)}" if self.verbose else None,
                )
                for i, (fitter, half) in enumerate(zip(fitters, halves), 1)
            )
        except BaseException:
            # Other threads would go on to the ends of their paths.
            for fitter in fitters:
                fitter.deadline = -np.inf
            raise
        entered, warnings = zip(*found)
        warn_of_convergence([warning for one in warnings for warning in one])
        return np.array(entered)

    # The error

    def _error_control(self, n_groups):
        """Return the `ErrorBound`, the features per path, and the paths that it takes."""
        kind, is_pairs = self.bound, self.sampling == "complementary_pairs"
        if kind == "auto":
            kind = "unimodal" if is_pairs else "worst_case"
        if kind != "worst_case" and not is_pairs:
            raise ValueError(
                f"bound={kind!r} is for complementary pairs, not for "
                f"sampling={self.sampling!r}. Set bound='worst_case', or "
                "sampling='complementary_pairs'."
            )
        bound = ErrorBound(n_groups, self.n_resamples * (1 + is_pairs), kind)
        q = self.n_features_per_resample
        if q is not None and q > n_groups:
            raise ValueError(
                f"n_features_per_resample={q}, but there are {n_groups} features (or "
                "groups of features) in all: use fewer."
            )
        if (self.threshold is None) != (self.max_false is not None and q is not None):
            raise ValueError(
                f"Got threshold={self.threshold}, max_false={self.max_false} and "
                f"n_features_per_resample={q}: two of them determine the third. Set "
                "threshold=None if both others are given, and only then."
            )
        if self.threshold is None:
            return bound, q, self._n_needed(bound, q)
        n_needed = bound.n_needed(self.threshold)
        return bound, q or self._largest_q(bound, n_needed), n_needed

    def _n_needed(self, bound, q):
        n_needed = bound.smallest_needed(q, self.max_false)
        if n_needed is None:
            lowest = bound.value(q, bound.n_paths)
            raise ValueError(
                f"max_false={self.max_false} cannot be had with n_features_per_resample="
                f"{q}: even at threshold=1 the bound is {lowest:.3g}. Increase max_false "
                "or n_resamples, or decrease n_features_per_resample."
            )
        return n_needed

    def _largest_q(self, bound, n_needed):
        if self.max_false is None:
            # With a single feature in each half the bound is below 1 in any case.
            return max(bound.largest_q(n_needed, _DEFAULT_MAX_FALSE), 1)
        q = bound.largest_q(n_needed, self.max_false)
        if q == 0:
            lowest = bound.value(1, n_needed)
            raise ValueError(
                f"max_false={self.max_false} cannot be had at threshold={self.threshold}: "
                f"with one feature per resample the bound is {lowest:.3g} already. "
                "Increase max_false or threshold."
            )
        return q
