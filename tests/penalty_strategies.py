"""Strategies of hypothesis, and groups of cases, that tests of penalties share."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from penalty_cases import cases

from sknormreg.penalties import PiecewiseSmoothPenalty

seeded = settings(derandomize=True, deadline=None, max_examples=15)
steps = st.floats(-3, 3).map(lambda exponent: 10.0**exponent)
strengths = st.floats(-2, 2).map(lambda exponent: 10.0**exponent)
seeds = st.integers(0, 10**6)

convex = cases(lambda case: case.convex)
weakly_convex = cases(lambda case: not np.isnan(case.width))
grouped = cases(lambda case: case.rows)
finite = cases(lambda case: not case.has_domain)
balls = cases(lambda case: case.given.is_constraint)
diagonal = cases(lambda case: case.given.has_diagonal_prox)
kinked = cases(lambda case: isinstance(case.given, PiecewiseSmoothPenalty))
