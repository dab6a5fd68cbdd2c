/* The plan of a job: its partition, its arrays, and where it has come to. It lies at the start
   of the job's workspace. */

#ifndef SKNORMREG_PLAN_INC_H
#define SKNORMREG_PLAN_INC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../engine.h"
#include "../layers.h"
#include "../memory.h"
#include "../partition.h"
#include "arrays.inc.h"
#include "updates.inc.h"

/* The batch and the block at hand. */
typedef struct {
    int64_t batch_start;
    int64_t block_start, n_rows, n_slices;
    int is_first, is_last; /* in its batch */
    double loss_factor;
    NAME(adam_rule) rule;
} NAME(cursor);

typedef struct {
    partition parts;
    NAME(arrays) arrays;
    NAME(cursor) at;
    double last_poll;
    float_state callers_state; /* in which hooks run */
} NAME(plan);

/* Where row i of the block begins among the values of its minibatch, in a layer with that
   many units. */
static uint32_t NAME(place)(const NAME(plan) *p, int64_t i, int64_t n_units) {
    return (uint32_t)((p->at.block_start - p->at.batch_start + i) * n_units);
}

/* Lay out the workspace from `base` on, with the plan at its start; returns its size. */
static size_t NAME(lay_out)(const job *j, NAME(plan) *p, char *base) {
    memory m = {base, 0};
    take(&m, 1, sizeof *p);
    NAME(take_all)(j, &p->parts, &p->arrays, &m);
    return m.used;
}

size_t NAME(workspace_size)(job *j) {
    NAME(plan) plan;
    memset(&plan, 0, sizeof plan);
    return NAME(lay_out)(j, &plan, NULL);
}

static NAME(plan) *NAME(make_plan)(job *j) {
    NAME(plan) *p = j->workspace;
    NAME(arrays) *a = &p->arrays;
    memset(p, 0, sizeof *p);
    NAME(lay_out)(j, p, j->workspace);
    const real *at = a->ahead ? a->ahead : j->params;
    int64_t offset = 0;
    for (int layer = 0; layer < j->n_layers; layer++) {
        a->weights[layer] = at ? at + offset : j->weights[layer];
        if (a->weight_offsets) {
            a->weight_offsets[layer] = offset;
        }
        offset += j->units[layer] * layer_width(j, layer);
    }
    for (int layer = 0; layer < j->n_layers; layer++) {
        a->intercepts[layer] = at ? at + offset : j->intercepts[layer];
        if (a->intercept_offsets) {
            a->intercept_offsets[layer] = offset;
        }
        offset += j->units[layer + 1];
    }
    return p;
}

#endif
