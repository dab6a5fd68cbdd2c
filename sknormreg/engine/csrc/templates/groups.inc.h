/* The prox of a penalty on groups of weights, each of them whole rows of a layer's matrix:

       l1 ||W||_1 + l2 / 2 ||W||_F^2 + group * sum_g sqrt(K_g) ||W_g||

   with K_g the weights in group g, or a concave function of the norms, applied where a step
   has been taken without it. `diagonal_prox` in group_prox.py says where the formulas come from.
   Norms, sums of many squares, are found in double precision. */

#ifndef SKNORMREG_GROUPS_INC_H
#define SKNORMREG_GROUPS_INC_H

#include <math.h>
#include <string.h>

#include "concave.inc.h"
#include "newton.inc.h"
#include "shrinkage.inc.h"

/* Of a group: sums of n^2 and n^2 e, or of q^2 and q^2 e / d. */
typedef struct {
    double squares, weighted;
} NAME(group_sums);

/* For D = 1 / step: w -> n = soft(D w, l1), step -> e = D + l2. */
CLONES static void NAME(enter_metric)(real *RESTRICT params, real *RESTRICT steps, real l1,
                                      real l2, int64_t count, NAME(group_sums) *sums) {
    double squares = 0, weighted = 0;
#pragma omp simd reduction(+ : squares, weighted)
    for (int64_t i = 0; i < count; i++) {
        real metric = 1 / steps[i];
        real n = NAME(soft_threshold)(params[i] * metric, l1), e = metric + l2;
        params[i] = n;
        steps[i] = e;
        squares += (double)n * n;
        weighted += (double)n * n * e;
    }
    sums->squares += squares;
    sums->weighted += weighted;
}

/* For q = n / d with d = e r + c. */
CLONES static void NAME(add_quotients)(const real *RESTRICT n, const real *RESTRICT e,
                                       real r, real c, int64_t count,
                                       NAME(group_sums) *sums) {
    double squares = 0, weighted = 0;
#pragma omp simd reduction(+ : squares, weighted)
    for (int64_t i = 0; i < count; i++) {
        real inverse = 1 / (e[i] * r + c), q = n[i] * inverse;
        squares += (double)q * q;
        weighted += (double)q * q * (e[i] * inverse);
    }
    sums->squares += squares;
    sums->weighted += weighted;
}

/* n -> w = n r / (e r + c) */
CLONES static void NAME(leave_metric)(real *RESTRICT params, const real *RESTRICT e, real r,
                                      real c, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        params[i] *= r / (e[i] * r + c);
    }
}

/* A group: `n_rows` rows of a layer's weights, of `width` weights each. */
typedef struct {
    int64_t weights; /* where the layer's begin in the flat vector */
    int64_t width;
    const int64_t *rows; /* or NULL for those from `first_row` on */
    int64_t first_row, n_rows;
    real l1, l2;
    double bound;           /* the group strength times sqrt(K) */
    NAME(concave) function; /* of the root mean square, or one without knots */
} NAME(group);

static int64_t NAME(row_offset)(const NAME(group) *g, int64_t i) {
    return g->weights + (g->rows ? g->rows[i] : g->first_row + i) * g->width;
}

/* The root r of ||n / (e r + c)|| = 1 by Newton's method on the reciprocal of the norm,
   which is concave: from 0 on it does not pass the root. Its first step needs no sums but
   those of n. */
static double NAME(group_norm)(const NAME(group) *g, const real *params, const real *e,
                               NAME(group_sums) sums) {
    double norm = sqrt(sums.squares);
    double r = (norm - g->bound) * sums.squares / sums.weighted;
    for (int i = 0; i < MOST_NEWTON_STEPS; i++) {
        sums = (NAME(group_sums)){0, 0};
        for (int64_t k = 0; k < g->n_rows; k++) {
            int64_t offset = NAME(row_offset)(g, k);
            NAME(add_quotients)(params + offset, e + offset, (real)r, (real)g->bound,
                                g->width, &sums);
        }
        double step = sums.squares * (sqrt(sums.squares) - 1) / sums.weighted;
        r += step;
        if (!(step > NEWTON_TOLERANCE * r)) {
            break;
        }
    }
    return r;
}

/* In the diagonal metric of Adam: `steps` are those of the weights. */
static void NAME(shrink_in_metric)(const NAME(group) *g, real *params, real *steps) {
    NAME(group_sums) sums = {0, 0};
    for (int64_t k = 0; k < g->n_rows; k++) {
        int64_t offset = NAME(row_offset)(g, k);
        NAME(enter_metric)(params + offset, steps + offset, g->l1, g->l2, g->width, &sums);
    }
    int vanishes = sqrt(sums.squares) <= g->bound;
    double r = vanishes ? 0 : NAME(group_norm)(g, params, steps, sums);
    for (int64_t k = 0; k < g->n_rows; k++) {
        int64_t offset = NAME(row_offset)(g, k);
        if (vanishes) {
            memset(params + offset, 0, g->width * sizeof(real));
        } else {
            NAME(leave_metric)(params + offset, steps + offset, (real)r, (real)g->bound,
                               g->width);
        }
    }
}

/* With the single step of SGD. */
static void NAME(shrink)(const NAME(group) *g, real *params, double step) {
    double squares = 0;
    for (int64_t k = 0; k < g->n_rows; k++) {
        squares += NAME(threshold_row)(params + NAME(row_offset)(g, k), (real)step * g->l1,
                                       g->width);
    }
    double norm = sqrt(squares), bound = step * g->bound;
    real factor = norm <= bound ? 0 : (real)((1 - bound / norm) / (1 + step * g->l2));
    if (g->function.last_knot > 0 && norm > 0) {
        real r = (real)(norm / sqrt((double)(g->n_rows * g->width)));
        factor = NAME(concave_prox)(&g->function, r, (real)step) / r;
    }
    for (int64_t k = 0; k < g->n_rows; k++) {
        NAME(shrink_row)(params + NAME(row_offset)(g, k), factor, g->width);
    }
}

#endif
