/* The value and the minimum-norm subgradient of a penalty with kinks at zero, together with
   what tells when to stop. The penalties' `min_norm_subgradient` says where the formulas come
   from. Sums are in double precision. */

#ifndef SKNORMREG_SUBGRADIENTS_INC_H
#define SKNORMREG_SUBGRADIENTS_INC_H

#include <float.h>
#include <math.h>
#include <string.h>

#include "../full_batch.h"
#include "../portable.h"
#include "precision.inc.h"

/* Of weights: sums of phi(|w|) and w^2. Of subgradients p: sums of |p w| and p^2. */
typedef struct {
    double sizes, squares;
    double gap, subgradient_squares;
} NAME(pass_sums);

/* Arrays of one range, from its first parameter on. */
typedef struct {
    const real *params;
    real *gradient, *subgradient;
    uint8_t *kink;
} NAME(pass_arrays);

/* The terms of single weights. */
typedef struct {
    real l1, l2, first_knot, last_knot, gradient_factor;
} NAME(terms);

INLINE real NAME(absolute)(real x) { return x < 0 ? -x : x; }

INLINE real NAME(clipped)(real x, real low, real high) {
    real raised = x < low ? low : x;
    return raised > high ? high : raised;
}

/* The slope and the value of phi at r >= 0. */
INLINE real NAME(concave_slope)(real r, real first_knot, real last_knot) {
    return NAME(clipped)((last_knot - r) / (last_knot - first_knot), 0, 1);
}

INLINE real NAME(concave_value)(real r, real first_knot, real last_knot) {
    real inner = r < first_knot ? r : first_knot;
    real beyond = NAME(clipped)(r, first_knot, last_knot) - first_knot;
    return inner + beyond * (1 - beyond / (2 * (last_knot - first_knot)));
}

/* p = gradient + l2 w + l1 phi'(|w|) sign(w), or its shortest value where w is 0. */
INLINE void NAME(separable_loop)(const NAME(terms) *terms, const NAME(pass_arrays) *a,
                                 int64_t n, NAME(pass_sums) *sums, int has_l1,
                                 int has_knots) {
    const real *RESTRICT params = a->params;
    real *RESTRICT gradient = a->gradient, *RESTRICT subgradient = a->subgradient;
    const real l1 = terms->l1, l2 = terms->l2, factor = terms->gradient_factor;
    const real first_knot = terms->first_knot, last_knot = terms->last_knot;
    double sizes = 0, squares = 0, gap = 0, subgradient_squares = 0;
#pragma omp simd reduction(+ : sizes, squares, gap, subgradient_squares)
    for (int64_t i = 0; i < n; i++) {
        real w = params[i], g = gradient[i] * factor, size = NAME(absolute)(w);
        real p = g + l2 * w, added = 0;
        if (has_l1) {
            real slope = has_knots ? NAME(concave_slope)(size, first_knot, last_knot) : 1;
            real outside = l1 * slope;
            outside = w < 0 ? -outside : outside;
            added = w == 0 ? -NAME(clipped)(p, -l1, l1) : outside;
        }
        p += added;
        gradient[i] = g;
        subgradient[i] = p;
        sizes += has_knots ? NAME(concave_value)(size, first_knot, last_knot) : size;
        squares += (double)w * w;
        gap += (double)NAME(absolute)(p) * size;
        subgradient_squares += (double)p * p;
    }
    sums->sizes += sizes;
    sums->squares += squares;
    sums->gap += gap;
    sums->subgradient_squares += subgradient_squares;
}

CLONES static void NAME(smooth_pass)(const NAME(terms) *terms, const NAME(pass_arrays) *a,
                                     int64_t n, NAME(pass_sums) *sums) {
    NAME(separable_loop)(terms, a, n, sums, 0, 0);
}

CLONES static void NAME(l1_pass)(const NAME(terms) *terms, const NAME(pass_arrays) *a,
                                 int64_t n, NAME(pass_sums) *sums) {
    NAME(separable_loop)(terms, a, n, sums, 1, 0);
}

CLONES static void NAME(concave_pass)(const NAME(terms) *terms, const NAME(pass_arrays) *a,
                                      int64_t n, NAME(pass_sums) *sums) {
    NAME(separable_loop)(terms, a, n, sums, 1, 1);
}

