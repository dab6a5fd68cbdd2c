# cython: language_level=3
"""The compiled engine's way into C: addresses of arrays, the GIL, interrupts.

What arrays have to look like is the business of `compiled_engine`, the one caller. Here
only what would let C leave an array, or take its bytes for others, is checked; but for the
indices of CSR and the codes of classes, which `checks` has looked at once for a whole fit.

The module does not declare that it runs without the GIL: what is not inside of `nogil`
relies on it.
"""

from os import cpu_count
from time import perf_counter

from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS,
    PyBUF_FORMAT,
    PyBUF_WRITABLE,
    Py_buffer,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int64_t, uint32_t
from libc.stdlib cimport calloc, free, malloc
from scipy.linalg.cython_blas cimport dgemm, sgemm


blas_gemm_float = <gemm_function> sgemm
blas_gemm_double = <gemm_function> dgemm


# BLAS counts with an int, and C in places.
cdef int64_t _MOST_UNITS = 2**31 - 1

cdef products _products = best_products()

# More of them make no difference to how work is divided.
cdef int _n_cores = min(cpu_count() or 1, 16)


def set_products(name=None):
    """Choose how matrices are multiplied, for tests and comparisons.

    Parameters
    ----------
    name : {"blas", "avx2", "avx512"} or None
        None is the best that the processor can do, which it is to begin with.

    Returns
    -------
    name : str
        What it was before.
    """
    global _products
    names = ["blas", "avx2", "avx512"]
    cdef int before = _products, best = best_products()
    cdef int chosen = best if name is None else names.index(name)
    if chosen > best:
        raise ValueError(f"{name} is not to be had with this processor and compiler")
    _products = <products> chosen
    return names[before]


cdef class Workspace:
    """Memory that jobs use one after the other: it grows, and is not cleared.

    The GIL is held between a look at `_busy` and its change.
    """

    cdef void *_memory
    cdef void *_start
    cdef size_t _size
    cdef bint _busy

    def __dealloc__(self):
        free(self._memory)

    cdef void *reserve(self, size_t size) except NULL:
        if size > self._size or self._memory == NULL:
            free(self._memory)
            self._size = 0
            self._memory = malloc(size + 64)
            if self._memory == NULL:
                raise MemoryError(f"The engine needs {size / 2**20:.0f} MiB of memory.")
            self._size = size
            # At the start of a line of the cache.
            self._start = <char *> self._memory + (64 - <size_t> self._memory % 64)
        return self._start


cdef class Crew:
    """Threads that take part in one job after the other of the thread that leads them."""

    cdef team _team
    cdef readonly int n_helpers

    def __cinit__(self):
        team_init(&self._team)

    def recruit(self, int n_threads, start):
        """Be `n_threads` from now on; `start(help)` is to call `help` from another.

        Returns
        -------
        n_threads : int
            Fewer where `start` has returned false.
        """
        while self.n_helpers < n_threads - 1 and start(self.help):
            self.n_helpers += 1
        self._team.n_threads = min(n_threads, self.n_helpers + 1)
        return self._team.n_threads

    def help(self):
        """Take part until the crew is closed."""
        with nogil:
            team_help(&self._team)

    def close(self):
        team_close(&self._team)


cdef int _interrupted(void *context) noexcept with gil:
    cdef Job self = <Job> context
    try:
        PyErr_CheckSignals()
    except BaseException as error:
        self._error = error
        return 1
    return 0


cdef int _prox(void *context) noexcept with gil:
    cdef Job self = <Job> context
    try:
        self._prox_function()
    except BaseException as error:
        self._error = error
        return 1
    return 0


