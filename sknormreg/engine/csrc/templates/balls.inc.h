/* Projections onto the balls of constraints, applied where a step has been taken without
   them: columns of a layer's weights with a Euclidean norm of at most a radius (max-norm),
   or all of its weights with an L1 norm of at most a radius. `constraints.py` says where the
   formulas come from: both end in a root of a function of the multiplier mu that Newton's
   method approaches from below.

   Norms, sums of many terms, are found in double precision. */

#ifndef SKNORMREG_BALLS_INC_H
#define SKNORMREG_BALLS_INC_H

#include <math.h>
#include <string.h>

#include "../partition.h"
#include "newton.inc.h"
#include "shrinkage.inc.h"

/* Sums over the rows so far, and what is sought, of each of some columns. */
typedef struct {
    double squares[BALL_COLUMNS], weighted[BALL_COLUMNS];
    real largest[BALL_COLUMNS]; /* step */
    real mu[BALL_COLUMNS];
} NAME(columns);

/* Of w^2, and the largest steps. */
CLONES static void NAME(add_squares)(const real *RESTRICT w, double *RESTRICT squares,
                                     int64_t n) {
    for (int64_t k = 0; k < n; k++) {
        squares[k] += (double)w[k] * w[k];
    }
}

CLONES static void NAME(find_largest)(const real *RESTRICT steps, real *RESTRICT largest,
                                      int64_t n) {
    for (int64_t k = 0; k < n; k++) {
        largest[k] = steps[k] > largest[k] ? steps[k] : largest[k];
    }
}

/* Of q^2 and q^2 s / d for q = w / d with d = 1 + mu s. */
CLONES static void NAME(add_shrunk)(const real *RESTRICT w, const real *RESTRICT steps,
                                    const real *RESTRICT mu, double *RESTRICT squares,
                                    double *RESTRICT weighted, int64_t n) {
    for (int64_t k = 0; k < n; k++) {
        real inverse = 1 / (1 + mu[k] * steps[k]), q = w[k] * inverse;
        squares[k] += (double)q * q;
        weighted[k] += (double)q * q * (steps[k] * inverse);
    }
}

/* w -> w / (1 + mu s) */
CLONES static void NAME(divide_columns)(real *RESTRICT w, const real *RESTRICT steps,
                                        const real *RESTRICT mu, int64_t n) {
    for (int64_t k = 0; k < n; k++) {
        w[k] /= 1 + mu[k] * steps[k];
    }
}

CLONES static void NAME(multiply_columns)(real *RESTRICT w, const real *RESTRICT factors,
                                          int64_t n) {
    for (int64_t k = 0; k < n; k++) {
        w[k] *= factors[k];
    }
}

/* A block of a layer's weights: some or all of its columns, from `weights` on. */
typedef struct {
    int64_t weights, n_rows, width, n_columns;
    double radius;
} NAME(block);

/* Sums of q^2 and q^2 s / d over the rows of columns that are outside; Newton's step. */
static int NAME(improve_multipliers)(const NAME(block) *b, const real *params,
                                     const real *steps, NAME(columns) *c) {
    int moved = 0;
    memset(c->squares, 0, sizeof c->squares);
    memset(c->weighted, 0, sizeof c->weighted);
    for (int64_t i = 0; i < b->n_rows; i++) {
        int64_t offset = b->weights + i * b->width;
        NAME(add_shrunk)(params + offset, steps + offset, c->mu, c->squares, c->weighted,
                         b->n_columns);
    }
    for (int64_t k = 0; k < b->n_columns; k++) {
        if (c->mu[k] > 0) {
            double step = c->squares[k] * (sqrt(c->squares[k]) / b->radius - 1)
                          / c->weighted[k];
            c->mu[k] += (real)step;
            moved = moved || step > NEWTON_TOLERANCE * c->mu[k];
        }
    }
    return moved;
}

