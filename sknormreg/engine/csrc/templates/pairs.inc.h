/* The two-loop recursion of L-BFGS, restricted to the parameters that rest on no kink.

   The pairs are read from memory twice, which is what the recursion costs on many parameters:
   each loop updates the vector while it forms the next products, and the pairs are kept in
   single precision. */

#ifndef SKNORMREG_PAIRS_INC_H
#define SKNORMREG_PAIRS_INC_H

#include "../full_batch.h"
#include "../portable.h"
#include "precision.inc.h"

/* A pair's curvature is positive if its slope exceeds this share of the square of the change. */
#define LEAST_CURVATURE 1e-10

typedef struct {
    double product, slope, squares;
} NAME(pair_sums);

/* Where `kink` is 0: q -= share * previous. Then products of q and a pair. */
CLONES static void NAME(first_products)(real *RESTRICT q, const uint8_t *RESTRICT kink,
                                        double share, const float *RESTRICT previous,
                                        const float *RESTRICT step,
                                        const float *RESTRICT change, int64_t n,
                                        NAME(pair_sums) *sums) {
    double product = 0, slope = 0, squares = 0;
    real multiple = (real)share;
#pragma omp simd reduction(+ : product, slope, squares)
    for (int64_t i = 0; i < n; i++) {
        float before = previous[i], s = step[i], y = change[i];
        before = kink[i] ? 0 : before;
        y = kink[i] ? 0 : y;
        real updated = q[i] - multiple * before;
        q[i] = updated;
        product += (double)updated * s;
        slope += (double)s * y;
        squares += (double)y * y;
    }
    sums->product = product;
    sums->slope = slope;
    sums->squares = squares;
}

/* Where `kink` is 0: q += share * previous. Then the product of q and a change. */
CLONES static double NAME(second_product)(real *RESTRICT q, const uint8_t *RESTRICT kink,
                                          double share, const float *RESTRICT previous,
                                          const float *RESTRICT change, int64_t n) {
    double product = 0;
    real multiple = (real)share;
#pragma omp simd reduction(+ : product)
    for (int64_t i = 0; i < n; i++) {
        float before = previous[i];
        before = kink[i] ? 0 : before;
        real updated = q[i] + multiple * before;
        q[i] = updated;
        product += (double)updated * change[i];
    }
    return product;
}

/* q = factor * (q + share * previous), where `kink` is 0. */
CLONES static void NAME(update_and_scale)(real *RESTRICT q, const uint8_t *RESTRICT kink,
                                          double share, const float *RESTRICT previous,
                                          double factor, int64_t n) {
    real multiple = (real)share, scale = (real)factor;
    for (int64_t i = 0; i < n; i++) {
        float before = previous[i];
        before = kink[i] ? 0 : before;
        q[i] = scale * (q[i] + multiple * before);
    }
}

/* The start of the recursion. */
CLONES static void NAME(negative_where_free)(const real *RESTRICT subgradient,
                                             const uint8_t *RESTRICT kink, real *RESTRICT q,
                                             int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        real p = subgradient[i];
        q[i] = kink[i] ? 0 : -p;
    }
}

/* Its end: steepest descent on the kinks. Returns the squared length. */
CLONES static double NAME(descend_on_kinks)(real *RESTRICT q, const uint8_t *RESTRICT kink,
                                            const real *RESTRICT subgradient, double scale_,
                                            int64_t n) {
    double squares = 0;
    real scale = (real)scale_;
#pragma omp simd reduction(+ : squares)
    for (int64_t i = 0; i < n; i++) {
        real d = q[i], steepest = -scale * subgradient[i];
        d = kink[i] ? steepest : d;
        q[i] = d;
        squares += (double)d * d;
    }
    return squares;
}

static int64_t NAME(slot)(const full_batch_pass *pass, int64_t i) {
    return (pass->first + i) % pass->n_slots;
}

static const float *NAME(step_of)(const full_batch_pass *pass, int64_t slot) {
    return pass->pairs + 2 * slot * pass->n_params;
}

static const float *NAME(change_of)(const full_batch_pass *pass, int64_t slot) {
    return pass->pairs + (2 * slot + 1) * pass->n_params;
}

