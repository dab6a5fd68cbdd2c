/* The third phase, once a minibatch: the proxes that tie weights together which may be in
   several ranges of parameters.

   `prox_task` takes a bunch of what a prox is applied to: groups of rows, columns or a whole
   layer to project onto a ball (max-norm, L1), or the inputs of the hierarchical penalty. */

#ifndef SKNORMREG_LATER_PROXES_INC_H
#define SKNORMREG_LATER_PROXES_INC_H

#include <math.h>

#include "../engine.h"
#include "../layers.h"
#include "../partition.h"
#include "balls.inc.h"
#include "groups.inc.h"
#include "hierarchy.inc.h"
#include "plan.inc.h"
#include "steps.inc.h"

static NAME(group)
    NAME(find_group)(const job *j, const NAME(plan) *p, int layer, int64_t index) {
    const int64_t *rows = j->penalties[layer].group_rows;
    const int64_t *ends = j->penalties[layer].group_ends;
    int64_t start = !rows ? index : index ? ends[index - 1] : 0;
    int64_t n_rows = rows ? ends[index] - start : 1, width = layer_width(j, layer);
    penalty_terms terms = terms_of_row(j, layer, rows ? rows[start] : start);
    return (NAME(group)){
        p->arrays.weight_offsets[layer],
        width,
        rows ? rows + start : NULL,
        start,
        n_rows,
        (real)terms.l1,
        (real)terms.l2,
        terms.group * sqrt((double)(n_rows * width)),
        {(real)terms.group, (real)terms.l2, (real)terms.first_knot, (real)terms.last_knot}};
}

static void NAME(finish_rows)(const job *j, const NAME(plan) *p, const NAME(block) *b) {
    for (int64_t i = 0; i < b->n_rows; i++) {
        NAME(finish_sgd)(j, p, b->weights + i * b->width, b->n_columns);
    }
}

/* The prox of a group of rows, and the end of the step. */
static void NAME(prox_of_group)(const job *j, const NAME(plan) *p, int layer,
                                int64_t index) {
    NAME(group) group = NAME(find_group)(j, p, layer, index);
    if (j->task == ADAM) {
        /* Without a penalty, into the metric and back would be rounding alone. */
        if (group.bound > 0) {
            NAME(shrink_in_metric)(&group, j->params, p->arrays.steps);
        }
        return;
    }
    NAME(shrink)(&group, j->params, j->rate);
    for (int64_t k = 0; k < group.n_rows; k++) {
        NAME(finish_sgd)(j, p, NAME(row_offset)(&group, k), group.width);
    }
}

static void NAME(prox_of_input)(const job *j, const NAME(plan) *p, int layer, int64_t row) {
    const penalty_terms *terms = j->penalties + layer;
    int64_t width = layer_width(j, layer),
            offset = p->arrays.weight_offsets[layer] + row * width;
    real *w = (real *)j->params + offset, *s = w + width - j->n_skip;
    NAME(prox_of_hierarchy)(w, width - j->n_skip, s, j->n_skip, terms->hierarchy,
                            j->rate * terms->group);
    NAME(finish_sgd)(j, p, offset, width);
}

static void NAME(project)(const job *j, const NAME(plan) *p, const bunch *bunch) {
    const penalty_terms *terms = j->penalties + bunch->layer;
    int64_t width = layer_width(j, bunch->layer);
    NAME(block)
    block = {p->arrays.weight_offsets[bunch->layer], j->units[bunch->layer], width, width,
             terms->l1_norm};
    if (terms->max_norm > 0) {
        block.weights += bunch->start;
        block.n_columns = bunch->stop - bunch->start;
        block.radius = terms->max_norm;
        if (j->task == ADAM) {
            NAME(project_columns_in_metric)(&block, j->params, p->arrays.steps);
        } else {
            NAME(project_columns)(&block, j->params);
        }
    } else {
        NAME(project_onto_l1_ball)(&block, j->params,
                                   j->task == ADAM ? p->arrays.steps : NULL);
    }
    if (j->task == SGD) {
        NAME(finish_rows)(j, p, &block);
    }
}

/* After the parameter tasks: the prox of a bunch of groups or the like. */
static void NAME(prox_task)(void *job_, int64_t index, int thread) {
    const job *j = job_;
    const NAME(plan) *p = j->plan;
    const bunch *bunch = p->parts.bunches + index;
    const penalty_terms *terms = j->penalties + bunch->layer;
    if (!(terms->group > 0)) {
        NAME(project)(j, p, bunch);
        return;
    }
    for (int64_t i = bunch->start; i < bunch->stop; i++) {
        (terms->hierarchy > 0 ? NAME(prox_of_input) : NAME(prox_of_group))(j, p,
                                                                           bunch->layer, i);
    }
    (void)thread;
}

#endif
