# What csrc/engine.h declares, for `_compiled.pyx`.

from libc.stdint cimport int64_t, uint32_t


cdef extern from "csrc/engine.h" nogil:
    ctypedef struct team:
        int n_threads

    void team_init(team *)
    void team_close(team *)
    void team_help(team *)

    enum products:
        BLAS
        TILES_256
        TILES_512

    enum loss:
        MULTINOMIAL_LOG_LOSS

    enum task:
        PREDICT
        GRADIENT
        ADAM
        SGD

    ctypedef void (*gemm_function)(
        char *, char *, int *, int *, int *, void *, void *, int *, void *, int *,
        void *, void *, int *
    ) noexcept
    gemm_function blas_gemm_float, blas_gemm_double

    ctypedef int (*hook_function)(void *) noexcept

    ctypedef struct penalty_terms:
        double l1, l2, group, first_knot, last_knot, hierarchy, max_norm, l1_norm
        const int64_t *group_rows
        const int64_t *group_ends
        int64_t n_groups
        const double *row_factors

    ctypedef struct job:
        task task
        int n_layers
        int64_t n_skip
        const int64_t *units
        const int *activations
        int loss
        double loss_parameter, output_scale, loss_factor
        const void **weights
        const void **intercepts
        void *params
        int64_t n_params
        const void *dense
        const void *values
        const void *indices
        const void *indptr
        int wide_indices
        int64_t largest_row, mean_row
        const void *targets
        int by_class
        const void *sample_weight
        const int64_t *rows
        int64_t n_rows
        void *raw
        void *gradient
        double loss_sum
        int64_t batch_size
        double total_factor, rate, beta_1, beta_2, epsilon, momentum
        int nesterov
        int64_t n_steps
        void *first
        void *second
        void *velocity
        const penalty_terms *penalties
        hook_function prox
        void *steps
        const double *dropout
        uint32_t seed
        hook_function interrupted
        void *context
        int status
        products products
        void *workspace
        int n_threads
        int n_cores
        team *team

    products best_products()
    size_t workspace_size_float(job *)
    size_t workspace_size_double(job *)
    void run_float(job *)
    void run_double(job *)