/* From the newest pair to the oldest. `slopes` are 0 for pairs that are left out: their
   curvature, restricted to the free parameters, is not positive. */
void NAME(first_loop)(full_batch_pass *pass) {
    real *q = pass->out;
    int64_t n = pass->n_params;
    NAME(negative_where_free)(pass->subgradient, pass->kink, q, n);
    const float *previous = pass->pairs;
    double share = 0, scale = 1;
    int is_first = 1;
    for (int64_t i = pass->n_pairs - 1; i >= 0; i--) {
        int64_t slot = NAME(slot)(pass, i);
        const float *change = NAME(change_of)(pass, slot);
        NAME(pair_sums) sums;
        NAME(first_products)(q, pass->kink, share, previous, NAME(step_of)(pass, slot),
                             change, n, &sums);
        share = pass->slopes[slot] = 0;
        if (sums.slope > LEAST_CURVATURE * sums.squares) {
            scale = is_first ? sums.slope / sums.squares : scale;
            is_first = 0;
            share = sums.product / sums.slope;
            pass->slopes[slot] = sums.slope;
            previous = change;
        }
        pass->shares[slot] = share;
    }
    NAME(update_and_scale)(q, pass->kink, -share, previous, pass->is_scaled ? scale : 1, n);
    pass->scale = scale;
}

/* From the oldest pair to the newest. */
void NAME(second_loop)(full_batch_pass *pass) {
    real *q = pass->out;
    int64_t n = pass->n_params;
    const float *previous = pass->pairs;
    double share = 0;
    for (int64_t i = 0; i < pass->n_pairs; i++) {
        int64_t slot = NAME(slot)(pass, i);
        if (pass->slopes[slot] == 0) {
            continue;
        }
        double product = NAME(second_product)(q, pass->kink, share, previous,
                                              NAME(change_of)(pass, slot), n);
        share = pass->shares[slot] - product / pass->slopes[slot];
        previous = NAME(step_of)(pass, slot);
    }
    NAME(update_and_scale)(q, pass->kink, share, previous, 1, n);
    pass->squares = NAME(descend_on_kinks)(q, pass->kink, pass->subgradient, pass->scale, n);
}

typedef struct {
    const real *params, *end_params, *gradient, *end_gradient, *subgradient,
        *end_subgradient;
    const uint8_t *kink;
} NAME(ends);

/* A step and the change of the subgradient along it; where a parameter rests on a kink in the
   end, that of the gradient. */
CLONES static void NAME(differences)(const NAME(ends) *ends, float *RESTRICT step,
                                     float *RESTRICT change, int64_t n,
                                     full_batch_pass *pass) {
    const real *RESTRICT params = ends->params, *RESTRICT end_params = ends->end_params;
    const real *RESTRICT gradient = ends->gradient;
    const real *RESTRICT end_gradient = ends->end_gradient;
    const real *RESTRICT subgradient = ends->subgradient;
    const real *RESTRICT end_subgradient = ends->end_subgradient;
    const uint8_t *RESTRICT kink = ends->kink;
    double slope = 0, squares = 0, loss_slope = 0, loss_squares = 0;
#pragma omp simd reduction(+ : slope, squares, loss_slope, loss_squares)
    for (int64_t i = 0; i < n; i++) {
        float s = (float)(end_params[i] - params[i]);
        float loss_change = (float)(end_gradient[i] - gradient[i]);
        float y = (float)(end_subgradient[i] - subgradient[i]);
        y = kink[i] ? loss_change : y;
        step[i] = s;
        change[i] = y;
        slope += (double)s * y;
        squares += (double)y * y;
        loss_slope += (double)s * loss_change;
        loss_squares += (double)loss_change * loss_change;
    }
    pass->slope = slope;
    pass->squares = squares;
    pass->loss_slope = loss_slope;
    pass->loss_squares = loss_squares;
}

/* Into the slot `first`. */
void NAME(write_pair)(full_batch_pass *pass) {
    NAME(ends)
    ends = {pass->params,       pass->end_params,      pass->gradient,
            pass->end_gradient, pass->subgradient,     pass->end_subgradient,
            pass->kink};
    float *step = pass->pairs + 2 * pass->first * pass->n_params;
    NAME(differences)(&ends, step, step + pass->n_params, pass->n_params, pass);
}

#endif
