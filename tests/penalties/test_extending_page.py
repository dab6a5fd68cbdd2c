"""The penalties that doc/extending/penalty.md writes are right, and its snippets run."""

import importlib.util
import re
import sys
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from penalty_cases import Case, objective, trial_points

import sknormreg.penalties
from sknormreg.penalties import PiecewiseSmoothPenalty

PAGE = Path(__file__).parents[2] / "doc" / "extending" / "penalty.md"
SNIPPETS = [
    dedent(snippet)
    for snippet in re.findall(
        r"^ *```python\n(.*?)^ *```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
]


def own_class():
    names = {"__name__": "own_code"}
    exec(SNIPPETS[0], names)
    return names["LogSum"]


def class_in_the_package():
    """The file of the second part, imported as if it stood beside the others."""
    name = f"{sknormreg.penalties.__name__}.log_sum"
    spec = importlib.util.spec_from_file_location(name, PAGE.with_name("log_sum.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert name not in sys.modules
    return module.LogSum


def log_sum(weights):
    return (0.5 * (np.log(0.5 + np.abs(weights)) - np.log(0.5))).sum((-2, -1))


@pytest.fixture(params=[own_class, class_in_the_package])
def case(request):
    return Case("log_sum", request.param()(epsilon=0.5), log_sum, width=0.5)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("step", [0.01, 0.4, 0.6, 3.0, 100.0, None])
def test_log_sum(case, step, seed):
    """The value by definition, the prox a minimum, and the subgradient 0 there."""
    rng = np.random.default_rng(seed)
    step = step or 10 ** rng.uniform(-3, 3, case.shape)
    weights = case.draw(seed)
    assert case.penalty.value(weights) == pytest.approx(log_sum(weights), rel=1e-13)
    found = case.penalty.prox(weights, step)
    lowest = objective(case, trial_points(case, weights, found, seed), weights, step).min()
    assert objective(case, found, weights, step) <= lowest + 1e-13 * (1 + lowest)
    gradient = (found - weights) / step
    assert np.abs(case.penalty.min_norm_subgradient(found, gradient, 1.0)).max() <= 1e-11


@pytest.mark.parametrize("step", [0.05, 0.3, 0.5, 0.7, 2.0, 20.0])
def test_prox_of_log_sum_is_the_global_minimum_on_a_grid(case, step):
    case = replace(case, shape=(1, 1))
    jump = np.sqrt(2 * step)
    for size in (0.1, 0.5, 0.9 * jump, jump, 1.1 * jump, 2 * jump, step, 30.0):
        weights = np.full((1, 1), size)
        found = case.penalty.prox(weights, step)
        grid = np.linspace(-0.1, 1.1, 5001)[:, None, None] * size
        lowest = objective(case, grid, weights, step).min()
        assert objective(case, found, weights, step) <= lowest + 1e-14 * (1 + lowest)


def test_log_sum_in_the_package():
    penalty = class_in_the_package()(epsilon=0.3)
    assert isinstance(penalty, PiecewiseSmoothPenalty)
    with pytest.raises(ValueError, match="'epsilon' of LogSum must be a number more"):
        type(penalty)(0).bind(sknormreg.penalties.Layout([(2, 1)]))


@pytest.mark.slow
def test_snippets_run_one_after_the_other():
    names = {"__name__": "snippets"}
    for snippet in SNIPPETS:
        exec(compile(snippet, PAGE.name, "exec"), names)
