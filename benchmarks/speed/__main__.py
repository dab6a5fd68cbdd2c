"""How fast is sknormreg? One program with a subject for each question.

    python benchmarks/speed SUBJECT [OPTIONS]

`python benchmarks/speed SUBJECT --help` says what a subject measures and which options it
has. Every figure is the median of ratios of two times taken in turn. It is the installed
package that is timed; what is missing of the peers is left out, and
pip install ".[benchmark]" installs them.
"""

import argparse
import ast
import sys
from importlib import import_module
from pathlib import Path

FOLDER = Path(__file__).resolve().parent

# Subjects are modules of this folder; helpers that all benchmarks share are one above.
sys.path[0] = str(FOLDER.parent)


def subjects():
    """Return the docstrings of all subjects by name, without importing them."""
    paths = sorted(FOLDER.glob("[a-z]*.py"))
    return {
        path.stem: ast.get_docstring(ast.parse(path.read_text("utf-8"))) for path in paths
    }


def main():
    title, _, text = __doc__.partition("\n")
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python benchmarks/speed",
        description=f"{title}\n{text}",
        formatter_class=formatter,
    )
    choices = parser.add_subparsers(metavar="SUBJECT", required=True)
    for name, docstring in subjects().items():
        subparser = choices.add_parser(
            name,
            help=docstring.partition("\n")[0].replace("%", "%%"),
            description=docstring.replace("%", "%%"),
            formatter_class=formatter,
        )
        # Subjects load scikit-learn, and only the one that is asked for has to.
        if name == next(iter(sys.argv[1:]), None):
            subject = import_module(f"speed.{name}")
            subject.add_arguments(subparser)
            subparser.set_defaults(run=subject.run)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
