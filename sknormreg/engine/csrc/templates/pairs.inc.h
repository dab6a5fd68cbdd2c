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

/* 1 where a parameter is free, 0 where it rests on a kink. Loops with numbers of several sizes,
   among them bytes, do not vectorise well. */
CLONES static void NAME(mark_free)(const uint8_t *RESTRICT kink, float *RESTRICT is_free,
                                   int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        is_free[i] = kink[i] ? 0.0f : 1.0f;
    }
}

/* q -= share * previous; then products of q and a pair. Of free parameters alone: q is 0
   elsewhere. */
CLONES static void NAME(first_products)(real *RESTRICT q, const float *RESTRICT is_free,
                                        double share, const float *RESTRICT previous,
                                        const float *RESTRICT step,
                                        const float *RESTRICT change, int64_t n,
                                        NAME(pair_sums) *sums) {
    double product = 0, slope = 0, squares = 0;
    real multiple = (real)share;
#pragma omp simd reduction(+ : product, slope, squares)
    for (int64_t i = 0; i < n; i++) {
        float s = step[i], y = change[i] * is_free[i];
        real updated = q[i] - multiple * (previous[i] * is_free[i]);
        q[i] = updated;
        product += (double)updated * s;
        slope += (double)s * y;
        squares += (double)y * y;
    }
    sums->product = product;
    sums->slope = slope;
    sums->squares = squares;
}

/* q += share * previous; then the product of q and a change. */
CLONES static double NAME(second_product)(real *RESTRICT q, const float *RESTRICT is_free,
                                          double share, const float *RESTRICT previous,
                                          const float *RESTRICT change, int64_t n) {
    double product = 0;
    real multiple = (real)share;
#pragma omp simd reduction(+ : product)
    for (int64_t i = 0; i < n; i++) {
        real updated = q[i] + multiple * (previous[i] * is_free[i]);
        q[i] = updated;
        product += (double)updated * change[i];
    }
    return product;
}

/* q = factor * (q + share * previous) */
CLONES static void NAME(update_and_scale)(real *RESTRICT q, const float *RESTRICT is_free,
                                          double share, const float *RESTRICT previous,
                                          double factor, int64_t n) {
    real multiple = (real)share, scale = (real)factor;
    for (int64_t i = 0; i < n; i++) {
        q[i] = scale * (q[i] + multiple * (previous[i] * is_free[i]));
    }
}

/* The start of the recursion. */
CLONES static void NAME(negative_where_free)(const real *RESTRICT subgradient,
                                             const float *RESTRICT is_free,
                                             real *RESTRICT q, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        real p = subgradient[i];
        q[i] = is_free[i] == 0 ? 0 : -p;
    }
}

/* Its end: steepest descent on the kinks. Returns the squared length. */
CLONES static double NAME(descend_on_kinks)(real *RESTRICT q, const float *RESTRICT is_free,
                                            const real *RESTRICT subgradient, double scale_,
                                            int64_t n) {
    double squares = 0;
    real scale = (real)scale_;
#pragma omp simd reduction(+ : squares)
    for (int64_t i = 0; i < n; i++) {
        real d = q[i], steepest = -scale * subgradient[i];
        d = is_free[i] == 0 ? steepest : d;
        q[i] = d;
        squares += (double)d * d;
    }
    return squares;
}

static int64_t NAME(slot)(const full_batch_pass *pass, int64_t i) {
    return (pass->first + i) % pass->n_slots;
}

/* What the recursion runs on: the pairs, each at a distance of `n` numbers from the next, and q.
   Either those of all parameters, or those of the free ones, gathered. */
typedef struct {
    const float *pairs;
    int64_t n, n_slots, first;
    const float *is_free;
    real *q;
} NAME(recursion);

CLONES static int64_t NAME(count_free)(const uint8_t *kink, int64_t n) {
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) {
        count += !kink[i];
    }
    return count;
}

CLONES static void NAME(gather_pair)(const float *RESTRICT vector,
                                     const int64_t *RESTRICT index, float *RESTRICT out,
                                     int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        out[i] = vector[index[i]];
    }
}

/* Where at most a quarter of the parameters are free: with more, gathering costs as much as
   it saves, in `workspace`: their indices, q, marks, and
   their pairs from the oldest on. */
static void NAME(gather)(full_batch_pass *pass, NAME(recursion) *r) {
    int64_t n = pass->n_params, n_free = r->n, next = 0;
    int64_t *index = (int64_t *)pass->workspace;
    r->q = (real *)(index + n_free);
    float *marks = (float *)(r->q + n_free), *pairs = marks + n_free;
    r->is_free = marks;
    r->pairs = pairs;
    r->n_slots = pass->n_pairs > 0 ? pass->n_pairs : 1;
    r->first = 0;
    if (!pass->is_gathered) {
        for (int64_t i = 0; i < n && next < n_free; i++) {
            index[next] = i;
            next += !pass->kink[i];
        }
        for (int64_t i = 0; i < pass->n_pairs; i++) {
            const float *pair = pass->pairs + 2 * NAME(slot)(pass, i) * n;
            NAME(gather_pair)(pair, index, pairs + 2 * i * n_free, n_free);
            NAME(gather_pair)(pair + n, index, pairs + (2 * i + 1) * n_free, n_free);
        }
        pass->is_gathered = 1;
    }
    for (int64_t i = 0; i < n_free; i++) {
        r->q[i] = ((real *)pass->out)[index[i]];
        marks[i] = 1;
    }
}

