"""Simulated times to an event, and the partial likelihood by its definition."""

import numpy as np


def simulated(n=60, n_features=5, seed=0, n_strata=1, decimals=1):
    """Return features and y (event, stratum, time) with ties and censored samples."""
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n, n_features))
    time = rng.exponential(np.exp(-X[:, 0] + 0.5 * X[:, 1]))
    end = rng.exponential(2, size=n)
    y = np.column_stack([time <= end, rng.randint(n_strata, size=n), np.minimum(time, end)])
    return X, np.round(y, decimals)


def structured(y):
    """Return y as scikit-survival takes it."""
    fields = np.empty(len(y), dtype=[("event", bool), ("time", float)])
    fields["event"], fields["time"] = y[:, 0], y[:, 2]
    return fields


def half_deviance(y, risk, weight=None, ties="efron"):
    """Compute minus the log partial likelihood, above its least value, by risk sets.

    Each term is written out as in a textbook, in time of the order of n^2.
    """
    event, stratum, time = y.T
    weight = np.ones(len(y)) if weight is None else weight
    total = 0.0
    for i in sorted({(s, t) for e, s, t, w in zip(*y.T, weight) if e and w > 0}):
        same = stratum == i[0]
        at_risk = same & (time >= i[1])
        events = same & (time == i[1]) & (event > 0) & (weight > 0)
        n_events, of_events = int(events.sum()), float(weight[events].sum())
        hazards = weight * np.exp(risk)
        for k in range(n_events):
            share = k / n_events if ties == "efron" else 0.0
            rest = hazards[at_risk].sum() - share * hazards[events].sum()
            total += of_events / n_events * np.log(rest / ((1 - share) * of_events))
        total -= (weight * risk)[events].sum()
    return total


class LinearCox:
    """The objective of a linear Cox model, by a matrix with a row for each event.

    Its entries are the weights of the samples in the event's risk set.
    """

    def __init__(self, X, y, weight=None, ties="efron"):
        event, stratum, time = y.T
        self.X = X
        self.weight = np.ones(len(y)) if weight is None else weight
        is_event = (event > 0) & (self.weight > 0)
        same = stratum[:, None] == stratum
        at_risk = same & (time >= time[:, None])
        tied = same & (time == time[:, None]) & is_event & is_event[:, None]
        n_tied, of_tied = tied.sum(axis=1), tied @ self.weight
        before = np.tril(tied, -1).sum(axis=1)
        share = before / np.maximum(n_tied, 1) if ties == "efron" else np.zeros(len(y))
        self.sets = ((at_risk - share[:, None] * tied) * self.weight)[is_event]
        self.factor = (of_tied / np.maximum(n_tied, 1))[is_event]
        self.least = ((1 - share) * of_tied)[is_event]
        self.linear = np.where(is_event, self.weight, 0.0)

    def loss(self, coef):
        """Return the loss and its gradient."""
        hazard = np.exp(self.X @ coef)
        sums = self.sets @ hazard
        value = self.factor @ np.log(sums / self.least) - self.linear @ np.log(hazard)
        slope = (self.sets.T @ (self.factor / sums)) * hazard - self.linear
        return value, self.X.T @ slope

    def minimum(self, l1=0.0, l2=0.0, n_steps=1500):
        """Minimise loss + l1 |coef|_1 + l2 / 2 |coef|^2 by accelerated proximal steps."""
        curvature = np.linalg.norm(self.X, 2) ** 2 * self.weight.max() / 2
        coef = point = np.zeros(self.X.shape[1])
        momentum = 1.0
        for _ in range(n_steps):
            step = 1 / (curvature + l2)
            new = point - step * (self.loss(point)[1] + l2 * point)
            new = np.sign(new) * np.maximum(np.abs(new) - step * l1, 0)
            if (point - new) @ (new - coef) > 0:  # restart
                momentum = 1.0
            later = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
            point = new + (momentum - 1) / later * (new - coef)
            coef, momentum = new, later
        return self.objective(coef, l1, l2)

    def objective(self, coef, l1, l2):
        """Return the value that is minimised."""
        return self.loss(coef)[0] + l1 * np.abs(coef).sum() + l2 / 2 * coef @ coef
