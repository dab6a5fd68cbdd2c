"""The displays have their conventions in common."""

import builtins
import inspect
import itertools
import re
from types import SimpleNamespace

import pytest
from display_cases import nested
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknormreg import (
    RegularizedMLPClassifier,
    RegularizedMLPRegressor,
    displays,
)
from sknormreg.displays import (
    CVDisplay,
    KnockoffDisplay,
    LossCurveDisplay,
    NetworkDisplay,
    RegularizationPathDisplay,
    StabilityPathDisplay,
    WeightsDisplay,
)

plt = pytest.importorskip("matplotlib.pyplot")


OF_NETWORKS = [LossCurveDisplay, NetworkDisplay, WeightsDisplay]
ALL = [*OF_NETWORKS, CVDisplay, RegularizationPathDisplay]
# Of selectors: test_stability_display.py and test_knockoff_display.py have what the others
# have here.
OF_SELECTORS = [KnockoffDisplay, StabilityPathDisplay]


def test_all_are_exported():
    assert {cls.__name__ for cls in [*ALL, *OF_SELECTORS]} == set(displays.__all__)


@pytest.mark.parametrize("cls", OF_NETWORKS)
def test_networks_are_found_within_other_estimators(cls, diabetes):
    X, y = diabetes
    mlp = RegularizedMLPRegressor((3,), random_state=0, alpha=1.0)
    scaler = StandardScaler()
    display = cls.from_estimator(nested(mlp).fit(X, y))
    plain = cls.from_estimator(mlp.fit(scaler.fit_transform(X), y))
    assert display.ax_ is not plain.ax_
    if cls is not LossCurveDisplay:
        # Names from before the steps, which the network has not seen.
        labels = [text.get_text() for text in display.ax_.get_yticklabels()]
        assert set(labels) == set(X.columns)
        labels = [text.get_text() for text in plain.ax_.get_yticklabels()]
        assert set(labels) == {f"x{i}" for i in range(10)}


@pytest.mark.parametrize("cls", OF_NETWORKS)
def test_estimators_that_will_not_do(cls):
    mlp = RegularizedMLPClassifier(alpha=1.0)
    for unfitted in (mlp, make_pipeline(StandardScaler(), mlp), GridSearchCV(mlp, {})):
        with pytest.raises(NotFittedError):
            cls.from_estimator(unfitted)
    with pytest.raises(TypeError, match="estimator must be a network, such as"):
        cls.from_estimator(Ridge())
    assert plt.get_fignums() == []


@pytest.mark.parametrize("cls", [*OF_NETWORKS, CVDisplay])
def test_axes_are_the_callers_or_new(cls, cv):
    figure, ax = plt.subplots()
    display = cls.from_estimator(cv, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert display.plot() is display
    assert display.figure_ is not figure
    assert display.ax_ in display.figure_.axes
    with pytest.raises(TypeError, match=r"ax must be a matplotlib Axes, .* got 3"):
        cls.from_estimator(cv, ax=3)


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.slow
def test_slow_machines_are_not_warned_of_legends(cls, cv, diabetes, monkeypatch):
    # Matplotlib warns where the place for a legend took a second of the clock to find.
    seconds = SimpleNamespace(perf_counter=itertools.count(step=10).__next__)
    monkeypatch.setattr("matplotlib.legend.time", seconds)
    rows = diabetes if cls is RegularizationPathDisplay else ()
    cls.from_estimator(cv, *rows).figure_.canvas.draw()


@pytest.mark.parametrize("cls", ALL)
def test_figures_in_which_nothing_is_drawn_are_closed(cls, cv, diabetes):
    data = diabetes if cls is RegularizationPathDisplay else ()
    name = {NetworkDisplay: "edge_kw", WeightsDisplay: "im_kw"}.get(cls, "line_kw")
    with pytest.raises(AttributeError, match="unheard_of"):
        cls.from_estimator(cv, *data, **{name: {"unheard_of": 1}})
    assert plt.get_fignums() == []
    # The caller's stay.
    _, ax = plt.subplots()
    with pytest.raises(AttributeError, match="unheard_of"):
        cls.from_estimator(cv, *data, ax=ax, **{name: {"unheard_of": 1}})
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize("cls", [*ALL, *OF_SELECTORS])
def test_without_matplotlib_the_error_says_what_to_install(cls, monkeypatch):
    real_import = builtins.__import__

    def without_matplotlib(name, *args, **kwargs):
        if name.partition(".")[0] == "matplotlib":
            raise ModuleNotFoundError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_matplotlib)
    methods = [name for name in vars(cls) if name.startswith("from_")]
    for method in methods:
        n_required = {"from_estimator": 1, "from_path": 1}[method]
        if method == "from_estimator" and cls is RegularizationPathDisplay:
            n_required = 3
        with pytest.raises(ImportError, match=rf"{method} .*pip install \"sknormreg\[plot"):
            getattr(cls, method)(*[None] * n_required)
    with pytest.raises(ImportError, match=rf"{cls.__name__}.plot needs matplotlib"):
        cls.plot(object.__new__(cls))


_PUBLIC = [
    method
    for cls in [*ALL, *OF_SELECTORS]
    for name, method in [(cls.__name__, cls), *inspect.getmembers(cls, callable)]
    if name == cls.__name__ or name in ("plot", "from_estimator", "from_path")
]


@pytest.mark.parametrize("documented", _PUBLIC, ids=lambda function: function.__qualname__)
def test_docstrings_tell_of_all_parameters(documented):
    sections = re.split(r"^(.+)\n-+$", inspect.getdoc(documented), flags=re.MULTILINE)
    texts = dict(zip(sections[1::2], sections[2::2]))
    entries = re.findall(r"^(\S.*) : (.*)$", texts["Parameters"], re.MULTILINE)
    parameters = inspect.signature(documented).parameters
    assert [name for name, _ in entries] == [name for name in parameters if name != "self"]
    for name, words in entries:
        default = parameters[name].default
        told = words.partition("default=")[2]
        assert told == ("" if default is inspect.Parameter.empty else _told(default))


def _told(default):
    return f'"{default}"' if isinstance(default, str) else repr(default)


@pytest.mark.parametrize("cls", ALL)
def test_docstrings_tell_of_all_artists(cls, cv, diabetes):
    data = diabetes if cls is RegularizationPathDisplay else ()
    display = cls.from_estimator(cv, *data)
    sections = re.split(r"^(.+)\n-+$", inspect.getdoc(cls), flags=re.MULTILINE)
    texts = dict(zip(sections[1::2], sections[2::2]))
    documented = re.findall(r"^(\S.*) : ", texts["Attributes"], re.MULTILINE)
    artists = [name for name in vars(display) if name.endswith("_")]
    assert sorted(documented) == sorted(artists)
