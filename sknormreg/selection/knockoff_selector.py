"""Selection of features by knockoffs, at a false discovery rate."""

from collections.abc import Callable
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.parallel import Parallel, delayed

from .._warnings import warn
from ..engine import engine_name
from ..estimators.path import check_alphas, refuse_constraints
from ..estimators.specification import network_spec
from ..estimators.targets import NumberTargets
from ..estimators.validation import training_data
from ..penalties import GroupLasso, MaxNorm, Weighted
from .base import NetworkSelector
from .gaussian_knockoffs import GaussianKnockoffs
from .knockoff_filter import e_bh, knockoff_e_values, knockoff_threshold
from .knockoff_statistics import PairedNetwork, has_groups, standardized_targets
from .report import SelectionReport
from .selecting_penalty import first_penalty


class KnockoffSelector(NetworkSelector):
    r"""Selection of features that controls the false discovery rate.

    A knockoff is a copy of a feature that has the same correlations with all other
    features, but that is drawn without looking at y. A network is fitted to the features
    and their knockoffs together. The statistic of feature j is

    .. math::

        W_j = \| w_j \|_2 - \| \tilde w_j \|_2,

    where :math:`w_j` are the weights from the feature to the first hidden layer, and
    :math:`\tilde w_j` those from its knockoff. For a feature without effect either sign is
    equally likely, so that the number of very negative statistics tells how many of the
    very positive ones are there by chance (Candès et al., 2018).

    Knockoffs are random. They are drawn `n_draws` times, and the evidence for each feature
    is averaged (Ren and Barber, 2024): in each draw, a feature whose statistic reaches the
    threshold T has the e-value

    .. math::

        e_j = \frac{p}{1 + \#\{k: W_k \leq -T\}},

    with p the number of features; other features have 0. The e-BH procedure selects
    features by the mean of their e-values.

    Parameters
    ----------
    estimator : RegularizedMLPClassifier or RegularizedMLPRegressor, default=None
        The network to fit. It is cloned; its `alpha` and `total_weight` do not matter. If
        None, a network with one hidden layer of 20 ReLU units and the penalty
        ``[GroupLasso(), MaxNorm(1)]``: a regressor if y holds floats, and a classifier
        otherwise. The penalty of the first layer must have no `groups`, and not be
        `Weighted`. Its `n_init` must be 1: draws differ in their starts.

    fdr : float, default=0.1
        False discovery rate that is controlled: the expected share of features without
        effect among those selected. At least ``1 / fdr`` features are selected, or none.

    knockoffs : {"gaussian"}, callable or array-like, default="gaussian"
        How knockoffs are drawn. "gaussian" estimates the mean and the covariance of the
        features. A callable is called for each draw, as ``knockoffs(X, random_state)`` with
        a `RandomState`, and returns an array of the shape of X. An array holds knockoffs
        that were drawn before: one draw if its shape is (n_samples, n_features), or several
        if it is (n_draws, n_samples, n_features), whatever the parameter `n_draws` is.

    n_draws : int, default=25
        How often knockoffs are drawn. With 1, the result is that of the knockoff filter. A
        few dozen make a selection that hardly depends on `random_state`.

    offset : {0, 1}, default=1
        Number that is added to the number of negative statistics. With 1 (knockoff+), the
        false discovery rate is controlled. With 0, which needs a single draw, features are
        selected more easily, and only a modified rate is controlled, which adds ``1 / fdr``
        to the number of selected features.

    alphas : int or array-like of shape (n_alphas,), default=6
        Values of `alpha` to choose from, by the loss on a random third of the samples, in
        each draw. If an int, a log-spaced grid of that many values below the alpha at which
        the group lasso removes features without effect.

    n_jobs : int, default=None
        Number of draws that run in parallel. None means 1 unless in a
        `joblib.parallel_backend` context. -1 means all processors.

    random_state : int, RandomState instance or None, default=None
        Seeds the knockoffs, the starting weights and the samples that choose alpha. Pass an
        int for the same result in each call, whatever `n_jobs` is.

    verbose : bool or int, default=False
        Whether to print a line for each draw, with the number of features of positive
        statistic and how long the other draws will take, and a line every few seconds while
        a draw takes long.

    Attributes
    ----------
    support_ : ndarray of bool of shape (n_features,)
        Mask of the selected features.

    selected_feature_names_ : ndarray of str
        Names of the selected features.

    knockoff_statistics_ : ndarray of shape (n_draws, n_features)
        The statistics W of each draw.

    threshold_ : ndarray of shape (n_draws,)
        The threshold T of each draw; infinite if no statistic reaches it.

    e_values_ : ndarray of shape (n_features,)
        Mean of the e-values of the draws, at most n_features.

    e_value_threshold_ : float
        The smallest e-value of a selected feature; infinite if none is selected.

    n_features_in_ : int
        Number of features seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during `fit`. Only available if X has feature names that are
        all strings.

    See Also
    --------
    sknormreg.displays.KnockoffDisplay : Draws the statistics or the e-values.
    RegularizedMLPClassifierCV : Chooses `alpha` for the accuracy of predictions, without an
        error rate for the features.

    Notes
    -----
    A feature has no effect if, given all other features, y is independent of it. The false
    discovery rate is then at most `fdr` whatever the relation of y to the features, the
    number of samples and the quality of the network, on which only the number of features
    found depends. It rests on two assumptions:

    - The samples are independent draws from one distribution.
    - Features and knockoffs have a joint distribution that stays the same if a feature
      changes places with its knockoff. "gaussian" achieves this for features with a normal
      distribution whose covariance is known. For others it matches means and covariances
      only, and the covariance is estimated, so that control is approximate. Transform
      skewed features first, and see the rate as a guide for binary and one-hot ones: no
      normal variable has the same distribution. Knockoffs of groups of features are not
      supported.

    If features are nearly collinear, knockoffs are nearly copies, and few features are
    selected. As there must be evidence for ``1 / fdr`` features, five relevant features
    cannot be found with ``fdr=0.1``; use 0.2 or more, or
    :class:`RegularizedMLPClassifierCV`.

    Each draw has a threshold of level ``fdr / 2`` as Ren and Barber recommend. It also
    stops at the largest absolute value of a negative statistic: beyond, e-values cannot
    grow. It still is a stopping time for statistics that are revealed from the smallest
    absolute value on, which is all that their proof needs, and it finds features where
    there are fewer than ``2 / fdr``. A single draw has level `fdr`, for which the e-BH
    procedure selects the features with :math:`W_j \geq T` (Ren and Barber, 2024).

    The network finds features by any effect, such as that of \|x\|, which is uncorrelated
    with x.

    References
    ----------
    E. Candès, Y. Fan, L. Janson and J. Lv, "Panning for gold: 'model-X' knockoffs for high
    dimensional controlled variable selection", Journal of the Royal Statistical Society
    B 80, 2018.

    Z. Ren and R. F. Barber, "Derandomised knockoffs: leveraging e-values for false
    discovery rate control", Journal of the Royal Statistical Society B 86, 2024.

    A. Spector and L. Janson, "Powerful knockoffs via minimizing reconstructability",
    Annals of Statistics 50, 2022.

    Y. Lu, Y. Fan, J. Lv and W. S. Noble, "DeepPINK: reproducible feature selection in deep
    neural networks", NeurIPS 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from sknormreg import KnockoffSelector
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 10))
    >>> y = np.abs(X[:, :6]).sum(axis=1)
    >>> selector = KnockoffSelector(fdr=0.2, n_draws=5, random_state=0).fit(X, y)
    >>> selector.get_support(indices=True).tolist()
    [0, 1, 2, 3, 4, 5]
    """

    _parameter_constraints: dict = {
        "fdr": [Interval(Real, 0, 1, closed="neither")],
        "knockoffs": [StrOptions({"gaussian"}), "array-like", callable],
        "n_draws": [Interval(Integral, 1, None, closed="left")],
        "offset": [Options(Integral, {0, 1})],
        "n_jobs": [None, Integral],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    knockoff_statistics_: np.ndarray
    threshold_: np.ndarray
    e_values_: np.ndarray
    e_value_threshold_: float

    def __init__(
        self,
        estimator: Any = None,
        *,
        fdr: float = 0.1,
        knockoffs: str | Callable | Any = "gaussian",
        n_draws: int = 25,
        offset: int = 1,
        alphas: Any = 6,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: bool | int = False,
    ) -> None:
        self.estimator = estimator
        self.fdr = fdr
        self.knockoffs = knockoffs
        self.n_draws = n_draws
        self.offset = offset
        self.alphas = alphas
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> Self:
        """Draw knockoffs, fit networks, and select features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values.

        Returns
        -------
        self : object
            The fitted selector.

        Raises
        ------
        TypeError
            If X is sparse.

        ValueError
            If parameters are not as described, or if knockoffs do not have the shape of X.

        Warns
        -----
        UserWarning
            If there are fewer than ``1 / fdr`` features, so that none can be selected.
        """
        if sparse.issparse(X):
            raise TypeError(
                "KnockoffSelector does not take sparse X, because knockoffs are dense. Use "
                "X.toarray() if the dense array fits into memory."
            )
        default = dict(
            hidden_layer_sizes=(20,),
            activation="relu",
            penalty=[GroupLasso(), MaxNorm(1)],
        )
        params = default if self.estimator is None else {}
        estimator, X, y = self._validated(X, y, **params)
        network = self._paired_network(estimator, X, y)
        given = self._given_knockoffs(X)
        n_draws = int(self.n_draws) if given is None else len(given)
        if self.offset == 0 and n_draws > 1:
            raise ValueError(
                f"offset=0 needs a single draw, because e-values have an offset of 1, got "
                f"{n_draws} draws. Set n_draws=1, or offset=1."
            )
        if self.fdr * self.n_features_in_ < 1:
            warn(
                f"No feature can be selected: with fdr={self.fdr:g} there must be evidence "
                f"for at least {np.ceil(1 / self.fdr):.0f}, but X has "
                f"{self.n_features_in_} features. Use a larger fdr."
            )
        seeds = np.random.RandomState(self._seed()).randint(2**31 - 1, size=n_draws)
        # The compiled engine works outside of Python's lock; threads share X.
        prefer = "threads" if engine_name() == "compiled" else None
        report = SelectionReport(self.verbose, "draws")
        report.print(f"{n_draws} draws of knockoffs of {self.n_features_in_} features")
        report.begin("", n_draws)
        draws = zip(self._draws(X, given, seeds), seeds)
        statistics = Parallel(n_jobs=self.n_jobs, prefer=prefer)(
            delayed(_statistics)(network, X, *draw, report, f"draw {i} of {n_draws}")
            for i, draw in enumerate(draws, 1)
        )
        self.knockoff_statistics_ = np.array(statistics)
        self._select()
        return self

    def _select(self):
        """Set thresholds, e-values and the support from the statistics."""
        n_draws = len(self.knockoff_statistics_)
        level = self.fdr if n_draws == 1 else self.fdr / 2
        self.threshold_ = np.array(
            [
                knockoff_threshold(statistics, level, self.offset, n_draws > 1)
                for statistics in self.knockoff_statistics_
            ]
        )
        pairs = zip(self.knockoff_statistics_, self.threshold_)
        self.e_values_ = np.mean([knockoff_e_values(*pair) for pair in pairs], axis=0)
        self.support_, self.e_value_threshold_ = e_bh(self.e_values_, self.fdr)
        if self.offset == 0:
            (statistics,), (threshold,) = self.knockoff_statistics_, self.threshold_
            self.support_ = statistics >= threshold
            self.e_value_threshold_ = self.e_values_[self.support_].min(initial=np.inf)

    def _paired_network(self, estimator, X, y):
        alphas = check_alphas(self.alphas)
        # Alphas are for the total weight of the samples.
        estimator.set_params(alpha=1.0, total_weight=None)._validate_params()
        data, targets = training_data(estimator, X, y, None)
        spec = network_spec(estimator, targets)
        refuse_constraints(spec)
        if spec.n_init > 1:
            raise ValueError(
                f"estimator has n_init={spec.n_init}, but KnockoffSelector fits each draw "
                "from one start. Set n_init=1; a larger n_draws averages over starts."
            )
        if has_groups(spec.penalties):
            raise ValueError(
                "The penalty of the first layer of estimator has groups, but "
                "KnockoffSelector compares single features: knockoffs of groups are not "
                "supported. Use a penalty without groups."
            )
        if isinstance(first_penalty(spec), Weighted):
            raise ValueError(
                "KnockoffSelector needs the same penalty for a feature and its knockoff, "
                "got a Weighted penalty on the first layer. Use its inner penalty."
            )
        encoded = data.y
        if isinstance(targets, NumberTargets) and targets.loss_name == "squared_error":
            encoded = standardized_targets(encoded)
        # The names are those of the features, without the knockoffs.
        spec = replace(spec, feature_names=None)
        return PairedNetwork(spec, targets, encoded, data.sample_weight, alphas)

    def _given_knockoffs(self, X):
        """Return an array of all draws if there is one, shape (n_draws, *X.shape)."""
        if isinstance(self.knockoffs, str) or callable(self.knockoffs):
            return None
        try:
            given = np.asarray(self.knockoffs, dtype=X.dtype)
        except (TypeError, ValueError) as error:
            raise ValueError(f"knockoffs must hold numbers: {error}") from error
        given = given[None] if given.ndim == 2 else given
        if given.ndim != 3 or given.shape[1:] != X.shape or not len(given):
            raise ValueError(
                f"knockoffs must have the shape of X, {X.shape}, or (n_draws, "
                f"{X.shape[0]}, {X.shape[1]}) for several draws, got the shape "
                f"{np.shape(self.knockoffs)}."
            )
        return _finite(given)

    def _draws(self, X, given, seeds):
        """Yield the knockoffs of each draw."""
        if given is not None:
            yield from given
            return
        # Not the random numbers of the starting weights.
        rngs = [np.random.RandomState([seed, 1]) for seed in seeds]
        if not callable(self.knockoffs):
            gaussian = GaussianKnockoffs(X)
            for rng in rngs:
                yield gaussian.draw(rng).astype(X.dtype)
            return
        for rng in rngs:
            drawn = np.asarray(self.knockoffs(X, rng), dtype=X.dtype)
            if drawn.shape != X.shape:
                raise ValueError(
                    "The callable knockoffs must return an array of the shape of X, "
                    f"{X.shape}, got the shape {drawn.shape}."
                )
            yield _finite(drawn)


def _statistics(network, X, knockoffs, seed, report, name):
    """Return the statistics of a draw, and print a line on them."""
    statistics = network.statistics(X, knockoffs, seed, report)
    report.done(line=f"{name}: {(statistics > 0).sum()} features before their knockoffs")
    return statistics


def _finite(knockoffs):
    if not np.isfinite(knockoffs).all():
        raise ValueError("knockoffs must be finite, but they contain NaN or infinity.")
    return knockoffs