/* Apart from the loop above, whose numbers are of another size than these. */
CLONES static void NAME(mark_zeros)(const real *RESTRICT params, uint8_t *RESTRICT kink,
                                    int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        kink[i] = params[i] == 0;
    }
}

static void NAME(separable_pass)(const NAME(terms) *terms, const NAME(pass_arrays) *a,
                                 int64_t n, NAME(pass_sums) *sums) {
    if (terms->l1 == 0) {
        NAME(smooth_pass)(terms, a, n, sums);
        memset(a->kink, 0, (size_t)n);
        return;
    }
    NAME(mark_zeros)(a->params, a->kink, n);
    if (terms->last_knot == 0) {
        NAME(l1_pass)(terms, a, n, sums);
    } else {
        NAME(concave_pass)(terms, a, n, sums);
    }
}

/* Groups. A row of one, where it begins: */
static int64_t NAME(group_row)(const penalised_rows *rows, int64_t k) {
    return (rows->group_rows ? rows->group_rows[k] : k) * rows->width;
}

static int64_t NAME(group_end)(const penalised_rows *rows, int64_t group) {
    return rows->group_ends ? rows->group_ends[group] : group + 1;
}

/* The terms of one group: those of all, or in `own`, multiplied by its factor. */
static const penalised_rows *NAME(terms_of_group)(const penalised_rows *rows, int64_t group,
                                                  penalised_rows *own) {
    if (!rows->group_factors) {
        return rows;
    }
    double factor = rows->group_factors[group];
    *own = *rows;
    own->l1 *= factor;
    own->l2 *= factor;
    own->group *= factor;
    return own;
}

CLONES static void NAME(add_sizes)(const real *RESTRICT params, int64_t n,
                                   NAME(pass_sums) *sums) {
    double sizes = 0, squares = 0;
#pragma omp simd reduction(+ : sizes, squares)
    for (int64_t i = 0; i < n; i++) {
        real w = params[i];
        sizes += NAME(absolute)(w);
        squares += (double)w * w;
    }
    sums->sizes += sizes;
    sums->squares += squares;
}

/* Where all weights are 0: p = soft(gradient, l1), to be shortened by the ball. */
CLONES static void NAME(zero_pass)(real l1, real factor, real *RESTRICT gradient,
                                   real *RESTRICT subgradient, int64_t n,
                                   NAME(pass_sums) *sums) {
    double squares = 0;
#pragma omp simd reduction(+ : squares)
    for (int64_t i = 0; i < n; i++) {
        real g = gradient[i] * factor, p = g - NAME(clipped)(g, -l1, l1);
        gradient[i] = g;
        subgradient[i] = p;
        squares += (double)p * p;
    }
    sums->subgradient_squares += squares;
}

CLONES static void NAME(multiply)(real *RESTRICT vector, real factor, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        vector[i] *= factor;
    }
}

static NAME(pass_arrays) NAME(from)(const NAME(pass_arrays) *a, int64_t offset) {
    NAME(pass_arrays)
    later = {a->params + offset, a->gradient + offset, a->subgradient + offset,
             a->kink + offset};
    return later;
}

static void NAME(zero_group)(const penalised_rows *rows, const NAME(pass_arrays) *a,
                             int64_t start, int64_t stop, double radius,
                             NAME(pass_sums) *sums) {
    NAME(pass_sums) own = {0, 0, 0, 0};
    for (int64_t k = start; k < stop; k++) {
        NAME(pass_arrays) row = NAME(from)(a, NAME(group_row)(rows, k));
        NAME(zero_pass)((real)rows->l1, (real)rows->gradient_factor, row.gradient,
                        row.subgradient, rows->width, &own);
        memset(row.kink, 1, (size_t)rows->width);
    }
    double norm = sqrt(own.subgradient_squares);
    /* Also where it is not a number. */
    double kept = norm <= radius ? 0 : 1 - radius / norm;
    for (int64_t k = start; k < stop; k++) {
        NAME(multiply)(a->subgradient + NAME(group_row)(rows, k), (real)kept, rows->width);
    }
    sums->subgradient_squares += kept * kept * own.subgradient_squares;
}

