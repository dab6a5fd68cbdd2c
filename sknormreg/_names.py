"""What somebody may have meant who misspelt a name."""

from difflib import get_close_matches

# Similarity from which on a name is suggested: low enough for "1se", meant as "one_se".
_SIMILAR = 0.4


def did_you_mean(given, known):
    """The end of an error message: the most similar of the known names, or nothing.

    Parameters
    ----------
    given : object
        A name, a list or tuple of them of which some are known, or something else.

    known : iterable of str
    """
    entries = given if isinstance(given, list | tuple) else [given]
    unknown = [name for name in entries if isinstance(name, str) and name not in known]
    suggestions = [
        repr(match)
        for name in unknown
        for match in get_close_matches(name.lower(), known, n=1, cutoff=_SIMILAR)
    ]
    return f" Did you mean {', '.join(suggestions)}?" if suggestions else ""
