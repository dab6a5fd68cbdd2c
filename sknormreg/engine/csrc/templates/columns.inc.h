/* Constraints of the Euclidean norm of each column of a matrix: subgradients, and the projection.
   `MaxNorm` says where the formulas come from. Columns are taken BALL_COLUMNS at a time; sums are
   in double precision. */

#ifndef SKNORMREG_COLUMNS_INC_H
#define SKNORMREG_COLUMNS_INC_H

#include <float.h>
#include <math.h>
#include <string.h>

#include "../full_batch.h"
#include "../partition.h"
#include "../portable.h"
#include "precision.inc.h"
#include "subgradients.inc.h"

/* Of some columns: inner products of weights with themselves and with gradients. */
typedef struct {
    double squares[BALL_COLUMNS], products[BALL_COLUMNS];
    real multiples[BALL_COLUMNS];
} NAME(column_sums);

CLONES static void NAME(add_column_products)(const real *RESTRICT a, const real *RESTRICT b,
                                             double *RESTRICT products, int64_t n) {
    for (int64_t k = 0; k < n; k++) {
        products[k] += (double)a[k] * b[k];
    }
}

/* p = gradient + multiple w */
CLONES static void NAME(add_outward)(const NAME(pass_arrays) *a,
                                     const real *RESTRICT multiples, int64_t n,
                                     NAME(pass_sums) *sums) {
    const real *RESTRICT params = a->params, *RESTRICT gradient = a->gradient;
    real *RESTRICT subgradient = a->subgradient;
    double gap = 0, squares = 0;
#pragma omp simd reduction(+ : gap, squares)
    for (int64_t k = 0; k < n; k++) {
        real w = params[k], p = gradient[k] + multiples[k] * w;
        subgradient[k] = p;
        gap += (double)NAME(absolute)(p) * NAME(absolute)(w);
        squares += (double)p * p;
    }
    sums->gap += gap;
    sums->subgradient_squares += squares;
}

CLONES static void NAME(multiply_row)(real *RESTRICT w, const real *RESTRICT multiples,
                                      int64_t n) {
    for (int64_t k = 0; k < n; k++) {
        w[k] *= multiples[k];
    }
}

static int64_t NAME(n_columns_from)(const penalised_rows *rows, int64_t start) {
    return rows->width - start < BALL_COLUMNS ? rows->width - start : BALL_COLUMNS;
}

/* A bound of the relative rounding error of a norm, as `_slack` in constraints.py. */
static double NAME(slack_of_norms)(const penalised_rows *rows) {
    double epsilon = sizeof(real) == sizeof(float) ? FLT_EPSILON : DBL_EPSILON;
    return 10 * sqrt((double)(rows->n_rows * rows->width)) * epsilon;
}

/* Returns 0, or infinity if a norm is larger than the radius. On the sphere a subgradient has a
   multiple of the weights, t >= 0, in addition. */
static double NAME(ball_pass)(const penalised_rows *rows, const NAME(pass_arrays) *a,
                              NAME(pass_sums) *sums) {
    const double slack = NAME(slack_of_norms)(rows);
    const int64_t width = rows->width;
    int is_inside = 1;
    NAME(multiply)(a->gradient, (real)rows->gradient_factor, rows->n_rows * width);
    memset(a->kink, 0, (size_t)(rows->n_rows * width));
    for (int64_t start = 0; start < width; start += BALL_COLUMNS) {
        int64_t n = NAME(n_columns_from)(rows, start);
        NAME(column_sums) c = {{0}, {0}, {0}};
        for (int64_t i = 0; i < rows->n_rows; i++) {
            const real *w = a->params + i * width + start;
            NAME(add_column_products)(w, w, c.squares, n);
            NAME(add_column_products)(w, a->gradient + i * width + start, c.products, n);
        }
        for (int64_t k = 0; k < n; k++) {
            double norm = sqrt(c.squares[k]);
            int leads_out = norm >= rows->radius * (1 - slack) && c.products[k] < 0;
            c.multiples[k] = leads_out ? (real)(-c.products[k] / c.squares[k]) : 0;
            is_inside = is_inside && norm <= rows->radius * (1 + slack);
        }
        for (int64_t i = 0; i < rows->n_rows; i++) {
            NAME(pass_arrays) row = NAME(from)(a, i * width + start);
            NAME(add_outward)(&row, c.multiples, n, sums);
        }
    }
    return is_inside ? 0 : INFINITY;
}

/* Shorten the columns that are longer than the radius. */
static void NAME(project_onto_ball)(const penalised_rows *rows, real *weights) {
    const int64_t width = rows->width;
    for (int64_t start = 0; start < width; start += BALL_COLUMNS) {
        int64_t n = NAME(n_columns_from)(rows, start);
        NAME(column_sums) c = {{0}, {0}, {0}};
        int is_outside = 0;
        for (int64_t i = 0; i < rows->n_rows; i++) {
            const real *w = weights + i * width + start;
            NAME(add_column_products)(w, w, c.squares, n);
        }
        for (int64_t k = 0; k < n; k++) {
            double norm = sqrt(c.squares[k]);
            c.multiples[k] = norm > rows->radius ? (real)(rows->radius / norm) : 1;
            is_outside = is_outside || norm > rows->radius;
        }
        for (int64_t i = 0; i < rows->n_rows && is_outside; i++) {
            NAME(multiply_row)(weights + i * width + start, c.multiples, n);
        }
    }
}

#endif
