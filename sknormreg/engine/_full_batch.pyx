# cython: language_level=3
"""The way into C of the passes over all parameters that full-batch solvers take.

`full_batch.py` says what they do. Here only what would let C leave an array, or take its
bytes for others, is checked. The module does not declare that it runs without the GIL.
"""

import numpy as np

from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS,
    PyBUF_FORMAT,
    PyBUF_WRITABLE,
    Py_buffer,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from libc.stdint cimport int64_t, uint8_t
from libc.stdlib cimport calloc, free


# Passes over fewer parameters end before another thread could do much with the GIL.
cdef int64_t _MANY_PARAMS = 20000


cdef void *_address(
    array, const char *codes, int64_t itemsize, int64_t count, bint writable
) except? NULL:
    """Where the first of `count` numbers of a C-ordered array lies, while it lives.

    `codes` are those of the struct module for the kinds of numbers that it may have.
    """
    cdef Py_buffer view
    cdef int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT
    PyObject_GetBuffer(array, &view, flags | (PyBUF_WRITABLE if writable else 0))
    cdef void *address = view.buf
    cdef Py_ssize_t length = view.len, size = view.itemsize
    # With an order of bytes in front, it is not ours.
    cdef char code = view.format[0]
    PyBuffer_Release(&view)
    cdef bint is_known = False
    while codes[0] != 0:
        is_known = is_known or codes[0] == code
        codes += 1
    if not is_known or size != itemsize or length != count * itemsize:
        raise ValueError(
            f"an array of {length} bytes, {size} for each {chr(code)!r}, where {count} "
            f"numbers of {itemsize} bytes are read"
        )
    if <size_t> address % <size_t> itemsize:
        raise ValueError("an array that is not aligned")
    return address


cdef class _Vectors:
    """Addresses of the vectors of one pass, all of one precision."""

    cdef full_batch_pass c
    cdef bint double
    cdef object is_free  # an array that lives as long as the pass

    cdef int begin(self, params) except -1:
        self.double = params.itemsize == 8
        self.c.n_params = len(params)
        self.c.params = self.reals(params)
        return 0

    cdef void *reals(self, array, bint writable=False) except? NULL:
        return _address(
            array, b"d" if self.double else b"f", 8 if self.double else 4, self.c.n_params,
            writable,
        )

    cdef uint8_t *mask(self, array, bint writable=False) except? NULL:
        return <uint8_t *> _address(array, b"?", 1, self.c.n_params, writable)

    cdef void run(self, pass_function single, pass_function double) noexcept:
        cdef pass_function function = double if self.double else single
        if self.c.n_params < _MANY_PARAMS:
            function(&self.c)
        else:
            with nogil:
                function(&self.c)


cdef class CompiledPenalty:
    """The penalty of all parameters.

    Parameters
    ----------
    ranges : list of tuple
        Parameters that follow one another: numbers of rows and columns, the factor of the
        gradient, l1, l2, knots or None, group, groups, and radius. Groups are None or the
        rows, group after group, or None where every row is a group; where among them each
        group ends; the groups' sizes; and factors of their terms, or None.
    """

    cdef penalised_rows *_rows
    cdef int64_t _n_ranges
    cdef readonly int64_t n_params
    cdef list _arrays

    def __cinit__(self, ranges):
        self._arrays = []
        self._n_ranges = len(ranges)
        self._rows = <penalised_rows *> calloc(max(len(ranges), 1), sizeof(penalised_rows))
        if self._rows == NULL:
            raise MemoryError()
        for i, (n_rows, width, factor, *terms, radius) in enumerate(ranges):
            l1, l2, knots, group, groups = terms
            self._rows[i].start = self.n_params
            self._rows[i].n_rows, self._rows[i].width = n_rows, width
            self._rows[i].gradient_factor = factor
            self._rows[i].l1, self._rows[i].l2 = l1, l2
            self._rows[i].radius = radius
            if knots is not None:
                self._rows[i].first_knot, self._rows[i].last_knot = knots
            if group:
                self._rows[i].group = group
                group_rows, ends, sizes, factors = groups
                self._set_groups(&self._rows[i], group_rows, ends, sizes)
                if factors is not None:
                    self._rows[i].group_factors = <const double *> _address(
                        factors, b"d", 8, len(sizes), False
                    )
                    self._arrays.append(factors)
            self.n_params += n_rows * width

    def __dealloc__(self):
        free(self._rows)

    cdef int _set_groups(self, penalised_rows *rows, group_rows, ends, sizes) except -1:
        cdef int64_t n_rows = rows.n_rows
        rows.n_groups = len(sizes)
        rows.group_sizes = <const double *> _address(sizes, b"d", 8, len(sizes), False)
        self._arrays.append(sizes)
        if group_rows is None:
            if rows.n_groups != n_rows:
                raise ValueError(f"{rows.n_groups} sizes of {n_rows} rows")
            return 0
        rows.group_rows = <const int64_t *> _address(group_rows, b"lq", 8, n_rows, False)
        rows.group_ends = <const int64_t *> _address(ends, b"lq", 8, len(sizes), False)
        self._arrays += [group_rows, ends]
        if not np.array_equal(np.sort(group_rows), np.arange(n_rows)):
            raise ValueError("groups that are not all rows, each once")
        if (np.diff(ends, prepend=0) < 0).any() or ends[-1] != n_rows:
            raise ValueError("groups that do not end with the rows")
        return 0

    cdef _Vectors _vectors(self, params):
        if len(params) != self.n_params:
            raise ValueError(f"{len(params)} parameters where {self.n_params} are read")
        cdef _Vectors vectors = _Vectors.__new__(_Vectors)
        vectors.begin(params)
        vectors.c.rows, vectors.c.n_ranges = self._rows, self._n_ranges
        return vectors

    def evaluate(self, params, gradient):
        """See `full_batch.py`; multiplies the gradient by its factors, in place."""
        cdef _Vectors vectors = self._vectors(params)
        subgradient, kink = np.empty_like(params), np.empty(self.n_params, np.bool_)
        vectors.c.gradient = vectors.reals(gradient, True)
        vectors.c.subgradient = vectors.reals(subgradient, True)
        vectors.c.kink = vectors.mask(kink, True)
        vectors.run(evaluate_float, evaluate_double)
        return (
            vectors.c.penalty, subgradient, kink,
            vectors.c.optimality, vectors.c.gap, vectors.c.squares,
        )

    def prox(self, params, double step):
        """In place."""
        cdef _Vectors vectors = self._vectors(params)
        vectors.c.out = vectors.reals(params, True)
        vectors.c.step = step
        vectors.run(prox_float, prox_double)

    def trial(self, params, direction, subgradient, kink, double step):
        cdef _Vectors vectors = self._vectors(params)
        out = np.empty_like(params)
        vectors.c.direction = vectors.reals(direction)
        vectors.c.subgradient = vectors.reals(subgradient)
        vectors.c.kink = vectors.mask(kink)
        vectors.c.out = vectors.reals(out, True)
        vectors.c.step = step
        vectors.run(trial_float, trial_double)
        return out, vectors.c.slope

    def solve_curvature(self, params, vector, double shift):
        cdef _Vectors vectors = self._vectors(params)
        out = np.empty_like(params)
        vectors.c.vector = vectors.reals(vector)
        vectors.c.out = vectors.reals(out, True)
        vectors.c.shift = shift
        vectors.run(solve_curvature_float, solve_curvature_double)
        return out


