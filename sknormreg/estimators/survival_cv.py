"""Survival analysis with cross-validation: parameters, and the default score."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from sklearn.utils._param_validation import StrOptions

from ..engine import make_engine
from ..fitting.fit import FittedNetwork
from .cross_validation import RegularizedMLPCV, cv_constraints
from .docstrings import CV_ATTRIBUTES, CV_PARAMETERS, document_estimator
from .ensemble import EnsembleMixin, averaged
from .hints import Activations, MonotonicCst, Numbers, Penalties, RandomState, Sizes
from .scoring import Fold
from .search_summary import SummaryMixin
from .survival import RegularizedMLPSurvival
from .survival_docstrings import (
    SURVIVAL_ATTRIBUTES,
    SURVIVAL_CV_PARAMETERS,
    SURVIVAL_PARAMETERS,
)
from .survival_predictions import SurvivalPredictions


@document_estimator(
    parameters=SURVIVAL_PARAMETERS + CV_PARAMETERS + SURVIVAL_CV_PARAMETERS,
    attributes=SURVIVAL_ATTRIBUTES + CV_ATTRIBUTES,
)
class RegularizedMLPSurvivalCV(
    EnsembleMixin, SurvivalPredictions, SummaryMixin, RegularizedMLPCV
):
    """Cox model of a multilayer perceptron that chooses `alpha` by cross-validation.

    For each fold, a regularization path of networks is fitted, from the smallest alpha
    (dense) to the largest (sparse), and scored by the partial likelihood. The final network
    is then fitted to all samples along the same path, up to the alpha chosen by `rule`.

    The objective, the form of y, and all parameters that do not concern the search, are
    those of :class:`RegularizedMLPSurvival`. `hidden_layer_sizes`, `activation`, `l1_ratio`
    and `relax` may be lists of candidates, whose combinations are searched together with
    the alphas (see `max_paths`).

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    RegularizedMLPSurvival : The same model for a given `alpha`.
    RegularizedMLPRegressorCV : The same search for regression.
    regularization_path : Networks along a path of alphas.

    Notes
    -----
    With ``continuation=False`` and a `scoring`, the result is that of
    :class:`~sklearn.model_selection.GridSearchCV` over the same folds and alphas. The
    objective is not convex: with warm starts, training may end in other local minima than
    without.

    References
    ----------
    P. J. M. Verweij and H. C. van Houwelingen, "Cross-Validation in Survival Analysis",
    Statistics in Medicine 12, 1993.

    N. Meinshausen, "Relaxed Lasso", Computational Statistics and Data Analysis 52, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from sknormreg import RegularizedMLPSurvivalCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 5))
    >>> time = rng.exponential(np.exp(-X[:, 0]))
    >>> y = np.column_stack([time < 1, np.minimum(time, 1)])
    >>> mlp = RegularizedMLPSurvivalCV((5,), alphas=6, cv=3, random_state=0)
    >>> mlp.fit(X, y).scores_.shape
    (6, 3)
    """

    _plain_class = RegularizedMLPSurvival

    _parameter_constraints: dict = cv_constraints(RegularizedMLPSurvival) | {
        "scoring": [StrOptions({"concordance"}), callable, None]
    }

    _name_of_score = "log partial likelihood"

    def __init__(
        self,
        hidden_layer_sizes: Sizes | Sequence[Sequence[int]] = (100,),
        activation: Activations | Sequence[Activations] = "tanh",
        *,
        penalty: Penalties = "l2",
        alphas: int | Sequence[float] | np.ndarray = 20,
        l1_ratio: Numbers = 0.5,
        monotonic_cst: MonotonicCst = None,
        ties: str = "efron",
        solver: str = "auto",
        max_iter: int = 2000,
        max_fun: int = 15000,
        max_time: float | None = None,
        tol: float | str = "auto",
        loss_threshold: float | None = None,
        n_iter_no_change: float = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_init: int = 1,
        cv: Any = None,
        scoring: str | Callable | None = None,
        rule: str = "best",
        max_paths: int = 50,
        relax: bool | float | Sequence[bool | float] = False,
        continuation: bool = True,
        ensemble: bool = False,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: bool | int = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.penalty = penalty
        self.alphas = alphas
        self.l1_ratio = l1_ratio
        self.monotonic_cst = monotonic_cst
        self.ties = ties
        self.solver = solver
        self.max_iter = max_iter
        self.max_fun = max_fun
        self.max_time = max_time
        self.tol = tol
        self.loss_threshold = loss_threshold
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_init = n_init
        self.cv = cv
        self.scoring = scoring
        self.rule = rule
        self.max_paths = max_paths
        self.relax = relax
        self.continuation = continuation
        self.ensemble = ensemble
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def _folds(self, *args):
        folds = super()._folds(*args)
        if self.scoring is not None:
            return folds
        return [LikelihoodFold.of(fold) for fold in folds]

    def _of_predictions(self, estimators, folds):
        """Return the baseline of an ensemble, after each of its networks has its own."""
        raws = []
        data, samples = folds[0].data, [*(fold.train for fold in folds), slice(None)]
        weight = data.sample_weight
        for estimator, rows in zip(estimators, samples, strict=True):
            raw = estimator._raw_outputs(data.X)
            of_rows = None if weight is None else weight[rows]
            own = estimator._of_raw_outputs(raw[rows], data.y[rows], of_rows)
            vars(estimator).update(own)
            raws.append(raw)
        return self._of_raw_outputs(averaged(raws), data.y, weight)


@dataclass(frozen=True)
class LikelihoodFold(Fold):
    """Fold whose score is the partial likelihood that its held-out samples add."""

    @classmethod
    def of(cls, fold: Fold) -> "LikelihoodFold":
        """Return the same fold with this score.

        Raises
        ------
        ValueError
            If no event is held out.
        """
        own = cls(**{field.name: getattr(fold, field.name) for field in fields(fold)})
        if not own._weight_of_events() > 0:
            raise ValueError(
                "The held-out samples of a fold have no event: use fewer folds, or a "
                "splitter that stratifies by the event."
            )
        return own

    def score(self, fitted: FittedNetwork, params: dict[str, Any] | None = None) -> float:
        """Return the mean log partial likelihood of the held-out events."""
        network = fitted.network
        X, y, weight = self.data
        raw = make_engine(network).raw_predict(
            network.coefs(fitted.params), network.intercepts(fitted.params), X
        )
        loss: Any = network.loss
        of_train = None if weight is None else weight[self.train]
        added = loss.value(y, raw, weight)
        added -= loss.value(y[self.train], raw[self.train], of_train)
        return -added / self._weight_of_events()

    def _weight_of_events(self):
        _, y, weight = self.data
        events = y[self.test, 0]
        return float(np.sum(events if weight is None else events * weight[self.test]))