/* `separable_pass` of a row with a multiple of the weights that is beyond single precision. */
static void NAME(tiny_row)(const penalised_rows *rows, const NAME(pass_arrays) *a,
                           double multiple, NAME(pass_sums) *sums) {
    const double l1 = rows->l1;
    for (int64_t i = 0; i < rows->width; i++) {
        double w = a->params[i];
        real g = a->gradient[i] * (real)rows->gradient_factor;
        double p = g + (rows->l2 + multiple) * w, nearest = p < -l1 ? -l1 : p > l1 ? l1 : p;
        p += w > 0 ? l1 : w < 0 ? -l1 : -nearest;
        a->gradient[i] = g;
        a->subgradient[i] = (real)p;
        a->kink[i] = w == 0 && l1 != 0;
        sums->gap += fabs(p * w);
        sums->subgradient_squares += p * p;
    }
}

/* Elsewhere the norm of the group has a gradient: a multiple of the weights. */
static void NAME(living_group)(const penalised_rows *rows, const NAME(pass_arrays) *a,
                               int64_t start, int64_t stop, double multiple,
                               NAME(pass_sums) *sums) {
    int is_tiny = multiple > FLT_MAX;
    NAME(terms)
    terms = {(real)rows->l1, (real)(rows->l2 + (is_tiny ? 0 : multiple)), 0, 0,
             (real)rows->gradient_factor};
    for (int64_t k = start; k < stop; k++) {
        NAME(pass_arrays) row = NAME(from)(a, NAME(group_row)(rows, k));
        if (is_tiny) {
            NAME(tiny_row)(rows, &row, multiple, sums);
        } else {
            NAME(separable_pass)(&terms, &row, rows->width, sums);
        }
    }
}

/* The gradient of group K phi(r), r = norm / sqrt(K), as a multiple of the weights. */
static double NAME(group_slope)(const penalised_rows *rows, double r) {
    double k = rows->first_knot, a = rows->last_knot;
    double slope = a == 0 ? 1 : r <= k ? 1 : r < a ? (a - r) / (a - k) : 0;
    return r > 0 ? rows->group * slope / r : 0;
}

static double NAME(group_value)(const penalised_rows *rows, double r) {
    double k = rows->first_knot, a = rows->last_knot;
    if (a == 0) {
        return r;
    }
    double end = r < a ? r : a, beyond = end > k ? end - k : 0;
    return (r < k ? r : k) + beyond * (1 - beyond / (2 * (a - k)));
}

/* Returns the penalty. */
static double NAME(group_pass)(const penalised_rows *all, const NAME(pass_arrays) *a,
                               NAME(pass_sums) *sums) {
    double penalty = 0;
    int64_t start = 0;
    for (int64_t group = 0; group < all->n_groups; group++) {
        penalised_rows terms;
        const penalised_rows *rows = NAME(terms_of_group)(all, group, &terms);
        int64_t stop = NAME(group_end)(rows, group);
        double size = rows->group_sizes[group];
        NAME(pass_sums) own = {0, 0, 0, 0};
        for (int64_t k = start; k < stop; k++) {
            NAME(add_sizes)(a->params + NAME(group_row)(rows, k), rows->width, &own);
        }
        /* Without a penalty there is no kink. */
        if (own.sizes == 0 && rows->group != 0) {
            NAME(zero_group)(rows, a, start, stop, rows->group * sqrt(size), sums);
        } else {
            double r = sqrt(own.squares / size);
            penalty += rows->group * size * NAME(group_value)(rows, r);
            penalty += rows->l1 * own.sizes + rows->l2 / 2 * own.squares;
            NAME(living_group)(rows, a, start, stop, NAME(group_slope)(rows, r), sums);
        }
        start = stop;
    }
    return penalty;
}

/* The largest absolute number. In lanes: compilers do not vectorise a maximum that has to heed
   what is not a number. */
CLONES static double NAME(largest)(const real *vector, int64_t n) {
    enum { LANES = 32 };
    real lanes[LANES] = {0}, largest = 0;
    int64_t whole = n - n % LANES;
    for (int64_t i = 0; i < whole; i += LANES) {
        for (int64_t k = 0; k < LANES; k++) {
            real size = NAME(absolute)(vector[i + k]);
            lanes[k] = size > lanes[k] ? size : lanes[k];
        }
    }
    for (int64_t i = whole; i < n; i++) {
        real size = NAME(absolute)(vector[i]);
        lanes[i - whole] = size > lanes[i - whole] ? size : lanes[i - whole];
    }
    for (int64_t k = 0; k < LANES; k++) {
        largest = lanes[k] > largest ? lanes[k] : largest;
    }
    return largest;
}

#endif