cdef class Job:
    """One call of the engine: what is set on it, then `run`.

    Parameters
    ----------
    units : array of int64, of every layer
    n_skip : int
        Columns of the first layer's weights that are a skip connection's.
    activations : array of int32, a code for every hidden layer
    loss : int
        A code.
    loss_parameter : float
    double : bool
        Whether parameters and data are of 64 bits, not 32.
    """

    cdef job _job
    cdef list _arrays  # what C has addresses of
    cdef object _prox_function, _error
    cdef const void **_layers
    cdef penalty_terms *_penalties
    cdef bint _double
    cdef int64_t _itemsize, _n_data_rows
    cdef Py_ssize_t _n_kept

    def __cinit__(
        self, units, int64_t n_skip, activations, int loss, double loss_parameter,
        bint double,
    ):
        cdef int n_layers = len(units) - 1
        self._arrays = []
        self._double = double
        self._itemsize = 8 if double else 4
        self._layers = <const void **> malloc(2 * n_layers * sizeof(void *))
        # Zeros: no term.
        self._penalties = <penalty_terms *> calloc(n_layers, sizeof(penalty_terms))
        if self._layers == NULL or self._penalties == NULL:
            raise MemoryError()
        self._job.n_layers = n_layers
        self._job.n_skip = n_skip
        self._job.units = <const int64_t *> self._address(units, b"i", 8, n_layers + 1)
        self._job.activations = <const int *> self._address(
            activations, b"i", 4, n_layers - 1
        )
        self._job.loss = loss
        self._job.loss_parameter = loss_parameter
        self._job.output_scale = 1
        self._job.loss_factor = 1
        self._job.weights = self._layers
        self._job.intercepts = self._layers + n_layers
        self._job.penalties = self._penalties
        self._job.interrupted = _interrupted
        self._job.context = <void *> self
        if n_skip not in (0, self._job.units[n_layers]):
            raise ValueError(f"a skip connection of {n_skip} columns")
        for layer in range(n_layers):
            fan_in, fan_out = self._shape(layer)
            if not (1 <= fan_in <= _MOST_UNITS and 1 <= fan_out <= _MOST_UNITS):
                raise ValueError(f"a layer has {fan_in} inputs and {fan_out} units")
            self._job.n_params += fan_in * fan_out + self._job.units[layer + 1]

    def __dealloc__(self):
        free(self._layers)
        free(self._penalties)

    cdef _shape(self, int layer):
        """(fan_in, fan_out) of a layer's weights."""
        n_skip = 0 if layer else self._job.n_skip
        return self._job.units[layer], self._job.units[layer + 1] + n_skip

    cdef const void *_address(
        self, array, bytes kind, int64_t itemsize, int64_t count, bint writable=False
    ) except? NULL:
        """Where the first of `count` numbers of a C-ordered array lies.

        `kind` is b"f" for floats and b"i" for integers with a sign.
        """
        cdef Py_buffer view
        cdef int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT
        PyObject_GetBuffer(array, &view, flags | (PyBUF_WRITABLE if writable else 0))
        cdef const void *address = view.buf
        cdef Py_ssize_t length = view.len, size = view.itemsize
        cdef char code = view.format[0]
        PyBuffer_Release(&view)
        # As the struct module calls them; with an order of bytes in front, it is not ours.
        if size != itemsize or code not in (b"df" if kind == b"f" else b"ilq"):
            raise ValueError(
                f"an array of {chr(code)!r} of {size} bytes where {kind} of {itemsize} "
                "bytes are read"
            )
        if length != count * itemsize or <size_t> address % itemsize:
            raise ValueError(f"an array of {length} bytes where {count * itemsize} are read")
        # The address stays what it is while the array lives.
        self._arrays.append(array)
        return address

    cdef const void *_reals(self, array, int64_t count, bint writable=False) except? NULL:
        return self._address(array, b"f", self._itemsize, count, writable)

    cdef void *_vector(self, array, bint writable=True) except? NULL:
        return <void *> self._reals(array, self._job.n_params, writable)

    def set_layers(self, weights, intercepts):
        """Parameters in arrays of their own, to be read only."""
        cdef int layer, n_layers = self._job.n_layers
        for layer in range(n_layers):
            fan_in, fan_out = self._shape(layer)
            self._job.weights[layer] = self._reals(weights[layer], fan_in * fan_out)
            self._job.intercepts[layer] = self._reals(
                intercepts[layer], self._job.units[layer + 1]
            )

    def set_params(self, params, bint writable):
        """All parameters, flat."""
        self._job.params = self._vector(params, writable)

    def set_dense(self, X, rows, int64_t n_rows):
        self._n_data_rows = X.shape[0]
        self._job.dense = self._reals(X, self._n_data_rows * self._job.units[0])
        self._set_rows(rows, n_rows)

    def set_csr(
        self, values, indices, indptr, int64_t n_data_rows, rows, int64_t n_rows,
        int64_t largest_row,
    ):
        cdef int64_t size = indices.dtype.itemsize
        self._n_data_rows = n_data_rows
        self._job.values = self._reals(values, len(values))
        self._job.indices = self._address(indices, b"i", size, len(values))
        self._job.indptr = self._address(indptr, b"i", size, n_data_rows + 1)
        if indptr[0] != 0 or indptr[n_data_rows] > len(values):
            raise ValueError("rows of X in CSR are not within its data")
        self._job.wide_indices = size == 8
        self._job.largest_row = largest_row
        self._job.mean_row = (len(values) + n_data_rows - 1) // max(n_data_rows, 1)
        self._set_rows(rows, n_rows)

    cdef int _set_rows(self, rows, int64_t n_rows) except -1:
        cdef int64_t i
        cdef const int64_t *selected = NULL
        self._job.n_rows = self._job.batch_size = n_rows
        if rows is None:
            if n_rows != self._n_data_rows:
                raise ValueError(f"{n_rows} rows are not the {self._n_data_rows} of X")
            return 0
        selected = <const int64_t *> self._address(rows, b"i", 8, n_rows)
        for i in range(n_rows):
            if selected[i] < 0 or selected[i] >= self._n_data_rows:
                raise ValueError(f"X has no row {selected[i]}")
        self._job.rows = selected
        return 0

    def set_targets(self, y, sample_weight):
        """After the data: a target for each output, or a class, of each of their rows."""
        cdef int64_t n_rows = self._n_data_rows
        self._job.by_class = self._job.loss == MULTINOMIAL_LOG_LOSS and y.ndim == 1
        if self._job.by_class:
            self._job.targets = self._address(y, b"i", 8, n_rows)
        else:
            n_outputs = self._job.units[self._job.n_layers]
            self._job.targets = self._reals(y, n_rows * n_outputs)
        if sample_weight is not None:
            self._job.sample_weight = self._reals(sample_weight, n_rows)

    def set_raw(self, raw):
        n_outputs = self._job.units[self._job.n_layers]
        self._job.task = PREDICT
        self._job.raw = <void *> self._reals(raw, self._job.n_rows * n_outputs, True)

    def keep(self):
        """Be ready for `again`, with what is set so far."""
        self._n_kept = len(self._arrays)

    def again(self, params, gradient):
        """Another gradient of the same data."""
        del self._arrays[self._n_kept:]
        self.set_params(params, False)
        self.set_gradient(gradient)

    def set_gradient(self, gradient):
        self._job.task = GRADIENT
        self._job.gradient = self._vector(gradient)

    def set_adam(
        self, first, second, int64_t n_steps, double rate,
        double beta_1, double beta_2, double epsilon,
    ):
        self._job.task = ADAM
        self._job.first, self._job.second = self._vector(first), self._vector(second)
        self._job.n_steps = n_steps
        self._job.rate, self._job.epsilon = rate, epsilon
        self._job.beta_1, self._job.beta_2 = beta_1, beta_2

    def set_sgd(
        self, velocity, int64_t n_steps, double rate, double momentum, bint nesterov
    ):
        self._job.task = SGD
        self._job.velocity = self._vector(velocity)
        self._job.n_steps = n_steps
        self._job.rate, self._job.momentum = rate, momentum
        self._job.nesterov = nesterov

    def set_epoch(self, int64_t batch_size, double output_scale, double total_factor):
        self._job.batch_size = batch_size
        self._job.output_scale, self._job.total_factor = output_scale, total_factor

    def set_dropout(self, rates, uint32_t seed, int64_t n_steps):
        """Probabilities to be dropped, an array of a number for each layer but the last."""
        self._job.dropout = <const double *> self._address(
            rates, b"f", 8, self._job.n_layers
        )
        self._job.seed, self._job.n_steps = seed, n_steps

    # The penalty of a layer's weights, one kind of `_prox_terms` each. Numbers that are not
    # set are 0, which in C is the lack of a term.

    def set_separable(self, int layer, double l1, double l2, knots=None):
        self._set_sum(layer, l1, l2, knots)

    def set_row_factors(self, int layer, factors):
        """What the terms of each row are multiplied by, an array of doubles."""
        cdef penalty_terms *penalty = self._penalty(layer)
        penalty.row_factors = <const double *> self._address(
            factors, b"f", 8, self._job.units[layer]
        )

    def set_grouped(
        self, int layer, double strength, groups, double l1, double l2, knots=None
    ):
        """Terms of the norms of groups of rows.

        Parameters
        ----------
        layer : int
        strength : float
        groups : (rows, ends) or None
            The rows, group after group, and where among them each group ends, arrays of
            int64; None if every row is a group.
        l1, l2 : float
        knots : tuple of two floats or None
        """
        cdef penalty_terms *penalty = self._set_sum(layer, l1, l2, knots)
        cdef int64_t n_rows = self._job.units[layer]
        penalty.group = strength
        penalty.n_groups = n_rows
        if groups is not None:
            rows, ends = groups
            penalty.n_groups = len(ends)
            penalty.group_rows = <const int64_t *> self._address(rows, b"i", 8, n_rows)
            penalty.group_ends = <const int64_t *> self._address(
                ends, b"i", 8, penalty.n_groups
            )

    def set_column_norm_ball(self, int layer, double radius):
        self._penalty(layer).max_norm = radius

    def set_l1_norm_ball(self, int layer, double radius):
        self._penalty(layer).l1_norm = radius

    def set_hierarchy(self, int layer, double strength, double M):
        cdef penalty_terms *penalty = self._penalty(layer)
        penalty.group, penalty.hierarchy = strength, M
        penalty.n_groups = self._job.units[layer]

    cdef penalty_terms *_penalty(self, int layer) except NULL:
        if not 0 <= layer < self._job.n_layers:
            raise ValueError(f"layer {layer} of {self._job.n_layers}")
        return self._penalties + layer

    cdef penalty_terms *_set_sum(self, int layer, double l1, double l2, knots) except NULL:
        cdef penalty_terms *penalty = self._penalty(layer)
        penalty.l1, penalty.l2 = l1, l2
        if knots is not None:
            penalty.first_knot, penalty.last_knot = knots
        return penalty

    def set_prox(self, function, steps=None):
        """A function that applies the prox to the parameters after every step."""
        self._prox_function = function
        self._job.prox = _prox
        if steps is not None:
            self._job.steps = self._vector(steps)

    def run(self, Workspace workspace, Crew crew, int n_threads, start):
        """Do the job, on this thread and on others; returns the loss's sum.

        Parameters
        ----------
        workspace : Workspace
        crew : Crew
        n_threads : int
        start : callable
            For `crew.recruit`.
        """
        cdef bint double = self._double
        if workspace._busy:
            # Another thread is in it: take other memory for this once, and no help.
            workspace, crew, n_threads = Workspace(), Crew(), 1
        workspace._busy = True
        try:
            self._job.n_threads = crew.recruit(n_threads, start)
            self._job.team = &crew._team
            self._job.products = _products
            self._job.n_cores = _n_cores
            self._job.workspace = workspace.reserve(
                workspace_size_double(&self._job) if double
                else workspace_size_float(&self._job)
            )
            with nogil:
                if double:
                    run_double(&self._job)
                else:
                    run_float(&self._job)
        finally:
            workspace._busy = False
        if self._error is not None:
            raise self._error
        return self._job.loss_sum

    @property
    def n_steps(self):
        return self._job.n_steps


