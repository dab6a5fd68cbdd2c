/* Where a job's intermediate results lie: arrays in the memory that the caller has lent. */

#ifndef SKNORMREG_ARRAYS_INC_H
#define SKNORMREG_ARRAYS_INC_H

#include <stddef.h>
#include <stdint.h>

#include "../engine.h"
#include "../layers.h"
#include "../memory.h"
#include "../partition.h"
#include "dropout.inc.h"
#include "products.inc.h"

typedef struct {
    /* Where each layer's parameters begin in the flat vector, and in the weights that the
       pass is at. */
    int64_t *weight_offsets, *intercept_offsets;
    const real **weights, **intercepts;

    /* For the rows of a block: values of the hidden layers, their slopes where the value
       does not tell them or may have been dropped, derivatives with respect to the products
       of all layers. */
    real **hidden, **slopes, **deltas;
    real *skipped;     /* what the skip connection adds to the outputs */
    real **transposed; /* weights, for products that need them so */
    int n_transposed;
    int64_t *row_starts; /* CSR: where the entries of each row begin in the block */
    real *kept_values;   /* CSR with dropout: of all rows */
    real *x, *targets, *sample_weight, *losses;
    int64_t *classes;
    double *slice_losses;
    NAME(mask) *masks; /* of the batch, for each layer; NULL without dropout */

    /* CSR: entries of each slice in the order of the ranges that their features are in. */
    int32_t *entry_rows, *entry_features;
    real *entry_values;
    int64_t *bucket_ends;

    real *scratch;        /* a block's part of a range's gradient, a thread */
    real *gradient;       /* all of it, where a batch takes several blocks */
    real *ahead, *before; /* SGD: the extrapolated point, the start of a step */
    real *steps;          /* ADAM: that a prox after the step is applied with */
} NAME(arrays);

#define TAKE(pointer, count) (pointer) = take(m, (count), sizeof *(pointer))

/* What the passes keep of every layer, for so many rows. */
static void NAME(take_layers)(const job *j, NAME(arrays) *a, int64_t rows, memory *m) {
    int n_layers = j->n_layers, trains = j->task != PREDICT;
    TAKE(a->weights, n_layers);
    TAKE(a->intercepts, n_layers);
    TAKE(a->hidden, n_layers);
    TAKE(a->slopes, n_layers);
    TAKE(a->deltas, n_layers);
    TAKE(a->transposed, n_layers);
    for (int layer = 0; layer < n_layers; layer++) {
        int64_t fan_in = j->units[layer], fan_out = j->units[layer + 1];
        real *hidden = NULL, *slopes = NULL, *deltas = NULL, *transposed = NULL;
        if (layer + 1 < n_layers) {
            TAKE(hidden, rows * fan_out);
            if (trains && (needs_slopes(j->activations[layer]) || drops(j, layer + 1))) {
                TAKE(slopes, rows * fan_out);
            }
        }
        if (trains) {
            TAKE(deltas, rows * fan_out);
            if (layer > 0 && fan_out > 1 && NAME(by_tiles)(j->products, fan_out, fan_in)) {
                TAKE(transposed, fan_in * fan_out);
            }
        }
        if (m->base) {
            a->hidden[layer] = hidden;
            a->slopes[layer] = slopes;
            a->deltas[layer] = deltas;
            a->transposed[layer] = transposed;
            a->n_transposed += transposed != NULL;
        }
    }
}

/* The rows of a block, as they are gathered, and their losses. */
static void NAME(take_rows)(const job *j, const partition *parts, NAME(arrays) *a,
                            memory *m) {
    int64_t rows = parts->block_rows, n_outputs = j->units[j->n_layers];
    if (j->dropout) {
        TAKE(a->masks, j->n_layers);
    }
    if (j->rows) {
        TAKE(a->classes, rows);
        TAKE(a->targets, rows * n_outputs);
        TAKE(a->sample_weight, rows);
    }
    TAKE(a->losses, rows * n_outputs);
    TAKE(a->slice_losses, parts->most_slices);
}

/* The entries of a block in CSR. */
static void NAME(take_entries)(const job *j, const partition *parts, NAME(arrays) *a,
                               memory *m) {
    TAKE(a->row_starts, parts->block_rows + 1);
    if (drops(j, 0)) {
        TAKE(a->kept_values, parts->most_entries);
    }
    TAKE(a->entry_rows, parts->most_entries);
    TAKE(a->entry_features, parts->most_entries);
    TAKE(a->entry_values, parts->most_entries);
    TAKE(a->bucket_ends, parts->most_slices * (parts->n_buckets + 1));
}

/* The ranges of the parameters, and where those of each layer begin. */
static void NAME(take_ranges)(const job *j, partition *parts, NAME(arrays) *a, memory *m) {
    TAKE(a->weight_offsets, j->n_layers);
    TAKE(a->intercept_offsets, j->n_layers);
    parts->ranges = NULL;
    choose_ranges(j, parts);
    TAKE(parts->ranges, parts->n_ranges);
    if (m->base) {
        choose_ranges(j, parts);
    }
}

/* The steps of a solver. */
static void NAME(take_steps)(const job *j, partition *parts, NAME(arrays) *a, memory *m) {
    if (j->batch_size > parts->block_rows
        || (!j->dense && parts->most_entries < parts->block_rows * j->largest_row)) {
        TAKE(a->gradient, j->n_params);
    }
    if (j->task == SGD && j->nesterov) {
        TAKE(a->ahead, j->n_params);
    }
    parts->bunches = NULL;
    choose_bunches(j, parts);
    TAKE(parts->bunches, parts->n_bunches);
    if (m->base) {
        choose_bunches(j, parts);
    }
    int later = parts->n_bunches > 0;
    for (int layer = 0; layer < j->n_layers; layer++) {
        later = later || has_elementwise_prox(j->penalties + layer);
    }
    if (j->task == SGD && (j->prox || later)) {
        TAKE(a->before, j->n_params);
    }
    a->steps = j->steps;
    if (j->task == ADAM && later) {
        TAKE(a->steps, j->n_params);
    }
}

/* All that the job needs, with its partition. */
static void NAME(take_all)(const job *j, partition *parts, NAME(arrays) *a, memory *m) {
    choose_rows(j, parts, sizeof(real));
    int trains = j->task != PREDICT;
    int64_t rows = trains ? parts->block_rows : parts->slice_rows * j->n_threads;
    NAME(take_layers)(j, a, rows, m);
    if (j->n_skip) {
        TAKE(a->skipped, rows * j->units[j->n_layers]);
    }
    if (j->dense && (j->rows || drops(j, 0))) {
        TAKE(a->x, rows * j->units[0]);
    }
    if (!trains) {
        return;
    }
    NAME(take_rows)(j, parts, a, m);
    NAME(take_ranges)(j, parts, a, m);
    if (!j->dense) {
        NAME(take_entries)(j, parts, a, m);
    }
    TAKE(a->scratch, parts->n_scratch * j->n_threads);
    if (j->task == GRADIENT) {
        a->gradient = j->gradient;
    } else {
        NAME(take_steps)(j, parts, a, m);
    }
}

#undef TAKE

#endif
