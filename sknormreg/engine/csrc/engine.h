/* What the compiled engine does, for its callers.

   A job is one call: predictions, a loss with its gradient, or an epoch of minibatches. It
   is run by one leading thread; others may help. The arithmetic exists in two precisions
   with the same source, the templates that `engine.inc.h` includes. */

#ifndef SKNORMREG_ENGINE_H
#define SKNORMREG_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "team.h"

/* The order is that of the tables in compiled_engine.py. */
enum activation { IDENTITY, LOGISTIC, TANH, RELU, LEAKY_RELU, ELU, GELU, SILU, SOFTPLUS };
enum loss {
    HALF_SQUARED_ERROR,
    HUBER,
    PINBALL,
    HALF_POISSON,
    HALF_TWEEDIE,
    BINARY_LOG_LOSS,
    MULTINOMIAL_LOG_LOSS,
    LINEAR
};
/* How matrices are multiplied: by vectors of 512 bits, of 256 bits, or by BLAS. */
enum products { BLAS, TILES_256, TILES_512 };
enum task { PREDICT, GRADIENT, ADAM, SGD };

typedef void (*gemm_function)(char *, char *, int *, int *, int *, void *, void *, int *,
                              void *, int *, void *, void *, int *);

/* Set once, when the module is loaded: BLAS in both precisions. */
extern gemm_function blas_gemm_float, blas_gemm_double;

/* Called by the leader between phases; a result other than 0 ends the job. */
typedef int (*hook_function)(void *context);

/* The penalty of a layer's weights: one kind of those in `_prox_terms.py`, which says what they
   are. `group` is the strength of groups and of the hierarchy; a number of 0 stands for the
   lack of a term. */
typedef struct {
    double l1, l2, group;
    double first_knot, last_knot;
    double hierarchy, max_norm, l1_norm;
    /* Its rows in the order of the groups, and where among them each group ends; or NULL,
       where every row is a group. */
    const int64_t *group_rows, *group_ends;
    int64_t n_groups;
    /* What the terms of each row are multiplied by, the same within a group; NULL where this
       is 1. */
    const double *row_factors;
} penalty_terms;

typedef struct {
    enum task task;

    /* The network: n_layers weight matrices, units[0] features, units[n_layers] outputs.
       The first matrix has `n_skip` more columns, of weights that lead straight to the
       outputs: as many as these, or none. */
    int n_layers;
    int64_t n_skip;
    const int64_t *units;
    const int *activations;
    int loss;
    double loss_parameter;
    double output_scale; /* raw outputs are this times the last layer's */
    double loss_factor;  /* of the gradient */

    /* Parameters, an array for each layer; flat for GRADIENT, ADAM and SGD, where the
       others point into it. */
    const void **weights;
    const void **intercepts;
    void *params;
    int64_t n_params;

    /* The data. Where `rows` is not NULL the job's rows are rows[0], ..., else 0, 1, ... */
    const void *dense; /* C-ordered, or NULL for CSR: */
    const void *values;
    const void *indices;
    const void *indptr;
    int wide_indices;    /* whether these are of 64 bits, not 32 */
    int64_t largest_row; /* entries in the longest row */
    int64_t mean_row;    /* in one of them, rounded up */
    const void *targets;
    int by_class; /* whether targets are a class for each row, not a number for each output */
    const void *sample_weight;
    const int64_t *rows;
    int64_t n_rows;

    /* Results. */
    void *raw;      /* PREDICT: (n_rows, n_outputs) */
    void *gradient; /* GRADIENT: n_params */
    double loss_sum;

    /* ADAM and SGD: minibatches, the rule, and the state that it carries on. */
    int64_t batch_size;
    double total_factor; /* the gradient's factor times the rows of its batch */
    double rate, beta_1, beta_2, epsilon, momentum;
    int nesterov;
    int64_t n_steps;
    void *first, *second, *velocity;
    const penalty_terms *penalties; /* one a layer */
    hook_function prox;             /* NULL, or what applies another penalty's prox */
    void *steps;                    /* ADAM with a hook: the steps it is to apply it with */

    /* Dropout in ADAM, SGD and GRADIENT, in the latter that of step n_steps: probabilities
       for the inputs and every hidden layer, or NULL. */
    const double *dropout;
    uint32_t seed;

    hook_function interrupted; /* whether to give up, asked about every 50 ms */
    void *context;             /* of both hooks */
    int status;                /* what a hook returned that ended the job */

    enum products products;
    void *workspace;
    team *team;
    int n_threads; /* of the team */
    int n_cores;   /* of the machine, from 1 to 16 */
    void *plan;    /* in the workspace */
} job;

/* The best that the processor can do. */
enum products best_products(void);

/* Bytes of memory that the job's workspace needs. */
size_t workspace_size_float(job *j);
size_t workspace_size_double(job *j);

/* Do all of it, on the leader's thread. */
void run_float(job *j);
void run_double(job *j);

#endif
