"""What vanishes along the regularization path, and what it costs."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from ..estimators.base import RegularizedMLP
from ..estimators.cross_validation import RegularizedMLPCV, chosen
from ..estimators.path import fitted_path
from ..fitted.importances import numbered_names
from ..fitted.meta_estimators import AROUND, passed_on, unwrapped
from ..fitted.mixin import as_dense
from ..fitting.precision import COMPARED
from .cv import checked_scores, shown_name
from .drawing import (
    BLUE,
    check_stacked,
    name_below,
    require_matplotlib,
    scale_alphas,
    stacked_axes,
    tidy,
)
from .feature_lines import FeatureLines
from .labels import checked_names, name_of_scoring
from .scores import draw_scores, leave_out_collapsed, mark_alpha, mark_one_se

# What can be shown, and the heights of its Axes.
_HEIGHTS = {"norms": 3, "weights": 3, "score": 2, "n_features": 1.4}


class RegularizationPathDisplay:
    """Weights, score and number of inputs along the regularization path.

    Use :meth:`from_path` to make one of what `regularization_path` returns, or
    :meth:`from_estimator` to make one of an estimator and data; a fitted
    `RegularizedMLPClassifierCV` or `RegularizedMLPRegressorCV` brings its scores and the
    alpha that it has chosen.

    Parameters
    ----------
    alphas : ndarray of shape (n_alphas,)
        Alphas in ascending order.

    coefs : list of {ndarray, sparse matrix} of shape (n_features, fan_out)
        The weights of the first layer at each alpha.

    n_features : ndarray of shape (n_alphas,)
        Number of inputs that have any effect.

    scores : ndarray of shape (n_alphas, n_folds) or None, default=None
        Scores on rows left out; greater is better.

    alpha : float or None, default=None
        The alpha that was chosen.

    feature_names : array-like of str of shape (n_features,) or None, default=None
        Names of the inputs. None calls them x0, x1, and so on.

    score_name : str, default="score"
        What to call the score.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Figure with the path.

    axes_ : ndarray of matplotlib Axes
        One for each of what is shown, from top to bottom.

    ax_ : matplotlib Axes
        The first of them.

    norm_lines_ : list of matplotlib Line2D or None
        The norm of each input's weights, in the order of the inputs; None if they are not
        shown, as for all that follow.

    weight_lines_ : list of matplotlib Line2D or None
        Single weights, in the order of the rows of the weight matrix.

    score_line_ : matplotlib Line2D or None
        The mean scores.

    score_band_ : matplotlib PolyCollection or None
        One standard error to both sides of them.

    n_features_line_ : matplotlib Line2D or None
        The number of inputs, in steps.

    alpha_lines_ : list of matplotlib Line2D
        The lines at the chosen alpha, one in each of the Axes.

    See Also
    --------
    sknormreg.regularization_path : The networks of all alphas.
    CVDisplay : The scores by themselves.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> from sknormreg import regularization_path
    >>> from sknormreg.displays import RegularizationPathDisplay
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> path = regularization_path(
    ...     scale(X), scale(y), penalty="group_lasso", hidden_layer_sizes=(5,),
    ...     random_state=0,
    ... )
    >>> display = RegularizationPathDisplay.from_path(path, feature_names=X.columns)
    >>> len(display.norm_lines_)
    10
    """

    def __init__(
        self,
        alphas,
        coefs,
        n_features,
        *,
        scores=None,
        alpha=None,
        feature_names=None,
        score_name="score",
    ):
        self.alphas = alphas
        self.coefs = coefs
        self.n_features = n_features
        self.scores = scores
        self.alpha = alpha
        self.feature_names = feature_names
        self.score_name = score_name

    @classmethod
    def from_path(
        cls,
        path,
        *,
        scores=None,
        alpha=None,
        feature_names=None,
        ax=None,
        show=None,
        max_labels=8,
        negate_score=False,
        score_name=None,
        line_kw=None,
    ):
        """Draw what `regularization_path` has returned.

        Parameters
        ----------
        path : Bunch
            What `regularization_path` has returned.

        scores : array-like of shape (n_alphas, n_folds), default=None
            Scores at its alphas; greater is better.

        alpha : float, default=None
            An alpha to mark.

        feature_names : array-like of str of shape (n_features,), default=None
            Names of the inputs. None calls them x0, x1, and so on.

        ax : matplotlib Axes or array-like of them, default=None
            As :meth:`plot` takes it.

        show : str or list of str, default=None
            As :meth:`plot` takes it.

        max_labels : int, default=8
            As :meth:`plot` takes it.

        negate_score : bool, default=False
            Whether to reverse the sign of the scores.

        score_name : str, default=None
            What to call the score. None calls it "score".

        line_kw : dict, default=None
            Keyword arguments of the lines of the inputs, or of the weights.

        Returns
        -------
        display : RegularizationPathDisplay
            Drawn.

        Raises
        ------
        TypeError
            If `path` is something else, or `ax` is no Axes.

        ValueError
            If the shape of scores or names does not agree with the path, or if `show` or
            `max_labels` is not as described.
        """
        require_matplotlib(f"{cls.__name__}.from_path")
        if not all(hasattr(path, name) for name in ("alphas", "coefs", "n_features")):
            raise TypeError(
                f"path must be what regularization_path returns, got {type(path)}. Of an "
                "estimator, from_estimator makes a display."
            )
        display = cls(
            **_of_path(path), scores=scores, alpha=alpha, feature_names=feature_names
        )
        return display.plot(
            ax,
            show=show,
            max_labels=max_labels,
            negate_score=negate_score,
            score_name=score_name,
            line_kw=line_kw,
        )

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        alphas=None,
        sample_weight=None,
        feature_names=None,
        ax=None,
        show=None,
        max_labels=8,
        negate_score=False,
        score_name=None,
        line_kw=None,
    ):
        """Fit along the regularization path, and draw it.

        Parameters
        ----------
        estimator : object
            A fitted `RegularizedMLPClassifierCV` or `RegularizedMLPRegressorCV`, whose
            path is fitted once more, now to all rows, with its scores; a
            `RegularizedMLPClassifier` or `RegularizedMLPRegressor`, fitted or not; or a
            fitted pipeline, search or TransformedTargetRegressor around one of them.

        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data, as the estimator takes it.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values.

        alphas : int or array-like of shape (n_alphas,), default=None
            The alphas, or their number, as `regularization_path` takes it. None is those
            that a ...CV estimator has compared, and 20 for other estimators.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        feature_names : array-like of str of shape (n_features,), default=None
            Names of the inputs. None takes those of X, or those that the estimator knows.

        ax : matplotlib Axes or array-like of them, default=None
            As :meth:`plot` takes it.

        show : str or list of str, default=None
            As :meth:`plot` takes it.

        max_labels : int, default=8
            As :meth:`plot` takes it.

        negate_score : bool, default=False
            Whether to reverse the sign of the scores: for errors, such as
            ``scoring="neg_log_loss"``.

        score_name : str, default=None
            What to call the score. None takes it from `scoring`.

        line_kw : dict, default=None
            Keyword arguments of the lines of the inputs, or of the weights.

        Returns
        -------
        display : RegularizationPathDisplay
            Drawn.

        Raises
        ------
        TypeError
            If it is another estimator, or `ax` is no Axes.

        ValueError
            If `alphas` are given for a ...CV estimator, which has its own, or if other
            parameters are not as described.

        NotFittedError
            If the ...CV estimator, or what is around an estimator, is not fitted.

        Notes
        -----
        With ``relax`` the chosen network is fitted anew to the inputs that the penalty
        selects: the path shows the weights before. Without, it is shown at its alpha; it
        has been trained further than its neighbours, and may have fewer inputs. Scores are
        those of the chosen `relax`, and so are the marks of the best one and of the
        one-standard-error rule.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        model, names = _path_model(estimator, alphas)
        X, y = passed_on(estimator, X, y)
        # Before the path is fitted, which takes its time.
        shown = _checked_show(show, isinstance(model, RegularizedMLPCV))
        check_stacked(ax, len(shown))
        _check_max_labels(max_labels)
        names = _names_of_columns(X, names)
        feature_names = checked_names("feature_names", feature_names, len(names), names)
        found = _fitted_path(model, X, y, alphas, sample_weight)
        display = cls(**found, feature_names=feature_names)
        return display.plot(
            ax,
            show=shown,
            max_labels=max_labels,
            negate_score=negate_score,
            score_name=score_name,
            line_kw=line_kw,
        )

    def plot(
        self,
        ax=None,
        *,
        show=None,
        max_labels=8,
        negate_score=False,
        score_name=None,
        line_kw=None,
    ):
        """Draw the path.

        Inputs that stay longest have colours and are named. The others are grey: dark
        where the network of the chosen alpha keeps them, else light.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of them, default=None
            As many Axes as there are things to show; or one, which is then divided among
            them. None makes a new figure, whose axis of scores leaves out networks that
            are nearly empty where the others could not be told apart.

        show : str or list of str, default=None
            What to show, from top to bottom:

            - "norms": the Euclidean norm of each input's weights.
            - "weights": single weights of the first layer; of more than 2000 the largest.
            - "score": mean scores, with one standard error.
            - "n_features": the number of inputs that have any effect.

            None is norms, scores if there are any, and the number of inputs.

        max_labels : int, default=8
            How many inputs are named at most.

        negate_score : bool, default=False
            Whether to reverse the sign of the scores.

        score_name : str, default=None
            What to call the score. None takes the name that the display has.

        line_kw : dict, default=None
            Keyword arguments of the lines of the inputs, or of the weights.

        Returns
        -------
        self : RegularizationPathDisplay
            The display.

        Raises
        ------
        TypeError
            If `ax` is no Axes.

        ValueError
            If the shapes of what the display holds do not agree, if there are no scores to
            show, or if parameters are not as described.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        show = _checked_show(show, self.scores is not None)
        _check_max_labels(max_labels)
        if "score" in show:
            checked_scores(self.alphas, self.scores)
        norms = np.array([np.linalg.norm(as_dense(coef), axis=1) for coef in self.coefs])
        names = numbered_names(norms.shape[1])
        names = checked_names("feature_names", self.feature_names, len(names), names)
        inputs = FeatureLines(self.alphas, self.alpha, norms, names, max_labels, line_kw)
        sign = -1 if negate_score else 1
        score_name = shown_name(score_name, self.score_name, negate_score)
        with stacked_axes(ax, [_HEIGHTS[name] for name in show]) as axes:
            self._mark_alpha(axes)
            self._draw(axes, show, inputs, sign, score_name)
            if ax is None and "score" in show:
                _, scores = checked_scores(self.alphas, self.scores)
                leave_out_collapsed(axes[show.index("score")], scores, sign)
        if np.ndim(ax) == 0:
            name_below(axes)
        self.axes_, self.ax_ = np.array(axes, dtype=object), axes[0]
        self.figure_ = self.ax_.figure
        return self

    def _draw(self, axes, show, inputs, sign, score_name):
        self.norm_lines_ = self.weight_lines_ = None
        self.score_line_ = self.score_band_ = self.n_features_line_ = None
        for name, panel in zip(show, axes):
            if name == "norms":
                self.norm_lines_ = inputs.draw_norms(panel)
            elif name == "weights":
                self.weight_lines_ = inputs.draw_weights(panel, self.coefs)
            elif name == "score":
                self._draw_score(panel, sign, score_name)
            else:
                self._draw_n_features(panel)
            scale_alphas(panel, np.asarray(self.alphas))
            tidy(panel)

    def _mark_alpha(self, axes):
        self.alpha_lines_ = []
        if self.alpha is not None:
            self.alpha_lines_ = [mark_alpha(panel, self.alpha) for panel in axes]
        # In one legend.
        for line in self.alpha_lines_[1:]:
            line.set_label("_")

    def _draw_score(self, ax, sign, label):
        alphas, scores = checked_scores(self.alphas, self.scores)
        artists = draw_scores(ax, alphas[0], scores[0], sign)
        self.score_line_, self.score_band_ = artists.line, artists.band
        mark_one_se(ax, alphas, scores, sign)
        ax.set_ylabel(label)
        ax.legend(loc="best", fontsize="small")

    def _draw_n_features(self, ax):
        (self.n_features_line_,) = ax.step(
            self.alphas, self.n_features, where="mid", color=BLUE
        )
        ax.set_ylabel("inputs left")
        ax.set_ylim(bottom=0)
        ax.yaxis.get_major_locator().set_params(integer=True)


def _checked_show(show, has_scores):
    """What to show, from top to bottom, as a list.

    Raises
    ------
    ValueError
        If it is something else, or scores that there are not.
    """
    if show is None:
        return ["norms", "score", "n_features"] if has_scores else ["norms", "n_features"]
    given, show = show, [show] if isinstance(show, str) else show
    show = list(show) if np.iterable(show) else []
    if not show or not all(isinstance(name, str) and name in _HEIGHTS for name in show):
        raise ValueError(
            f"show must be one of {', '.join(map(repr, _HEIGHTS))}, or a list of them, "
            f"got {given!r}."
        )
    if "score" in show and not has_scores:
        raise ValueError(
            "show has 'score', but there are no scores: give scores, or make the "
            "display of a fitted ...CV estimator."
        )
    return show


def _check_max_labels(max_labels):
    if not isinstance(max_labels, Integral) or max_labels < 0:
        raise ValueError(f"max_labels must be an int of at least 0, got {max_labels!r}.")


def _path_model(estimator, alphas):
    """The estimator whose path is fitted, and what the steps before it call its inputs.

    Raises
    ------
    TypeError
        If it is another one.

    ValueError
        If alphas are given though it has its own.

    NotFittedError
        If it is not fitted where it has to be.
    """
    model, names = unwrapped(estimator)
    if isinstance(model, RegularizedMLPCV):
        if alphas is not None:
            raise ValueError(
                "alphas must be None for an estimator that has compared its own."
            )
        check_is_fitted(model)
    elif not isinstance(model, RegularizedMLP):
        raise TypeError(
            "estimator must be a RegularizedMLPClassifier or a RegularizedMLPRegressor, "
            f"or the ...CV estimator of either, or {AROUND}, got {estimator!r}."
        )
    return model, names


def _names_of_columns(X, known):
    """The names that X has, or those that the estimator knows, or else numbered ones."""
    columns = BaseEstimator()
    validate_data(columns, X, skip_check_array=True)
    for names in (getattr(columns, "feature_names_in_", None), known):
        if names is not None and len(names) == columns.n_features_in_:
            return names
    return numbered_names(columns.n_features_in_)


def _fitted_path(model, X, y, alphas, sample_weight):
    """What a display is made of: of an estimator that has compared alphas, with scores."""
    if isinstance(model, RegularizedMLPCV):
        return _fitted_path_of_cv(model, X, y, sample_weight)
    path = fitted_path(clone(model), X, y, 20 if alphas is None else alphas, sample_weight)
    return _of_path(path)


def _of_path(path):
    return dict(
        alphas=path.alphas,
        coefs=[coefs[0] for coefs in path.coefs],
        n_features=path.n_features,
    )


def _fitted_path_of_cv(model, X, y, sample_weight):
    """The path of the chosen candidate, as the refit to all rows has gone along it."""
    scores = model.scores_.reshape(-1, *model.scores_.shape[-2:])
    best, _ = chosen(scores, model.rule, model._n_sharing)
    # A comparison that was ended has none of the larger alphas.
    n_compared = np.flatnonzero(~np.isnan(scores[best].mean(axis=-1)))[-1] + 1
    alphas = model.alphas_.reshape(len(scores), -1)[best][:n_compared]
    plain = model._plain().set_params(
        hidden_layer_sizes=model.hidden_layer_sizes_,
        l1_ratio=model.l1_ratio_,
        random_state=model._seed,
    )
    path = fitted_path(plain, X, y, alphas, sample_weight, model.continuation, COMPARED)
    found = _of_path(path)
    # Beyond its end the path stays as it is, and so do the scores.
    missing = len(alphas) - len(path.alphas)
    found["coefs"] += found["coefs"][-1:] * missing
    found["n_features"] = np.pad(path.n_features, (0, missing), mode="edge")
    found["alphas"] = alphas
    if model.relax_ is None:
        # The chosen network has been trained further than those of the path.
        index = np.searchsorted(alphas, model.alpha_)
        found["coefs"][index] = model.coefs_[0]
        found["n_features"][index] = model.selected_features_.sum()
    name = name_of_scoring(model.scoring, model)
    compared = dict(scores=scores[best][:n_compared], score_name=name)
    return found | compared | dict(alpha=model.alpha_)
