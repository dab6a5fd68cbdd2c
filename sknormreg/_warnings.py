"""Warnings that point to the line of the user's that has caused them."""

import os
import sys
import warnings
from pathlib import Path

_PACKAGE = str(Path(__file__).parent) + os.sep

# The wrapper that scikit-learn puts around `fit`.
_WRAPPER = os.path.join("sklearn", "base.py")


def warn(message, category=UserWarning):
    """Warn at the nearest caller outside of the package.

    Parameters
    ----------
    message : str

    category : type of Warning
    """
    frame, stacklevel = sys._getframe(1), 2
    while frame.f_back is not None and _is_between(frame.f_code.co_filename):
        frame, stacklevel = frame.f_back, stacklevel + 1
    warnings.warn(message, category, stacklevel=stacklevel)


def _is_between(filename):
    return filename.startswith(_PACKAGE) or filename.endswith(_WRAPPER)
