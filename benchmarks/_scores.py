"""Scores on samples that were held out."""

import numpy as np
from scipy.special import logsumexp
from sklearn.base import is_classifier
from sklearn.metrics import log_loss


def probabilities(classifier, X):
    """Return predicted probabilities in double precision, of rows that sum to one.

    Those in single precision do up to their rounding only, which log_loss minds; LassoNet's
    are tensors in some versions.
    """
    found = np.asarray(classifier.predict_proba(X), dtype=float)
    return found / found.sum(axis=1, keepdims=True)


def held_out_log_loss(classifier, X, y):
    """Return the log loss; y need not have all classes, unlike scikit-learn's scorer's."""
    return log_loss(y, probabilities(classifier, X), labels=classifier.classes_)


def held_out_loss(estimator, X, y):
    """Return the log loss of a classifier, or 1 - R2 of a regressor."""
    if is_classifier(estimator):
        return held_out_log_loss(estimator, X, y)
    return 1 - estimator.score(X, y)


def raw_outputs(X, coefs, intercepts):
    """Return what a network with tanh computes before its output's activation."""
    hidden = X
    for W, b in zip(coefs[:-1], intercepts[:-1]):
        hidden = np.tanh(hidden @ W + b)
    return hidden @ coefs[-1] + intercepts[-1]


def log_losses(raw, y):
    """Return the log loss of each sample from raw outputs; classes are 0, 1 and so on."""
    if raw.shape[1] == 1:
        return np.logaddexp(0, raw[:, 0]) - y * raw[:, 0]
    return logsumexp(raw, axis=1) - raw[np.arange(len(raw)), y]
