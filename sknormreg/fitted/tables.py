"""Tables as plain text and as HTML."""

from collections.abc import Sequence
from html import escape

# A row of a table; None stands for rows that are left out.
Row = Sequence[str] | None

_LEFT_OUT = "..."


def text_table(header: Sequence[str], rows: Sequence[Row]) -> str:
    """Return a table in plain text.

    Parameters
    ----------
    header : sequence of str
        Names of the columns. Columns without a name are aligned to the left, all others to
        the right.

    rows : sequence of (sequence of str or None)
    """
    filled = [row for row in rows if row is not None]
    widths = [max(map(len, cells)) for cells in zip(header, *filled)]
    left_out = [_LEFT_OUT if name else "" for name in header]
    lines = []
    for row in [header, *rows]:
        cells = left_out if row is None else row
        aligned = [
            cell.rjust(max(width, len(_LEFT_OUT))) if name else cell.ljust(width)
            for cell, width, name in zip(cells, widths, header)
        ]
        lines.append("  ".join(aligned).rstrip())
    return "\n".join(lines)


def html_table(header: Sequence[str], rows: Sequence[Row]) -> str:
    """Return a table in HTML, with the columns of `text_table`."""
    left_out = [_LEFT_OUT if name else "" for name in header]
    body = [_html_row("td", left_out if row is None else row, header) for row in rows]
    head = ["<thead>", _html_row("th", header, header), "</thead>"]
    return "\n".join(["<table>", *head, "<tbody>", *body, "</tbody>", "</table>"])


def rows_with_gaps(kept: Sequence[int], first: int, last: int) -> list[int | None]:
    """Return ascending indices of rows, with None where several are left out.

    A single one is not left out: the line that says so would take as much space.

    Parameters
    ----------
    kept : sequence of int
        Ascending.

    first, last : int
        The first and the last index that there is.
    """
    found: list[int | None] = []
    before = first - 1
    for index in [*kept, last + 1]:
        left_out = range(before + 1, index)
        found += left_out if len(left_out) < 2 else [None]
        found.append(index)
        before = index
    return found[:-1]


def _html_row(tag, cells, header):
    styled = [
        f'<{tag} style="text-align: {"right" if name else "left"}">{escape(cell)}</{tag}>'
        for cell, name in zip(cells, header)
    ]
    return f"<tr>{''.join(styled)}</tr>"
