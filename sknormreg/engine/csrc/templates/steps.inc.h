/* The second phase of a block: its part of the gradient and, with the last block of a
   minibatch, the solver's step.

   `parameter_task` takes a range of the parameters, which it updates while they are in the
   cache. */

#ifndef SKNORMREG_STEPS_INC_H
#define SKNORMREG_STEPS_INC_H

#include "../engine.h"
#include "../layers.h"
#include "../partition.h"
#include "concave.inc.h"
#include "gradients.inc.h"
#include "plan.inc.h"
#include "updates.inc.h"
#include "vectors.inc.h"

/* Velocity and extrapolated point of some of the parameters, whose prox has been applied. */
static void NAME(finish_sgd)(const job *j, const NAME(plan) *p, int64_t offset, int64_t n) {
    real *params = (real *)j->params + offset, *velocity = (real *)j->velocity + offset;
    NAME(difference)(params, p->arrays.before + offset, velocity, n);
    if (p->arrays.ahead) {
        NAME(extrapolate)(params, velocity, (real)j->momentum, p->arrays.ahead + offset, n);
    }
}

/* The prox of a function of the single weights: in the diagonal metric of Adam or, without
   `steps`, with the single step of SGD. */
static void NAME(elementwise_prox)(const penalty_terms *terms, real *params,
                                   const real *steps, real step, int64_t n) {
    NAME(concave) function = {(real)terms->l1, (real)terms->l2, (real)terms->first_knot,
                              (real)terms->last_knot};
    if (steps) {
        NAME(concave_in_metric)(&function, params, steps, n);
    } else {
        NAME(concave_with)(&function, params, step, n);
    }
}

/* A step for parameters of a range, with the prox or without the ones that follow. */
static void NAME(update)(const job *j, const NAME(plan) *p, const range *range,
                         const penalty_terms *terms, int64_t offset, int64_t n,
                         const real *gradient) {
    real *params = (real *)j->params + offset;
    int layer = range->layer, penalised = !range->is_intercept && !j->prox;
    int elementwise = penalised && has_elementwise_prox(terms);
    int later = penalised && n_pieces(j, layer) > 0;
    int unfinished = j->prox || later || elementwise;
    real l1 = penalised ? (real)terms->l1 : 0, l2 = penalised ? (real)terms->l2 : 0;
    if (j->task == ADAM) {
        real *first = (real *)j->first + offset, *second = (real *)j->second + offset;
        if (!unfinished) {
            (l1 != 0 ? NAME(adam_elastic) : NAME(adam_smooth))(&p->at.rule, params,
                                                               gradient, first, second, l1,
                                                               l2, n);
            return;
        }
        real *steps = p->arrays.steps + offset;
        NAME(adam_unfinished)(&p->at.rule, params, gradient, first, second, steps, n);
        if (elementwise) {
            NAME(elementwise_prox)(terms, params, steps, 0, n);
        }
        return;
    }
    real *velocity = (real *)j->velocity + offset;
    real rate = (real)j->rate, momentum = (real)j->momentum;
    if (!unfinished) {
        NAME(sgd)(rate, momentum, params, gradient, velocity, l1, l2, n);
        if (p->arrays.ahead) {
            NAME(extrapolate)(params, velocity, momentum, p->arrays.ahead + offset, n);
        }
        return;
    }
    NAME(sgd_unfinished)(rate, momentum, params, gradient, velocity,
                         p->arrays.before + offset, n);
    if (elementwise) {
        NAME(elementwise_prox)(terms, params, NULL, rate, n);
        NAME(finish_sgd)(j, p, offset, n);
    }
}

/* The same, row by row where their terms differ. */
static void NAME(update_range)(const job *j, const NAME(plan) *p, const range *range,
                               int64_t offset, int64_t n, const real *gradient) {
    const penalty_terms *all = j->penalties + range->layer;
    if (!all->row_factors || range->is_intercept || j->prox) {
        NAME(update)(j, p, range, all, offset, n, gradient);
        return;
    }
    int64_t width = layer_width(j, range->layer);
    for (int64_t row = range->start; row < range->stop; row++) {
        penalty_terms terms = terms_of_row(j, range->layer, row);
        int64_t done = (row - range->start) * width;
        NAME(update)(j, p, range, &terms, offset + done, width, gradient + done);
    }
}

static void NAME(parameter_task)(void *job_, int64_t index, int thread) {
    const job *j = job_;
    const NAME(plan) *p = j->plan;
    const range *range = p->parts.ranges + index;
    int64_t width = range->is_intercept ? 1 : layer_width(j, range->layer);
    int64_t offset = range->is_intercept ? p->arrays.intercept_offsets[range->layer]
                                         : p->arrays.weight_offsets[range->layer];
    offset += range->start * width;
    int64_t n = (range->stop - range->start) * width;
    real *part = p->arrays.scratch + thread * p->parts.n_scratch;
    real *gradient = p->arrays.gradient ? p->arrays.gradient + offset : part;
    if (p->at.is_first) {
        NAME(find_gradient)(j, p, range, gradient);
    } else {
        NAME(find_gradient)(j, p, range, part);
        NAME(add_multiple)(gradient, 1, part, n);
    }
    if (j->task != GRADIENT && p->at.is_last) {
        NAME(update_range)(j, p, range, offset, n, gradient);
    }
}

#endif
