/* Trial points of a line search: a weight that would change its sign, or a group that would
   pass its kink, becomes zero. And products with the inverse Hessian of the norms of groups.
   The penalties' `project` and `solve_curvature` say where the formulas come from. */

#ifndef SKNORMREG_TRIALS_INC_H
#define SKNORMREG_TRIALS_INC_H

#include <float.h>
#include <math.h>
#include <string.h>

#include "../full_batch.h"
#include "../portable.h"
#include "precision.inc.h"
#include "subgradients.inc.h"

typedef struct {
    const real *params, *direction, *subgradient;
    const uint8_t *kink;
    real *out;
} NAME(trial_arrays);

/* Of a group's trial point t: the product with its reference point, which is the descent
   direction where a weight rests on a kink; and slopes, the subgradient times t - w and
   times -w. */
typedef struct {
    double product, slope, slope_to_zero;
} NAME(trial_sums);

/* Without the mask of kinks: with an l1 term they are where weights are 0, and a group rests on
   its kink as a whole. */
INLINE void NAME(trial_loop)(const NAME(trial_arrays) *a, real step, int64_t n,
                             NAME(trial_sums) *sums, int in_orthant, int in_half_space,
                             int is_zero) {
    const real *RESTRICT params = a->params, *RESTRICT direction = a->direction;
    const real *RESTRICT subgradient = a->subgradient;
    real *RESTRICT out = a->out;
    double product = 0, slope = 0, slope_to_zero = 0;
#pragma omp simd reduction(+ : product, slope, slope_to_zero)
    for (int64_t i = 0; i < n; i++) {
        real w = params[i], p = subgradient[i], t = w + step * direction[i];
        real reference = is_zero || (in_orthant && w == 0) ? -p : w;
        if (in_orthant) {
            t = reference > 0 ? (t > 0 ? t : 0) : reference < 0 ? (t < 0 ? t : 0) : 0;
        }
        out[i] = t;
        slope += (double)p * (t - w);
        if (in_half_space) {
            product += (double)t * reference;
            slope_to_zero -= (double)p * w;
        }
    }
    sums->product += product;
    sums->slope += slope;
    sums->slope_to_zero += slope_to_zero;
}

CLONES static void NAME(free_trial)(const NAME(trial_arrays) *a, real step, int64_t n,
                                    NAME(trial_sums) *sums) {
    NAME(trial_loop)(a, step, n, sums, 0, 0, 0);
}

CLONES static void NAME(orthant_trial)(const NAME(trial_arrays) *a, real step, int64_t n,
                                       NAME(trial_sums) *sums) {
    NAME(trial_loop)(a, step, n, sums, 1, 0, 0);
}

CLONES static void NAME(half_space_trial)(const NAME(trial_arrays) *a, real step, int64_t n,
                                          NAME(trial_sums) *sums) {
    NAME(trial_loop)(a, step, n, sums, 0, 1, 0);
}

CLONES static void NAME(zero_group_trial)(const NAME(trial_arrays) *a, real step, int64_t n,
                                          NAME(trial_sums) *sums) {
    NAME(trial_loop)(a, step, n, sums, 0, 1, 1);
}

CLONES static void NAME(sparse_group_trial)(const NAME(trial_arrays) *a, real step,
                                            int64_t n, NAME(trial_sums) *sums) {
    NAME(trial_loop)(a, step, n, sums, 1, 1, 0);
}

static NAME(trial_arrays) NAME(trial_from)(const NAME(trial_arrays) *a, int64_t offset) {
    NAME(trial_arrays)
    later = {a->params + offset, a->direction + offset, a->subgradient + offset,
             a->kink + offset, a->out + offset};
    return later;
}

/* Returns the slope. */
static double NAME(group_trial)(const penalised_rows *all, const NAME(trial_arrays) *a,
                                real step) {
    double slope = 0;
    int64_t start = 0;
    for (int64_t group = 0; group < all->n_groups; group++) {
        penalised_rows terms;
        const penalised_rows *rows = NAME(terms_of_group)(all, group, &terms);
        int64_t stop = NAME(group_end)(rows, group);
        NAME(trial_sums) sums = {0, 0, 0};
        for (int64_t k = start; k < stop; k++) {
            NAME(trial_arrays) row = NAME(trial_from)(a, NAME(group_row)(rows, k));
            ((real)rows->l1 != 0 ? NAME(sparse_group_trial)
             : row.kink[0]       ? NAME(zero_group_trial)
                                 : NAME(half_space_trial))(&row, step, rows->width, &sums);
        }
        int has_passed = rows->group != 0 && sums.product <= 0;
        for (int64_t k = start; k < stop && has_passed; k++) {
            memset(a->out + NAME(group_row)(rows, k), 0,
                   (size_t)rows->width * sizeof(real));
        }
        slope += has_passed ? sums.slope_to_zero : sums.slope;
        start = stop;
    }
    return slope;
}

