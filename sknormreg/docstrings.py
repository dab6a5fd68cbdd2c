"""How classes share parts of their docstrings, which are then written once."""

from inspect import cleandoc


def document(**parts):
    """Fill the placeholders of a class docstring, `{parameters}` for one."""

    def decorate(cls):
        if cls.__doc__:
            # From Python 3.13 on the compiler has already taken off the indentation.
            cls.__doc__ = cleandoc(cls.__doc__)
            for name, text in parts.items():
                cls.__doc__ = cls.__doc__.replace("{" + name + "}", text.strip("\n"))
        return cls

    return decorate
