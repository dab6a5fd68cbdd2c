"""The chart of the performance page, drawn from the table that the page has."""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

PEERS = {"scikit-learn": "#2f6db3", "torch": "#dd7a1f"}


def first_table(page):
    """Cells of the first table of a Markdown page, by row; the first row has the names."""
    lines = Path(page).read_text("utf-8").partition("\n|")[2].partition("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in lines.splitlines()]
    return [rows[0], *rows[2:]]


def times(table):
    """What a case is, the cases, and by peer how many times as long it takes, or None.

    Rows with several figures in a cell are left to the table.
    """
    names, *rows = table
    columns = [names.index(f"{peer} / ours") for peer in PEERS]
    cases, ratios = [], {peer: [] for peer in PEERS}
    for row in rows:
        if _number(row[columns[0]]) is not None:
            cases.append(row[0])
            for peer, column in zip(PEERS, columns):
                ratios[peer].append(_number(row[column]))
    return names[0], cases, ratios


def _number(text):
    try:
        return float(text)
    except ValueError:
        return None


def _as_text(number):
    return f"{number:.1f}" if number < 10 else f"{number:.0f}"


def draw(what, cases, ratios, path):
    """Draw the bars; names of cases stand above theirs, for the sake of narrow screens."""
    figure = Figure(figsize=(5.6, 1 + 0.75 * len(cases)), layout="constrained")
    ax = figure.subplots()
    for i, (peer, values) in enumerate(ratios.items()):
        bars = [(k + 0.28 * i, v) for k, v in enumerate(values) if v is not None]
        drawn = ax.barh(*zip(*bars), height=0.27, color=PEERS[peer], label=peer)
        ax.bar_label(drawn, [_as_text(v) for _, v in bars], padding=3)
    for k, case in enumerate(cases):
        ax.text(1.02, k - 0.2, case, va="bottom")
    ax.set_yticks([])
    ax.set_ylim(len(cases) - 0.4, -0.6)
    ax.set_xscale("log")
    ax.set(xlim=(1, 60), xlabel="time as a multiple of that of sknormreg (logarithmic)")
    ax.set_xticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
    ax.minorticks_off()
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_title(what, loc="left", fontsize="medium")
    figure.legend(loc="outside upper right", ncols=len(ratios), frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without a date in it, the same figures give the same file.
    with matplotlib.rc_context({"svg.hashsalt": "sknormreg", "svg.fonttype": "path"}):
        figure.savefig(path, metadata={"Date": None})


def _draw_speed(app):
    page = Path(app.srcdir) / "performance.md"
    draw(*times(first_table(page)), Path(app.srcdir) / "generated" / "speed.svg")


def setup(app):
    app.connect("builder-inited", _draw_speed)
    return {"parallel_read_safe": True}