static NAME(recursion) NAME(begin)(full_batch_pass *pass) {
    NAME(recursion)
    r = {pass->pairs, pass->n_params, pass->n_slots, pass->first, pass->is_free, pass->out};
    int64_t n_free = NAME(count_free)(pass->kink, pass->n_params);
    if (4 * n_free <= pass->n_params) {
        r.n = n_free;
        NAME(gather)(pass, &r);
    }
    return r;
}

static void NAME(end)(full_batch_pass *pass, const NAME(recursion) *r) {
    const int64_t *index = (const int64_t *)pass->workspace;
    for (int64_t i = 0; i < r->n && r->q != pass->out; i++) {
        ((real *)pass->out)[index[i]] = r->q[i];
    }
}

static const float *NAME(step_of)(const NAME(recursion) *r, int64_t i) {
    return r->pairs + 2 * ((r->first + i) % r->n_slots) * r->n;
}

static const float *NAME(change_of)(const NAME(recursion) *r, int64_t i) {
    return NAME(step_of)(r, i) + r->n;
}

/* From the newest pair to the oldest. `slopes` are 0 for pairs that are left out: their
   curvature, restricted to the free parameters, is not positive. */
void NAME(first_loop)(full_batch_pass *pass) {
    NAME(mark_free)(pass->kink, pass->is_free, pass->n_params);
    NAME(negative_where_free)(pass->subgradient, pass->is_free, pass->out, pass->n_params);
    NAME(recursion) r = NAME(begin)(pass);
    const float *previous = r.pairs;
    double share = 0, scale = 1;
    int is_first = 1;
    for (int64_t i = pass->n_pairs - 1; i >= 0; i--) {
        const float *change = NAME(change_of)(&r, i);
        NAME(pair_sums) sums;
        NAME(first_products)(r.q, r.is_free, share, previous, NAME(step_of)(&r, i), change,
                             r.n, &sums);
        share = pass->slopes[i] = 0;
        if (sums.slope > LEAST_CURVATURE * sums.squares) {
            scale = is_first ? sums.slope / sums.squares : scale;
            is_first = 0;
            share = sums.product / sums.slope;
            pass->slopes[i] = sums.slope;
            previous = change;
        }
        pass->shares[i] = share;
    }
    if (pass->n_pairs > 0) {
        NAME(update_and_scale)(r.q, r.is_free, -share, previous,
                               pass->is_scaled ? scale : 1, r.n);
    }
    NAME(end)(pass, &r);
    pass->scale = scale;
}

/* From the oldest pair to the newest. */
void NAME(second_loop)(full_batch_pass *pass) {
    NAME(recursion) r = NAME(begin)(pass);
    const float *previous = r.pairs;
    double share = 0;
    for (int64_t i = 0; i < pass->n_pairs; i++) {
        if (pass->slopes[i] == 0) {
            continue;
        }
        double product = NAME(second_product)(r.q, r.is_free, share, previous,
                                              NAME(change_of)(&r, i), r.n);
        share = pass->shares[i] - product / pass->slopes[i];
        previous = NAME(step_of)(&r, i);
    }
    if (pass->n_pairs > 0) {
        NAME(update_and_scale)(r.q, r.is_free, share, previous, 1, r.n);
    }
    NAME(end)(pass, &r);
    pass->squares = NAME(descend_on_kinks)(pass->out, pass->is_free, pass->subgradient,
                                           pass->scale, pass->n_params);
}

typedef struct {
    const real *params, *end_params, *gradient, *end_gradient, *subgradient,
        *end_subgradient;
    const float *is_free;
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
    const float *RESTRICT is_free = ends->is_free;
    double slope = 0, squares = 0, loss_slope = 0, loss_squares = 0;
#pragma omp simd reduction(+ : slope, squares, loss_slope, loss_squares)
    for (int64_t i = 0; i < n; i++) {
        float s = (float)(end_params[i] - params[i]);
        float loss_change = (float)(end_gradient[i] - gradient[i]);
        float y = (float)(end_subgradient[i] - subgradient[i]);
        y = is_free[i] == 0 ? loss_change : y;
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
    ends = {pass->params,      pass->end_params,      pass->gradient, pass->end_gradient,
            pass->subgradient, pass->end_subgradient, pass->is_free};
    NAME(mark_free)(pass->kink, pass->is_free, pass->n_params);
    float *step = pass->pairs + 2 * pass->first * pass->n_params;
    NAME(differences)(&ends, step, step + pass->n_params, pass->n_params, pass);
}

#endif
