"""Choice of the solver for an objective."""

from ..solvers import LBFGS, PANOC, SGD, Adam, ProjectedSubgradient
from .precision import FULL_PRECISION, full_batch_precision, least_progress

# solver="auto" takes full batches while an evaluation, samples times parameters, is below
# this. See benchmarks/bench_auto_solver.py.
FULL_BATCH_WORK = 2e9

# From the fastest to the one that can minimise anything.
_FULL_BATCH_METHODS = (LBFGS, ProjectedSubgradient, PANOC)


def resolve_solver(name, objective, incremental=False):
    """Return the name of the solver to use; "auto" goes by the work of an evaluation.

    Parameters
    ----------
    name : {"auto", "lbfgs", "adam", "sgd"}

    objective : Objective

    incremental : bool
        Whether the data are a part of all of them.

    Raises
    ------
    ValueError
        If the solver called `name` cannot train with the penalty, or with dropout.
    """
    if name == "auto":
        minibatches = "adam" if Adam.supports(objective) else "sgd"
        if incremental or objective.dropout:
            return minibatches
        is_small = objective.work <= FULL_BATCH_WORK
        return "lbfgs" if is_small or not Adam.supports(objective) else "adam"
    if name == "adam" and not Adam.supports(objective):
        (penalty, *_) = (p for p in objective.penalties if not p.has_diagonal_prox)
        raise ValueError(
            f"solver='adam' cannot train with penalty={penalty}, whose proximal operator "
            "takes one step size for all weights, while Adam has one for each. Use "
            "solver='lbfgs' or solver='sgd'."
        )
    if name == "lbfgs" and not PANOC.supports(objective):
        raise ValueError(
            "solver='lbfgs' cannot train with dropout, which is drawn anew for every "
            "minibatch. Use solver='adam' or solver='sgd'."
        )
    return name


def make_solver(name, settings, objective, random_state, precision=FULL_PRECISION):
    """Return the solver called `name`.

    Parameters
    ----------
    name : {"lbfgs", "adam", "sgd"}

    settings : SolverSettings

    objective : Objective

    random_state : RandomState

    precision : Precision
    """
    if name == "lbfgs":
        method = next(cls for cls in _FULL_BATCH_METHODS if cls.supports(objective))
        return method(
            max_fun=settings.max_fun,
            n_iter_no_change=settings.n_iter_no_change,
            **full_batch_precision(settings.tol, objective, precision),
        )
    batch_size = 200 if settings.batch_size == "auto" else settings.batch_size
    common = dict(
        batch_size=min(batch_size, objective.n_rows),
        learning_rate_init=settings.learning_rate_init,
        learning_rate=settings.learning_rate,
        power_t=settings.power_t,
        tol=least_progress(objective) if settings.tol == "auto" else settings.tol,
        n_iter_no_change=settings.n_iter_no_change,
        shuffle=settings.shuffle,
        random_state=random_state,
        draws=objective.dropout is not None,
    )
    if name == "sgd":
        return SGD(
            momentum=settings.momentum, nesterov=settings.nesterovs_momentum, **common
        )
    return Adam(
        beta_1=settings.beta_1, beta_2=settings.beta_2, epsilon=settings.epsilon, **common
    )