def seconds_of_products(products, int n_repeats, bint double):
    """Seconds that the bare matrix products of given shapes take, for the benchmarks.

    Parameters
    ----------
    products : list of (transpose_a, transpose_b, m, n, k)
        As BLAS names them; transposes are b"N" or b"T".

    n_repeats : int

    double : bool
        Whether in double precision, not single.
    """
    cdef int i, j, count = len(products), m, n, k, lda, ldb
    cdef int shapes[16][3]
    cdef char transposes[16][2]
    cdef size_t largest = 1
    for i, (a, b, *shape) in enumerate(products):
        transposes[i][0], transposes[i][1] = a[0], b[0]
        m, n, k = shape
        shapes[i][0], shapes[i][1], shapes[i][2] = m, n, k
        largest = max(largest, m * n, n * k, m * k)
    cdef double one_d = 1, zero_d = 0
    cdef float one_f = 1, zero_f = 0
    cdef size_t itemsize = 8 if double else 4
    memory = [bytearray(largest * itemsize) for _ in range(3)]
    cdef char *a_ = memory[0]
    cdef char *b_ = memory[1]
    cdef char *c_ = memory[2]
    start = perf_counter()
    with nogil:
        for i in range(n_repeats):
            for j in range(count):
                m, n, k = shapes[j][0], shapes[j][1], shapes[j][2]
                lda = m if transposes[j][0] == b"N" else k
                ldb = k if transposes[j][1] == b"N" else n
                if double:
                    dgemm(&transposes[j][0], &transposes[j][1], &m, &n, &k, &one_d,
                          <double *> a_, &lda, <double *> b_, &ldb, &zero_d,
                          <double *> c_, &m)
                else:
                    sgemm(&transposes[j][0], &transposes[j][1], &m, &n, &k, &one_f,
                          <float *> a_, &lda, <float *> b_, &ldb, &zero_f,
                          <float *> c_, &m)
    return perf_counter() - start
