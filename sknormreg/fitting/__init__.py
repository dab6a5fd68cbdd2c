"""Fitting a network: the objective, how it is minimised, and what counts as converged."""
