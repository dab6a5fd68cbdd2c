/* One step of a minibatch solver on a block of parameters, with the prox of

       l1 ||w||_1 + l2 / 2 ||w||^2

   in the metric of the step. The solvers' classes say what the steps are; these loops do the
   same in one pass over the memory. */

#ifndef SKNORMREG_UPDATES_INC_H
#define SKNORMREG_UPDATES_INC_H

#include <math.h>

#include "shrinkage.inc.h"

typedef struct {
    real decay_1, gain_1, decay_2, gain_2; /* beta and 1 - beta of both moments */
    real correction_1, correction_2;       /* 1 / (1 - beta_1^t), 1 / sqrt(1 - beta_2^t) */
    real epsilon, rate;
} NAME(adam_rule);

/* Update the moments; the step is rate / scale, along *slope. */
INLINE real NAME(adam_scale)(const NAME(adam_rule) *rule, real gradient, real *first,
                             real *second, real *slope) {
    *first = *first * rule->decay_1 + rule->gain_1 * gradient;
    *second = *second * rule->decay_2 + rule->gain_2 * (gradient * gradient);
    *slope = rule->correction_1 * *first;
    return NAME(square_root)(*second) * rule->correction_2 + rule->epsilon;
}

/* With D the scale, w - rate slope / D is soft-thresholded by rate l1 / D and divided by
   1 + rate l2 / D: all of it times D, to divide but once. */
#define ADAM(name, threshold)                                                              \
    CLONES static void NAME(name)(const NAME(adam_rule) *rule_, real *RESTRICT params,     \
                                  const real *RESTRICT gradient, real *RESTRICT first,     \
                                  real *RESTRICT second, real l1, real l2, int64_t n) {    \
        NAME(adam_rule) copy = *rule_, *rule = &copy;                                      \
        real rate = rule->rate, rate_l1 = rate * l1, rate_l2 = rate * l2;                  \
        for (int64_t i = 0; i < n; i++) {                                                  \
            real slope;                                                                    \
            real scale = NAME(adam_scale)(rule, gradient[i], &first[i], &second[i],        \
                                          &slope);                                         \
            real w = params[i] * scale - rate * slope;                                     \
            params[i] = threshold / (scale + rate_l2);                                     \
        }                                                                                  \
        (void)rate_l1;                                                                     \
    }

ADAM(adam_smooth, w)
ADAM(adam_elastic, NAME(soft_threshold)(w, rate_l1))
#undef ADAM

/* The same without the prox, which is applied later, with the `steps` that are kept. */
CLONES static void NAME(adam_unfinished)(const NAME(adam_rule) *rule_,
                                         real *RESTRICT params,
                                         const real *RESTRICT gradient,
                                         real *RESTRICT first, real *RESTRICT second,
                                         real *RESTRICT steps, int64_t n) {
    NAME(adam_rule) copy = *rule_, *rule = &copy;
    for (int64_t i = 0; i < n; i++) {
        real slope;
        real scale = NAME(adam_scale)(rule, gradient[i], &first[i], &second[i], &slope);
        steps[i] = rule->rate / scale;
        params[i] -= slope * steps[i];
    }
}

/* `params` -> the extrapolated point minus the gradient step, prox applied; `velocity` ->
   the displacement. */
CLONES static void NAME(sgd)(real rate, real momentum, real *RESTRICT params,
                             const real *RESTRICT gradient, real *RESTRICT velocity,
                             real l1, real l2, int64_t n) {
    real shrinkage = 1 / (1 + rate * l2);
    for (int64_t i = 0; i < n; i++) {
        real w = params[i] + momentum * velocity[i] - rate * gradient[i];
        w = NAME(soft_threshold)(w, rate * l1) * shrinkage;
        velocity[i] = w - params[i];
        params[i] = w;
    }
}

/* The same without the prox, which is applied later: `before` keeps where the step began. */
CLONES static void NAME(sgd_unfinished)(real rate, real momentum, real *RESTRICT params,
                                        const real *RESTRICT gradient,
                                        const real *RESTRICT velocity,
                                        real *RESTRICT before, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        before[i] = params[i];
        params[i] += momentum * velocity[i] - rate * gradient[i];
    }
}

#endif
