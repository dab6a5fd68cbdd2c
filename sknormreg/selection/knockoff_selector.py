"""Selection of features by knockoffs, at a false discovery rate."""

from collections.abc import Callable
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
from ..engine.losses import HalfSquaredError
from ..estimators.path import check_alphas, refuse_constraints
from ..estimators.specification import network_spec
from ..estimators.validation import training_data, validated_sample_weight
from ..penalties import GroupLasso, MaxNorm, Weighted
from .base import NetworkSelector, set_known
from .knockoff_draws import drawn_knockoffs, given_knockoffs
from .knockoff_filter import e_bh, knockoff_e_values, knockoff_threshold
from .knockoff_statistics import PairedNetwork, standardized_targets
from .refit import moderate
from .report import SelectionReport
from .selecting_penalty import first_penalty, with_groups


class KnockoffSelector(NetworkSelector):
    r"""Selection of features that controls the false discovery rate.

    A knockoff is a copy of a feature that has the same correlations with all other
    features, but that is drawn without looking at y. A network is fitted to the features
    and their knockoffs together. The statistic of feature j is

    .. math::

        W_j = \| w_j \|_2 - \| \tilde w_j \|_2,

    where :math:`w_j` are the weights from the feature to the first hidden layer, and
    :math:`\tilde w_j` those from its knockoff; with `groups`, those from all features of a
    group, and from all their knockoffs. For a feature without effect either sign is equally
    likely, so that the number of very negative statistics tells how many of the very
    positive ones are there by chance (Candès et al., 2018).

    Knockoffs are random. They are drawn `n_draws` times, and the evidence for each feature
    is averaged (Ren and Barber, 2024): in each draw, a feature whose statistic reaches the
    threshold T has the e-value

    .. math::

        e_j = \frac{p}{1 + \#\{k: W_k \leq -T\}},

    with p the number of features; other features have 0. The e-BH procedure selects
    features by the mean of their e-values.

    Parameters
    ----------
    estimator : RegularizedMLPClassifier, ...Regressor or ...Survival, default=None
        The network to fit. It is cloned; its `alpha` and `total_weight` do not matter. If
        None, a network with one hidden layer of 20 ReLU units and the penalty
        ``[GroupLasso(), MaxNorm(1)]``: a survival estimator if y is a structured array of
        events and times, a regressor if it holds floats, and a classifier otherwise. The
        penalty of the first layer must not be `Weighted`. Its `n_init` must be 1: draws
        differ in their starts.

    fdr : float, default=0.1
        False discovery rate that is controlled: the expected share of features (or of
        groups) without effect among those selected. At least ``1 / fdr`` of them are
        selected, or none.

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
        the group lasso removes features without effect. They are for the total weight of
        the samples.

    groups : list or dict, default=None
        Groups of features that are selected as one, such as the one-hot encoding of a
        categorical feature, in the form that :class:`~sknormreg.penalties.GroupLasso` takes
        them. The false discovery rate is then that of groups (Dai and Barber, 2016), and
        features in none of them are groups of one. None takes those of the estimator's
        penalty.

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
        The statistics W of each draw. All features of a group have that of the group.

    threshold_ : ndarray of shape (n_draws,)
        The threshold T of each draw; infinite if no statistic reaches it.

    e_values_ : ndarray of shape (n_features,)
        Mean of the e-values of the draws, at most the number p of features or groups. All
        features of a group have that of the group.

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
      normal variable has the same distribution.

    With groups, p is their number. A group has no effect if, given all features outside of
    it, y is independent of those in it, and only whole groups have to change places with
    their knockoffs. "gaussian" then draws group knockoffs with
    :math:`S_g = \gamma_g \Sigma_{gg}`, which may differ from the features however strongly
    those of a group are correlated: single one-hot columns have knockoffs that are nearly
    copies, because the other columns of their category determine them. The numbers
    :math:`\gamma_g` minimise the reconstructability (Spector and Janson, 2022). If a linear
    combination of the features of a group is constant, as the sum of one-hot columns is, it
    has the same value for the knockoffs. A penalty of groups in the first layer gets these
    groups, for the features and for the knockoffs. For knockoffs of your own, groups matter
    in the network and in the statistics only.

    Sample weights act in the mean, the scale and the covariance of the features and in the
    loss, where a sample of weight 2 is the same as the sample twice. It remains a single
    observation, with one knockoff, in the shrinkage of the covariance and in the grid of
    alphas, so that the unit of the weights does not matter. Samples of weight 0 are left
    out: a callable does not see them.

    If features are nearly collinear, knockoffs are nearly copies, and few features are
    selected, unless they are a group. As there must be evidence for ``1 / fdr`` features,
    five relevant features cannot be found with ``fdr=0.1``; use 0.2 or more, or
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

    R. Dai and R. F. Barber, "The knockoff filter for FDR control in group-sparse and
    multitask regression", ICML 2016.

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
        "groups": [list, tuple, dict, None],
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
        groups: Any = None,
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
        self.groups = groups
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Draw knockoffs, fit networks, and select features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values, or events and times as :class:`RegularizedMLPSurvival` takes
            them.

        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights. If None, all samples have the same weight. Samples of weight 0
            are left out.

        Returns
        -------
        self : object
            The fitted selector.

        Raises
        ------
        TypeError
            If X is sparse, or if `estimator` is not one of the two plain estimators.

        ValueError
            If data or parameters are not as described, or if knockoffs do not have the
            shape of X.

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
        given = given_knockoffs(self.knockoffs, X)
        X, y, given, sample_weight = _with_weight(X, y, given, sample_weight)
        shares = moderate(sample_weight)
        network = self._paired_network(estimator, X, y, sample_weight, shares)
        n_draws = int(self.n_draws) if given is None else len(given)
        labels = network.labels
        self._check_numbers(n_draws, _n_groups(labels, X))
        seeds = np.random.RandomState(self._seed()).randint(2**31 - 1, size=n_draws)
        draws = given
        if draws is None:
            draws = drawn_knockoffs(self.knockoffs, X, shares, labels, seeds)
        self._select(self._compared(network, X, draws, seeds), labels)
        return self

    def _check_numbers(self, n_draws, n_groups):
        """Raise an error, or warn, where nothing can be selected."""
        if self.offset == 0 and n_draws > 1:
            raise ValueError(
                f"offset=0 needs a single draw, because e-values have an offset of 1, got "
                f"{n_draws} draws. Set n_draws=1, or offset=1."
            )
        if self.fdr * n_groups < 1:
            unit = "feature" if n_groups == self.n_features_in_ else "group"
            warn(
                f"No feature can be selected: with fdr={self.fdr:g} there must be evidence "
                f"for at least {np.ceil(1 / self.fdr):.0f}, but X has {n_groups} {unit}"
                f"{'' if n_groups == 1 else 's'}. Use a larger fdr."
            )

    def _compared(self, network, X, draws, seeds):
        """Return the statistics of all draws, shape (n_draws, n_groups)."""
        n_draws, n_groups = len(seeds), _n_groups(network.labels, X)
        # The compiled engine works outside of Python's lock; threads share X.
        prefer = "threads" if engine_name() == "compiled" else None
        report = SelectionReport(self.verbose, "draws")
        groups = "" if network.labels is None else f" in {n_groups} groups"
        report.print(
            f"{n_draws} draws of knockoffs of {self.n_features_in_} features{groups}"
        )
        report.begin("", n_draws)
        statistics = Parallel(n_jobs=self.n_jobs, prefer=prefer)(
            delayed(_statistics)(network, X, *draw, report, f"draw {i} of {n_draws}")
            for i, draw in enumerate(zip(draws, seeds), 1)
        )
        return np.array(statistics)

    def _select(self, statistics, labels):
        """Set thresholds, e-values and the support from the statistics of groups."""
        n_draws = len(statistics)
        level = self.fdr if n_draws == 1 else self.fdr / 2
        self.threshold_ = np.array(
            [knockoff_threshold(one, level, self.offset, n_draws > 1) for one in statistics]
        )
        pairs = zip(statistics, self.threshold_)
        e_values = np.mean([knockoff_e_values(*pair) for pair in pairs], axis=0)
        support, self.e_value_threshold_ = e_bh(e_values, self.fdr)
        if self.offset == 0:
            support = statistics[0] >= self.threshold_[0]
            self.e_value_threshold_ = e_values[support].min(initial=np.inf)
        # One number for each feature, which is that of its group.
        of_features = slice(None) if labels is None else labels
        self.knockoff_statistics_ = statistics[:, of_features]
        self.e_values_, self.support_ = e_values[of_features], support[of_features]

    def _paired_network(self, estimator, X, y, sample_weight, shares):
        alphas = check_alphas(self.alphas)
        # Alphas are for the total weight of the samples.
        set_known(estimator, alpha=1.0, total_weight=None)
        data, targets = training_data(estimator, X, y, sample_weight)
        spec = network_spec(estimator, targets)
        refuse_constraints(spec)
        if spec.n_init > 1:
            raise ValueError(
                f"estimator has n_init={spec.n_init}, but KnockoffSelector fits each draw "
                "from one start. Set n_init=1; a larger n_draws averages over starts."
            )
        if isinstance(first_penalty(spec), Weighted):
            raise ValueError(
                "KnockoffSelector needs the same penalty for a feature and its knockoff, "
                "got a Weighted penalty on the first layer. Use its inner penalty."
            )
        encoded = data.y
        if isinstance(spec.loss, HalfSquaredError):
            encoded = standardized_targets(encoded, shares)
        labels: Any = self._groups_of(spec).labels
        n_groups = labels.max() + 1
        penalty = with_groups(spec, np.concatenate([labels, labels + n_groups]))
        # The names are those of the features, without the knockoffs.
        pairs = np.tile(np.arange(len(labels)), 2)
        spec = spec.of_features(pairs, penalty=penalty)
        if n_groups == len(labels):
            labels = None
        weights = data.sample_weight, shares
        return PairedNetwork(spec, targets, encoded, *weights, alphas, labels)


def _with_weight(X, y, given, sample_weight):
    """Return the samples of positive weight, with their knockoffs, if any are given."""
    sample_weight = validated_sample_weight(sample_weight, X)
    if sample_weight is None or sample_weight.all():
        return X, y, given, sample_weight
    kept = np.flatnonzero(sample_weight)
    if len(kept) < 2:
        raise ValueError(
            f"sample_weight must be above 0 for at least 2 samples, got {len(kept)}: "
            "samples of weight 0 are left out."
        )
    given = None if given is None else given[:, kept]
    return X[kept], y[kept], given, sample_weight[kept]


def _n_groups(labels, X):
    return X.shape[1] if labels is None else labels.max() + 1


def _statistics(network, X, knockoffs, seed, report, name):
    """Return the statistics of a draw, and print a line on them."""
    statistics = network.statistics(X, knockoffs, seed, report)
    unit = "features" if network.labels is None else "groups"
    report.done(line=f"{name}: {(statistics > 0).sum()} {unit} before their knockoffs")
    return statistics
