"""How classes share parts of their docstrings, which are then written once."""

import re
from inspect import cleandoc


def document(**parts):
    """Fill the placeholders of a class docstring, `{parameters}` for one."""

    def decorate(cls):
        if cls.__doc__:
            # From Python 3.13 on the compiler has already taken off the indentation.
            cls.__doc__ = cleandoc(cls.__doc__)
            for name, text in parts.items():
                cls.__doc__ = cls.__doc__.replace("{" + name + "}", text.strip("\n"))
            # A part that is empty leaves its blank lines behind.
            cls.__doc__ = re.sub(r"\n{3,}", "\n\n", cls.__doc__)
        return cls

    return decorate