cdef int _set_pairs(_Vectors vectors, pairs, int64_t first, int64_t n_pairs) except -1:
    cdef int64_t n_slots = len(pairs)
    if not (0 <= first < n_slots and 0 <= n_pairs <= n_slots):
        raise ValueError(f"{n_pairs} pairs from {first} on, of {n_slots}")
    vectors.c.pairs = <float *> _address(
        pairs, b"f", 4, 2 * n_slots * vectors.c.n_params, True
    )
    vectors.c.n_slots, vectors.c.first, vectors.c.n_pairs = n_slots, first, n_pairs
    vectors.is_free = np.empty(vectors.c.n_params, np.float32)
    vectors.c.is_free = <float *> _address(
        vectors.is_free, b"f", 4, vectors.c.n_params, True
    )
    return 0


def write_pair(pairs, int64_t slot, params, current, end_params, end):
    """See `full_batch.py`."""
    cdef _Vectors vectors = _Vectors.__new__(_Vectors)
    vectors.begin(params)
    _set_pairs(vectors, pairs, slot, 0)
    vectors.c.end_params = vectors.reals(end_params)
    vectors.c.gradient = vectors.reals(current.gradient)
    vectors.c.end_gradient = vectors.reals(end.gradient)
    vectors.c.subgradient = vectors.reals(current.subgradient)
    vectors.c.end_subgradient = vectors.reals(end.subgradient)
    vectors.c.kink = vectors.mask(end.kink)
    vectors.run(write_pair_float, write_pair_double)
    return (
        vectors.c.slope, vectors.c.squares, vectors.c.loss_slope, vectors.c.loss_squares
    )


def direction(
    pairs, int64_t first, int64_t n_pairs, subgradient, kink, solve, double curvature
):
    """See `full_batch.py`."""
    cdef _Vectors vectors = _Vectors.__new__(_Vectors)
    vectors.begin(subgradient)
    _set_pairs(vectors, pairs, first, n_pairs)
    vectors.c.subgradient = vectors.reals(subgradient)
    vectors.c.kink = vectors.mask(kink)
    out = np.empty_like(subgradient)
    vectors.c.out = vectors.reals(out, True)
    shares = np.empty((2, len(pairs)))
    vectors.c.shares = <double *> _address(shares, b"d", 8, 2 * len(pairs), True)
    vectors.c.slopes = vectors.c.shares + len(pairs)
    # Of 8 bytes for each number, so that it is aligned.
    workspace = np.empty((n_pairs + 3) * vectors.c.n_params // 4 + 8)
    vectors.c.workspace = _address(workspace, b"d", 8, len(workspace), True)
    vectors.c.is_scaled = solve is None
    vectors.run(first_loop_float, first_loop_double)
    if solve is not None:
        out = solve(out, curvature)
        vectors.c.out = vectors.reals(out, True)
        vectors.c.scale = 1 / curvature
    vectors.run(second_loop_float, second_loop_double)
    return out, vectors.c.scale, vectors.c.squares
