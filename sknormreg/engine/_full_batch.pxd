# What csrc/full_batch.h declares, for `_full_batch.pyx`.

from libc.stdint cimport int64_t, uint8_t


cdef extern from "csrc/full_batch.h" nogil:
    ctypedef struct penalised_rows:
        int64_t start, n_rows, width
        double l1, l2, group, first_knot, last_knot, radius
        const int64_t *group_rows
        const int64_t *group_ends
        const double *group_sizes
        int64_t n_groups
        const double *group_factors
        double gradient_factor

    ctypedef struct full_batch_pass:
        const penalised_rows *rows
        int64_t n_ranges, n_params
        const void *params
        const void *end_params
        void *gradient
        const void *end_gradient
        const void *direction
        const void *vector
        void *subgradient
        const void *end_subgradient
        uint8_t *kink
        void *out
        double step, shift
        double penalty, optimality, gap, squares, slope
        float *pairs
        int64_t n_slots, first, n_pairs
        double *shares
        double *slopes
        float *is_free
        void *workspace
        int is_gathered
        int is_scaled
        double scale, loss_slope, loss_squares

    ctypedef void (*pass_function)(full_batch_pass *) noexcept

    void evaluate_float(full_batch_pass *) noexcept
    void evaluate_double(full_batch_pass *) noexcept
    void prox_float(full_batch_pass *) noexcept
    void prox_double(full_batch_pass *) noexcept
    void trial_float(full_batch_pass *) noexcept
    void trial_double(full_batch_pass *) noexcept
    void solve_curvature_float(full_batch_pass *) noexcept
    void solve_curvature_double(full_batch_pass *) noexcept
    void write_pair_float(full_batch_pass *) noexcept
    void write_pair_double(full_batch_pass *) noexcept
    void first_loop_float(full_batch_pass *) noexcept
    void first_loop_double(full_batch_pass *) noexcept
    void second_loop_float(full_batch_pass *) noexcept
    void second_loop_double(full_batch_pass *) noexcept
