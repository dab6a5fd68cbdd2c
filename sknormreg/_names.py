"""Suggestions for misspelt names."""

from difflib import get_close_matches

# Lowest similarity of a suggestion: "1se" still leads to "one_se".
_SIMILAR = 0.4


def did_you_mean(given, known):
    """Suggest the known names that are most similar to the given ones.

    Parameters
    ----------
    given : object
        A name, a list or tuple of names, or any other value, for which there is no
        suggestion.

    known : iterable of str
        The valid names.

    Returns
    -------
    suggestion : str
        The end of an error message, such as " Did you mean 'l1'?". Empty if all names are
        known or none is similar.
    """
    entries = given if isinstance(given, list | tuple) else [given]
    unknown = [name for name in entries if isinstance(name, str) and name not in known]
    suggestions = [
        repr(match)
        for name in unknown
        for match in get_close_matches(name.lower(), known, n=1, cutoff=_SIMILAR)
    ]
    return f" Did you mean {', '.join(suggestions)}?" if suggestions else ""
