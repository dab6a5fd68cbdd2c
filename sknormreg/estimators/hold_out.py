"""Samples held out for early stopping."""

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import train_test_split

from ..engine import Data
from ..fitting.validation_loss import Validation
from .targets import Targets


@dataclass(frozen=True)
class HoldOut:
    """Splits samples into those to train on and those that decide when to stop.

    Attributes
    ----------
    targets : Targets

    fraction : float
        Share of the samples to hold out.
    """

    targets: Targets
    fraction: float

    def __call__(
        self, data: Data, rows: np.ndarray | None, random_state: np.random.RandomState
    ) -> tuple[np.ndarray, Validation]:
        """Split samples.

        Parameters
        ----------
        data : Data

        rows : ndarray of int or None
            The samples to split; None for all.

        random_state : RandomState

        Returns
        -------
        rows : ndarray of int
            The samples to train on.

        validation : Validation
        """
        rows = np.arange(data.X.shape[0]) if rows is None else rows
        train_rows, val_rows = train_test_split(
            rows,
            test_size=self.fraction,
            random_state=random_state,
            stratify=self.strata(data.y[rows]),
        )
        # In order, so that blocks of rows lie close together in memory.
        train_rows.sort()
        val_rows.sort()
        for part, rows in (("training", train_rows), ("validation", val_rows)):
            if data.sample_weight is not None and not data.sample_weight[rows].any():
                raise ValueError(
                    f"All samples of the {part} part have a sample_weight of 0. Set "
                    "more weights above 0, or pass X_val and y_val."
                )
        return train_rows, watched(self.targets, data, val_rows, decides=True)

    def strata(self, encoded: np.ndarray) -> np.ndarray | None:
        """Return what the split is stratified by; None draws it at random.

        As MLPClassifier does with more than two classes; here where there are fewer rows
        in a part than classes.

        Raises
        ------
        ValueError
            If the classes have too few rows to be in both parts.
        """
        strata = self.targets.strata(encoded)
        if strata is None:
            return None
        classes, counts = np.unique(strata, return_counts=True)
        # As train_test_split rounds.
        n_held_out = int(np.ceil(self.fraction * len(strata)))
        n_fewest = min(n_held_out, len(strata) - n_held_out)
        if len(classes) > 2 and n_fewest < len(classes):
            return None
        if (counts < 2).any():
            raise ValueError(
                "early_stopping=True holds out samples of every class and trains on "
                f"others, but there is only one sample of {classes[counts < 2].tolist()}. "
                "Add samples, leave out such classes, or set early_stopping=False."
            )
        if n_fewest < len(classes):
            raise ValueError(
                f"early_stopping=True and validation_fraction={self.fraction:g} "
                f"hold out {n_held_out} of {len(strata)} samples, but both parts need a "
                f"sample of each of the classes {classes.tolist()}. Add samples, change "
                "validation_fraction, or set early_stopping=False."
            )
        return strata


def watched(
    targets: Targets, data: Data, rows: np.ndarray | None, decides: bool
) -> Validation:
    """Return the `Validation` by some samples; rows are None for all of them."""
    # What is watched are means.
    data, _ = data.with_moderate_weights()
    loss = targets.loss().of_predictions()
    return Validation(data, rows, decides=decides, score=targets.score, loss=loss)