/* In the diagonal metric of Adam. */
static void NAME(project_columns_in_metric)(const NAME(block) *b, real *params,
                                            const real *steps) {
    NAME(columns) c;
    memset(&c, 0, sizeof c);
    for (int64_t i = 0; i < b->n_rows; i++) {
        int64_t offset = b->weights + i * b->width;
        NAME(add_squares)(params + offset, c.squares, b->n_columns);
        NAME(find_largest)(steps + offset, c.largest, b->n_columns);
    }
    int outside = 0;
    for (int64_t k = 0; k < b->n_columns; k++) {
        /* From below: as if all steps were the largest. */
        double excess = sqrt(c.squares[k]) / b->radius - 1;
        c.mu[k] = excess > 0 ? (real)(excess / c.largest[k]) : 0;
        outside = outside || excess > 0;
    }
    for (int i = 0; outside && i < MOST_NEWTON_STEPS; i++) {
        if (!NAME(improve_multipliers)(b, params, steps, &c)) {
            break;
        }
    }
    for (int64_t i = 0; outside && i < b->n_rows; i++) {
        int64_t offset = b->weights + i * b->width;
        NAME(divide_columns)(params + offset, steps + offset, c.mu, b->n_columns);
    }
}

/* With the single step of SGD, whose length makes no difference. */
static void NAME(project_columns)(const NAME(block) *b, real *params) {
    double squares[BALL_COLUMNS] = {0};
    real factors[BALL_COLUMNS];
    for (int64_t i = 0; i < b->n_rows; i++) {
        NAME(add_squares)(params + b->weights + i * b->width, squares, b->n_columns);
    }
    int outside = 0;
    for (int64_t k = 0; k < b->n_columns; k++) {
        double norm = sqrt(squares[k]);
        factors[k] = norm > b->radius ? (real)(b->radius / norm) : 1;
        outside = outside || norm > b->radius;
    }
    for (int64_t i = 0; outside && i < b->n_rows; i++) {
        NAME(multiply_columns)(params + b->weights + i * b->width, factors, b->n_columns);
    }
}

/* The sums of |w| - mu s over those where it is positive, and of their s. */
CLONES static void NAME(sum_excess)(const real *RESTRICT w, const real *RESTRICT steps,
                                    real mu, int64_t n, double *excess_sum,
                                    double *step_sum) {
    double excess = 0, total = 0;
#pragma omp simd reduction(+ : excess, total)
    for (int64_t i = 0; i < n; i++) {
        real rest = (w[i] < 0 ? -w[i] : w[i]) - mu * steps[i];
        excess += rest > 0 ? rest : 0;
        total += rest > 0 ? steps[i] : 0;
    }
    *excess_sum = excess;
    *step_sum = total;
}

/* The same where all steps are 1. */
CLONES static void NAME(sum_even_excess)(const real *RESTRICT w, real mu, int64_t n,
                                         double *excess_sum, double *step_sum) {
    double excess = 0, total = 0;
#pragma omp simd reduction(+ : excess, total)
    for (int64_t i = 0; i < n; i++) {
        real rest = (w[i] < 0 ? -w[i] : w[i]) - mu;
        excess += rest > 0 ? rest : 0;
        total += rest > 0;
    }
    *excess_sum = excess;
    *step_sum = total;
}

CLONES static void NAME(threshold_by_steps)(real *RESTRICT w, const real *RESTRICT steps,
                                            real mu, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        w[i] = NAME(soft_threshold)(w[i], mu * steps[i]);
    }
}

/* In Adam's metric or, without `steps`, in that of SGD. The sum is a convex, piecewise linear
   function of mu, of which Newton's method ends with the root. */
/* Whether anything was outside. */
static int NAME(threshold_to_l1_ball)(const NAME(block) *b, real *params,
                                      const real *steps) {
    real *w = params + b->weights, mu = 0;
    int64_t n = b->n_rows * b->width;
    for (int i = 0; i < MOST_NEWTON_STEPS; i++) {
        double excess, step_sum;
        if (steps) {
            NAME(sum_excess)(w, steps + b->weights, mu, n, &excess, &step_sum);
        } else {
            NAME(sum_even_excess)(w, mu, n, &excess, &step_sum);
        }
        real next = mu + (real)((excess - b->radius) / step_sum);
        if (!(next > mu)) {
            break;
        }
        mu = next;
    }
    if (mu > 0 && steps) {
        NAME(threshold_by_steps)(w, steps + b->weights, mu, n);
    } else if (mu > 0) {
        NAME(threshold_row)(w, mu, n);
    }
    return mu > 0;
}

/* Once more after the first time, which is exact to rounding of the weights from far outside:
   that may be more than the radius. */
static void NAME(project_onto_l1_ball)(const NAME(block) *b, real *params,
                                       const real *steps) {
    if (NAME(threshold_to_l1_ball)(b, params, steps)) {
        NAME(threshold_to_l1_ball)(b, params, steps);
    }
}

#endif
