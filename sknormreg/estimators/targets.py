"""Kinds of targets: how they are encoded, weighted and scored, and the loss they have."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.utils import column_or_1d, compute_class_weight
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from ..engine.losses import (
    BinaryLogLoss,
    Loss,
    MultinomialLogLoss,
)
from .regression_losses import (
    check_domain,
    check_quantiles,
    for_outputs,
    regression_loss,
    score_of,
)

if TYPE_CHECKING:
    from .hold_out import HoldOut


class Targets(ABC):
    """Targets of one kind, as an estimator has learnt them.

    Attributes
    ----------
    n_outputs : int
        Of the network.
    """

    n_outputs: int

    @abstractmethod
    def attributes(self) -> dict[str, Any]:
        """Return the attributes of an estimator that hold what was learnt."""

    @abstractmethod
    def loss(self) -> Loss:
        """Return the loss between encoded targets and raw outputs."""

    @abstractmethod
    def encode(self, y: Any, dtype: np.dtype, name: str = "y") -> np.ndarray:
        """Return `y` as the loss takes it, after a check that it fits what was learnt."""

    @abstractmethod
    def score(self, y: Any, raw: np.ndarray, sample_weight: np.ndarray | None) -> float:
        """Compute `score` of an estimator, from encoded targets and raw outputs.

        The raw outputs may be overwritten.
        """

    def weighted(
        self, sample_weight: np.ndarray | None, y: Any, encoded: np.ndarray
    ) -> np.ndarray | None:
        """Return sample weights times class weights."""
        return sample_weight

    def strata(self, encoded: np.ndarray) -> np.ndarray | None:
        """Return what a validation split is stratified by, or None."""
        return None

    def of_splits(self, y: Any, encoded: np.ndarray) -> tuple[Any, bool]:
        """Return what splitters are given as y, and whether they stratify by default."""
        return y, False

    @abstractmethod
    def check_rows(self, encoded: np.ndarray, hold_out: "HoldOut | None") -> None:
        """Raise a ValueError where some of the samples are not enough to fit to.

        Parameters
        ----------
        encoded : ndarray
            Encoded targets of these samples.

        hold_out : HoldOut or None
        """


@dataclass(frozen=True)
class ClassTargets(Targets):
    """Class labels, or indicators of labels.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)

    multilabel : bool

    sparse_labels : bool
        Whether indicators of labels are predicted as a sparse matrix.

    class_weight : dict, list of dict, "balanced" or None

    label_smoothing : float
    """

    classes: np.ndarray
    multilabel: bool = False
    sparse_labels: bool = False
    class_weight: object = None
    label_smoothing: float = 0.0

    @classmethod
    def learnt(cls, y: Any, estimator: Any) -> Self:
        """Learn the classes that there are.

        Raises
        ------
        ValueError
            If there is one class only.
        """
        check_classification_targets(y)
        multilabel = type_of_target(y, input_name="y").startswith("multilabel")
        if multilabel:
            classes = np.arange(y.shape[1])
        else:
            classes = np.unique(column_or_1d(y))
        if not multilabel and len(classes) < 2:
            (label,) = classes.tolist()
            raise ValueError(
                f"{type(estimator).__name__} needs samples of at least 2 classes in the "
                f"data, but the data contains only one class: {label!r}."
            )
        return cls._of(classes, multilabel, sparse.issparse(y), estimator)

    @classmethod
    def known_to(cls, estimator: Any) -> Self:
        """Return the targets that an estimator has learnt before."""
        kind = estimator._multilabel, estimator._sparse_labels
        return cls._of(estimator.classes_, *kind, estimator)

    @classmethod
    def _of(cls, classes, multilabel, sparse_labels, estimator):
        regularised = estimator.class_weight, estimator.label_smoothing
        return cls(classes, multilabel, sparse_labels, *regularised)

    def attributes(self) -> dict[str, Any]:
        return {
            "classes_": self.classes,
            "_multilabel": self.multilabel,
            "_sparse_labels": self.sparse_labels,
        }

    @property
    def n_outputs(self) -> int:  # type: ignore[override]
        n_classes = len(self.classes)
        return n_classes if self.multilabel or n_classes > 2 else 1

    def loss(self) -> Loss:
        if self.multilabel or len(self.classes) <= 2:
            return BinaryLogLoss(self.label_smoothing)
        return MultinomialLogLoss(len(self.classes), self.label_smoothing)

    def encode(self, y: Any, dtype: np.dtype, name: str = "y") -> np.ndarray:
        check_classification_targets(y)
        if self.multilabel:
            return self._encode_labels(y, dtype, name)
        if y.ndim == 2 and y.shape[1] > 1:
            raise ValueError(
                f"{name} must have one label for each sample, got shape {y.shape}."
            )
        y = column_or_1d(y, warn=True)
        unseen = np.setdiff1d(y, self.classes)
        if len(unseen):
            raise ValueError(
                f"{name} contains classes {unseen.tolist()} that are not in classes_ = "
                f"{self.classes.tolist()}."
            )
        codes = np.searchsorted(self.classes, y).clip(max=len(self.classes) - 1)
        if not np.array_equal(self.classes[codes], y):
            raise ValueError(
                f"classes_ must be sorted, as fit leaves it, got {self.classes.tolist()}."
            )
        return codes if len(self.classes) > 2 else codes[:, None].astype(dtype)

    def _encode_labels(self, y, dtype, name):
        if y.ndim != 2 or y.shape[1] != len(self.classes):
            raise ValueError(
                f"{name} must be an indicator matrix of {len(self.classes)} labels, "
                f"got shape {y.shape}."
            )
        # Sparse ones are converted first, so that only one dense matrix is made.
        if sparse.issparse(y):
            return y.astype(dtype).toarray()
        return y.astype(dtype, order="C")

    def weighted(
        self, sample_weight: np.ndarray | None, y: Any, encoded: np.ndarray
    ) -> np.ndarray | None:
        if self.class_weight is None:
            return sample_weight
        dtype = np.float64 if sample_weight is None else sample_weight.dtype
        if self.multilabel:
            weights = compute_sample_weight(self.class_weight, y)
        else:
            codes = encoded.astype(np.intp).ravel()
            weights = self._weights_of_classes(column_or_1d(y), codes, sample_weight)[codes]
        if not (np.isfinite(weights).all() and (weights >= 0).all()):
            raise ValueError(
                "class_weight must be finite and at least 0 for every class; 'balanced' "
                "needs samples of positive sample_weight in every class."
            )
        if sample_weight is not None:
            weights = weights * sample_weight
        if not weights.any():
            raise ValueError("class_weight gives all samples a weight of 0.")
        return weights.astype(dtype, copy=False)

    def _weights_of_classes(self, y, codes, sample_weight):
        # The rows of a fold may lack a class, and "balanced" weighs those there are.
        present = np.arange(len(self.classes))
        if isinstance(self.class_weight, str):
            present = np.unique(codes)
        per_class = np.zeros(len(self.classes))
        with np.errstate(divide="ignore", invalid="ignore"):
            per_class[present] = compute_class_weight(
                self.class_weight,
                classes=self.classes[present],
                y=y,
                sample_weight=sample_weight,
            )
        return per_class

    def of_splits(self, y: Any, encoded: np.ndarray) -> tuple[Any, bool]:
        return y, True

    def strata(self, encoded: np.ndarray) -> np.ndarray | None:
        if self.multilabel:
            return None
        return self.classes[encoded.astype(np.intp).ravel()]

    def check_rows(self, encoded: np.ndarray, hold_out: "HoldOut | None") -> None:
        if self.multilabel:
            return
        present = np.unique(encoded).astype(np.intp)
        if len(present) < 2:
            raise ValueError(
                "The training samples of a fold are of one class only, "
                f"{self.classes[present].tolist()}: use fewer folds, or a splitter that "
                "stratifies, or leave out classes of so few samples."
            )
        if hold_out is not None:
            # Raises an error before the first fit rather than in one of the folds.
            hold_out.strata(encoded)

    def score(self, y: Any, raw: np.ndarray, sample_weight: np.ndarray | None) -> float:
        correct = y == decided_codes(raw, self.multilabel)
        correct = correct.all(axis=1) if correct.ndim == 2 else correct
        return float(np.average(correct, weights=sample_weight))


def decided_codes(raw: np.ndarray, multilabel: bool) -> np.ndarray:
    """Return encoded predictions, from raw outputs of a classifier."""
    if multilabel or raw.shape[1] == 1:
        return (raw > 0).astype(np.intp)
    return raw.argmax(axis=1)


@dataclass(frozen=True)
class NumberTargets(Targets):
    """Numbers, one or several for each sample.

    Attributes
    ----------
    n_outputs : int

    function : Loss

    description : str
        The parameters that the loss was chosen by.
    """

    n_outputs: int
    function: Loss
    description: str

    @classmethod
    def learnt(cls, y: Any, estimator: Any) -> Self:
        """Learn the number of outputs.

        Raises
        ------
        ValueError
            If several quantiles are not in order, or asked of several targets.
        """
        n_targets = 1 if y.ndim == 1 else y.shape[1]
        if estimator.loss == "quantile":
            check_quantiles(estimator.quantile)
        outputs_of_target = regression_loss(estimator).outputs_of_target
        if outputs_of_target and n_targets > 1:
            raise ValueError(
                f"Several quantiles are predicted of one target, got quantile="
                f"{estimator.quantile!r} and y with {n_targets} outputs. Give a single "
                "quantile, or fit a regressor to each of the outputs."
            )
        return cls._of(outputs_of_target or n_targets, estimator)

    @classmethod
    def known_to(cls, estimator: Any) -> Self:
        """Return the targets that an estimator has learnt before."""
        return cls._of(estimator.n_outputs_, estimator)

    @classmethod
    def _of(cls, n_outputs, estimator):
        description = f"loss={estimator.loss!r}"
        if estimator.loss == "tweedie":
            description += f" with power={estimator.power!r}"
        loss = regression_loss(estimator)
        if (loss.outputs_of_target or n_outputs) != n_outputs:
            raise ValueError(
                f"quantile={estimator.quantile!r} has {loss.outputs_of_target} entries, "
                f"but the fitted network has {n_outputs} outputs. Set warm_start=False."
            )
        return cls(n_outputs, loss, description)

    def attributes(self) -> dict[str, Any]:
        return {"n_outputs_": self.n_outputs}

    def loss(self) -> Loss:
        return self.function

    def encode(self, y: Any, dtype: np.dtype, name: str = "y") -> np.ndarray:
        if sparse.issparse(y):
            raise TypeError(
                f"Sparse {name} is not supported in regression: pass {name}.toarray()."
            )
        y = y[:, None] if y.ndim == 1 else y
        y = for_outputs(self.function, y, self.n_outputs, name)
        # In one order, so that sums do not round by the layout that y came in.
        y = y.astype(dtype, order="C", copy=False)
        if not np.isfinite(y).all():
            raise ValueError(f"{name} contains NaN, infinity or values too large.")
        check_domain(self.function, y, name, self.description)
        return y

    def check_rows(self, encoded: np.ndarray, hold_out: "HoldOut | None") -> None:
        pass  # any will do

    def score(self, y: Any, raw: np.ndarray, sample_weight: np.ndarray | None) -> float:
        return float(np.mean(score_of(self.function, y, raw, sample_weight)))


def kind_of_targets(estimator: Any) -> Any:
    """Return the subclass of `Targets` that an estimator is fitted to."""
    own = getattr(estimator, "_kind_of_targets", None)
    return own or (ClassTargets if is_classifier(estimator) else NumberTargets)


def learnt_targets(estimator: Any, y: Any) -> Targets:
    """Learn the kind of targets that an estimator is fitted to, and set its attributes."""
    targets = kind_of_targets(estimator).learnt(y, estimator)
    for name, value in targets.attributes().items():
        setattr(estimator, name, value)
    return targets


def known_targets(estimator: Any) -> Targets:
    """Return the targets that an estimator has learnt before."""
    return kind_of_targets(estimator).known_to(estimator)