void NAME(trial)(full_batch_pass *pass) {
    NAME(trial_arrays)
    all = {pass->params, pass->direction, pass->subgradient, pass->kink, pass->out};
    real step = (real)pass->step;
    double slope = 0;
    for (int64_t i = 0; i < pass->n_ranges; i++) {
        const penalised_rows *rows = pass->rows + i;
        NAME(trial_arrays) a = NAME(trial_from)(&all, rows->start);
        if (rows->group != 0) {
            slope += NAME(group_trial)(rows, &a, step);
            continue;
        }
        NAME(trial_sums) sums = {0, 0, 0};
        ((real)rows->l1 != 0
             ? NAME(orthant_trial)
             : NAME(free_trial))(&a, step, rows->n_rows * rows->width, &sums);
        slope += sums.slope;
    }
    pass->slope = slope;
}

/* The Hessian of the penalty */

CLONES static void NAME(add_products)(const real *RESTRICT params,
                                      const real *RESTRICT vector, int64_t n,
                                      double *squares_, double *products_) {
    double squares = 0, products = 0;
#pragma omp simd reduction(+ : squares, products)
    for (int64_t i = 0; i < n; i++) {
        squares += (double)params[i] * params[i];
        products += (double)params[i] * vector[i];
    }
    *squares_ += squares;
    *products_ += products;
}

/* out = a vector + b params */
CLONES static void NAME(combine)(real a, const real *RESTRICT vector, real b,
                                 const real *RESTRICT params, real *RESTRICT out,
                                 int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        out[i] = a * vector[i] + b * params[i];
    }
}

/* The same, with multiples that are beyond single precision. */
static void NAME(combine_tiny)(double a, const real *vector, double b, const real *params,
                               real *out, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        out[i] = (real)(a * vector[i] + b * params[i]);
    }
}

/* Across a group the curvature is the norm of the gradient over that of the weights; along it
   none is assumed. */
static void NAME(solve_groups)(const penalised_rows *all, const real *params,
                               const real *vector, double shift, real *out) {
    int64_t start = 0;
    for (int64_t group = 0; group < all->n_groups; group++) {
        penalised_rows terms;
        const penalised_rows *rows = NAME(terms_of_group)(all, group, &terms);
        int64_t stop = NAME(group_end)(rows, group);
        double squares = 0, products = 0, factor = 1 / shift, along = 0;
        for (int64_t k = start; k < stop; k++) {
            int64_t offset = NAME(group_row)(rows, k);
            NAME(add_products)(params + offset, vector + offset, rows->width, &squares,
                               &products);
        }
        if (squares > 0) {
            double r = sqrt(squares / rows->group_sizes[group]);
            factor = 1 / (shift + NAME(group_slope)(rows, r) + rows->l2);
            along = products / squares * (1 / shift - factor);
        }
        for (int64_t k = start; k < stop; k++) {
            int64_t offset = NAME(group_row)(rows, k);
            if (fabs(along) > FLT_MAX) {
                NAME(combine_tiny)(factor, vector + offset, along, params + offset,
                                   out + offset, rows->width);
                continue;
            }
            NAME(combine)((real)factor, vector + offset, (real)along, params + offset,
                          out + offset, rows->width);
        }
        start = stop;
    }
}

void NAME(solve_curvature)(full_batch_pass *pass) {
    const real *params = pass->params, *vector = pass->vector;
    real *out = pass->out;
    for (int64_t i = 0; i < pass->n_ranges; i++) {
        const penalised_rows *rows = pass->rows + i;
        int64_t start = rows->start;
        if (rows->group != 0) {
            NAME(solve_groups)(rows, params + start, vector + start, pass->shift,
                               out + start);
        } else {
            NAME(combine)((real)(1 / pass->shift), vector + start, 0, params + start,
                          out + start, rows->n_rows * rows->width);
        }
    }
}

#endif
