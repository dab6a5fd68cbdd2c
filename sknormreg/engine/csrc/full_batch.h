/* Passes over all parameters, of which a step of a full-batch solver has a few: what a penalty
   with kinks at zero adds to a gradient, trial points that it projects, and products with
   curvature pairs.

   Like the engine, they exist in two precisions with the same source. They are run by the
   calling thread alone. */

#ifndef SKNORMREG_FULL_BATCH_H
#define SKNORMREG_FULL_BATCH_H

#include <stdint.h>

/* Some parameters that follow one another, `n_rows` rows of `width`: the weights of a layer, or
   intercepts, which no term concerns. Their penalty is

       l1 sum phi(|w|) + l2 / 2 sum w^2 + group sum_g K_g phi(||w_g|| / sqrt(K_g))

   where phi has slope 1 up to the first knot and slope 0 from the last one on, linear in
   between; without knots, which are then 0, it is the identity. With a radius, which is else 0, it
   is the constraint that no column has a larger norm. */
typedef struct {
    int64_t start, n_rows, width;
    double l1, l2, group, first_knot, last_knot, radius;
    /* The rows, group after group, where among them each group ends, or NULL where every row is
       a group; and the K_g. */
    const int64_t *group_rows, *group_ends;
    const double *group_sizes;
    int64_t n_groups;
    /* What the terms of each group are multiplied by, or NULL where this is 1. */
    const double *group_factors;
    /* What the gradient of the loss is multiplied by. */
    double gradient_factor;
} penalised_rows;

/* One pass: arrays that it reads and writes, each of `n_params` numbers, and its results. */
typedef struct {
    const penalised_rows *rows;
    int64_t n_ranges, n_params;

    const void *params, *end_params;
    void *gradient; /* of the loss */
    const void *end_gradient, *direction, *vector;
    void *subgradient; /* the minimum-norm subgradient of the objective */
    const void *end_subgradient;
    uint8_t *kink; /* whether a parameter rests on a kink */
    void *out;

    /* The length of a step along the direction; the multiple of the identity that is added
       to a Hessian. */
    double step, shift;

    double penalty, optimality, gap, squares, slope;

    /* Curvature pairs: a step and the change of the gradient along it in two vectors of single
       precision, `n_slots` times, of which `n_pairs` from the slot `first` on are in use, the
       oldest first. `shares` and `slopes` have a number for each pair. */
    float *pairs;
    int64_t n_slots, first, n_pairs;
    double *shares, *slopes;
    float *is_free; /* memory for a number for each parameter */
    void
        *workspace; /* memory for `n_pairs` + 3 numbers of 2 bytes for each: see `gather` */
    int is_gathered;
    int is_scaled;
    double scale, loss_slope, loss_squares;
} full_batch_pass;

typedef void (*pass_function)(full_batch_pass *);

void evaluate_float(full_batch_pass *);
void evaluate_double(full_batch_pass *);
void prox_float(full_batch_pass *);
void prox_double(full_batch_pass *);
void trial_float(full_batch_pass *);
void trial_double(full_batch_pass *);
void solve_curvature_float(full_batch_pass *);
void solve_curvature_double(full_batch_pass *);
void write_pair_float(full_batch_pass *);
void write_pair_double(full_batch_pass *);
void first_loop_float(full_batch_pass *);
void first_loop_double(full_batch_pass *);
void second_loop_float(full_batch_pass *);
void second_loop_double(full_batch_pass *);

#endif
