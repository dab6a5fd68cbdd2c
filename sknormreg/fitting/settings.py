"""Settings of the solvers, as the estimators' parameters give them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SolverSettings:
    """Parameters of training that the estimators document, by the same names."""

    solver: str = "auto"
    batch_size: int | str = "auto"
    learning_rate: str = "constant"
    learning_rate_init: float = 0.001
    power_t: float = 0.5
    max_iter: int = 2000
    max_fun: int = 15000
    max_time: float | None = None
    tol: float | str = "auto"
    loss_threshold: float | None = None
    n_iter_no_change: float = 10
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    shuffle: bool = True
    n_iter_average: int = 1
    verbose: bool | int = False
