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


def draw(what, cases, ratios, path):
    figure = Figure(figsize=(8.5, 0.9 + 0.55 * len(cases)), layout="constrained")
    ax = figure.subplots()
    for i, (peer, values) in enumerate(ratios.items()):
        bars = [(k + 0.38 * (i - 0.5), v) for k, v in enumerate(values) if v is not None]
        drawn = ax.barh(*zip(*bars), height=0.36, color=PEERS[peer], label=peer)
        ax.bar_label(drawn, fmt="%g", padding=3)
    ax.set_yticks(range(len(cases)), [case.replace(", float32", "") for case in cases])
    ax.set_ylabel(what)
    ax.invert_yaxis()
    ax.set_xscale("log")
    ax.set(xlim=(1, 60), xlabel="time as a multiple of that of sknormreg (logarithmic)")
    ax.set_xticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
    ax.minorticks_off()
    ax.spines[["top", "right"]].set_visible(False)
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
