"""Class docstrings assembled from tables of entries, so that each is written once.

A table is the body of a numpydoc section: entries ``name : type`` at the margin, each with
an indented description. `document` puts the entries of a class into its docstring, in the
order of its signature, in place of the line ``{parameters}``; and likewise those of its
fitted attributes in place of ``{attributes}``. A name without an entry, an entry without a
name, or a placeholder that nothing fills is an error at import.
"""

import inspect
import re
import textwrap

_HEADER = re.compile(r"(\w+) : \S.*")
_PLACEHOLDER = re.compile(r"^\{(\w+)\}$", re.MULTILINE)


def parse_table(text):
    """Split the body of a numpydoc section into its entries.

    Parameters
    ----------
    text : str

    Returns
    -------
    table : dict of str to str
        The entry of each name, its header included.

    Raises
    ------
    ValueError
        If a line at the margin is not of the form ``name : type``, an entry has no
        description, or two entries have the same name.
    """
    table = {}
    text = textwrap.dedent(text).strip()
    for entry in re.split(r"\n(?=\S)", text) if text else []:
        header, *description = entry.rstrip().splitlines()
        match = _HEADER.fullmatch(header)
        if match is None:
            raise ValueError(f"Expected an entry 'name : type', got the line {header!r}.")
        name = match[1]
        if not description:
            raise ValueError(f"The entry of {name!r} has no description.")
        if name in table:
            raise ValueError(f"There are two entries of {name!r}.")
        table[name] = "\n".join([header, *description])
    return table


def document(
    *, parameters="", attributes="", shared_parameters=None, shared_attributes=None
):
    """Make a decorator that fills the placeholders of a class docstring.

    Parameters
    ----------
    parameters : str
        Entries of parameters, all of which the class must have. They take precedence over
        `shared_parameters`.

    attributes : str
        Entries of fitted attributes, likewise.

    shared_parameters, shared_attributes : dict of str to str, or None
        Tables that several classes share, as `parse_table` returns them. Entries of names
        that the class does not have are left out; see `check_shared`.

    Returns
    -------
    decorate : callable
        Returns the class that it is given. It raises a ValueError if the docstring cannot
        be completed.
    """

    def decorate(cls):
        if not cls.__doc__:  # python -OO
            return cls
        bodies = {}
        if parameters or shared_parameters:
            texts = parse_table(parameters), shared_parameters or {}
            names = parameter_names(cls)
            bodies["parameters"] = _body(names, *texts, f"parameters of {cls.__name__}")
        if attributes or shared_attributes:
            texts = parse_table(attributes), shared_attributes or {}
            # They have no order but that of the table.
            order = {name: i for i, name in enumerate(texts[1] | texts[0])}
            names = sorted(attribute_names(cls), key=lambda name: order.get(name, -1))
            bodies["attributes"] = _body(names, *texts, f"attributes of {cls.__name__}")
        cls.__doc__ = _filled(cls.__doc__, bodies, cls.__name__)
        return cls

    return decorate


def parameter_names(cls):
    """Return the names of the parameters of a class, in the order of its signature."""
    return list(inspect.signature(cls).parameters)


def attribute_names(cls):
    """Return the fitted attributes that a class declares, by annotation or as properties.

    Their names end in an underscore and do not begin with one.
    """
    declared: set[str] = set()
    for base in cls.__mro__:
        declared.update(inspect.get_annotations(base))
        declared.update(n for n, value in vars(base).items() if isinstance(value, property))
    return {name for name in declared if name.endswith("_") and not name.startswith("_")}


def check_shared(table, names, classes):
    """Raise a ValueError if a shared table has an entry that no class uses.

    Parameters
    ----------
    table : dict of str to str

    names : callable
        `parameter_names` or `attribute_names`.

    classes : iterable of type
    """
    unused = set(table).difference(*map(names, classes))
    if unused:
        raise ValueError(f"Entries of no class: {sorted(unused)}. Are they misspelt?")


def _body(names, own, shared, label):
    """Join the entries of `names`, own ones before shared ones of the same name."""
    unknown, missing = set(own) - set(names), set(names) - set(own) - set(shared)
    if unknown:
        raise ValueError(f"Entries {sorted(unknown)} are not among the {label}: {names}.")
    if missing:
        raise ValueError(f"No entry for {sorted(missing)} among the {label}.")
    return "\n\n".join((shared | own)[name] for name in names)


def _filled(docstring, bodies, class_name):
    # From Python 3.13 on the compiler has already removed the indentation.
    docstring = inspect.cleandoc(docstring)
    placeholders = _PLACEHOLDER.findall(docstring)
    if sorted(placeholders) != sorted(bodies):
        raise ValueError(
            f"The docstring of {class_name} has the placeholders {placeholders}, but there "
            f"are texts for {list(bodies)}."
        )
    return _PLACEHOLDER.sub(lambda match: bodies[match[1]], docstring)
