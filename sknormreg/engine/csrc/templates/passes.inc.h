/* The first phase of a block: its rows go through the network, forwards and backwards.

   `row_task` takes a slice of them. */

#ifndef SKNORMREG_PASSES_INC_H
#define SKNORMREG_PASSES_INC_H

#include <string.h>

#include "../engine.h"
#include "../layers.h"
#include "activations.inc.h"
#include "dropout.inc.h"
#include "losses.inc.h"
#include "plan.inc.h"
#include "products.inc.h"
#include "sparse.inc.h"
#include "vectors.inc.h"

/* The rows of a slice in C order: where they lie, or gathered and with dropout. */
static const real *NAME(dense_rows)(const job *j, NAME(plan) *p, int64_t first,
                                    int64_t slot_row, int64_t n_rows) {
    int64_t d = j->units[0];
    if (!p->arrays.x) {
        return (const real *)j->dense + (p->at.block_start + first) * d;
    }
    real *gathered = p->arrays.x + slot_row * d;
    for (int64_t i = 0; i < n_rows; i++) {
        int64_t row = row_at(j, p->at.block_start + first + i);
        memcpy(gathered + i * d, (const real *)j->dense + row * d, d * sizeof(real));
    }
    if (drops(j, 0)) {
        NAME(drop)(p->arrays.masks, NAME(place)(p, first, d), gathered, n_rows * d);
    }
    return gathered;
}

/* out = (values of the layer below) W, for a slice and n_columns of W from the given one. */
static void NAME(product)(const job *j, NAME(plan) *p, int layer, int64_t column,
                          int64_t n_columns, const real *below, int64_t first,
                          int64_t n_rows, real *out) {
    const real *weights = p->arrays.weights[layer] + column;
    int64_t width = layer_width(j, layer);
    if (layer == 0 && !j->dense) {
        for (int64_t i = 0; i < n_rows; i++) {
            NAME(sparse_row_product)(j, p, first + i, weights, width, n_columns,
                                     out + i * n_columns);
        }
        return;
    }
    NAME(multiply)(j->products, below, weights, width, out, n_rows, j->units[layer],
                   n_columns);
}

/* The last layer's products for a slice, with what the skip connection adds to them. */
static void NAME(output_product)(const job *j, NAME(plan) *p, const real *below,
                                 const real *skipped, int64_t first, int64_t n_rows,
                                 real *out) {
    int64_t n_outputs = j->units[j->n_layers];
    NAME(product)(j, p, j->n_layers - 1, 0, n_outputs, below, first, n_rows, out);
    if (skipped) {
        NAME(add_multiple)(out, 1, skipped, n_rows * n_outputs);
    }
}

/* Products of a hidden layer -> its values; and its slopes, where there are any. */
static void NAME(finish_layer)(const job *j, NAME(plan) *p, int layer, int64_t first,
                               int64_t n_rows, real *values, real *slopes) {
    int activation = j->activations[layer];
    int64_t n_units = j->units[layer + 1], n = n_rows * n_units;
    NAME(activate)(activation, values, p->arrays.intercepts[layer], slopes, n_rows,
                   n_units);
    if (drops(j, layer + 1)) {
        if (!needs_slopes(activation)) {
            NAME(find_slopes)(activation, values, slopes, n);
        }
        NAME(drop_both)(p->arrays.masks + layer + 1, NAME(place)(p, first, n_units), values,
                        slopes, n);
    }
}

/* Loss and derivative of a slice's outputs, in place. */
static double NAME(slice_loss)(const job *j, NAME(plan) *p, int64_t first, int64_t n_rows,
                               real *raw) {
    int last = j->n_layers;
    int64_t n_outputs = j->units[last], start = p->at.block_start + first;
    int by_class = j->by_class;
    const int64_t *classes = (const int64_t *)j->targets + start;
    const real *targets = (const real *)j->targets + start * n_outputs;
    const real *weight = j->sample_weight ? (const real *)j->sample_weight + start : NULL;
    if (j->rows) {
        const int64_t *rows = j->rows + start;
        for (int64_t i = 0; i < n_rows && by_class; i++) {
            p->arrays.classes[first + i] = ((const int64_t *)j->targets)[rows[i]];
        }
        for (int64_t i = 0; i < n_rows && !by_class; i++) {
            memcpy(p->arrays.targets + (first + i) * n_outputs,
                   (const real *)j->targets + rows[i] * n_outputs,
                   n_outputs * sizeof(real));
        }
        for (int64_t i = 0; i < n_rows && weight; i++) {
            p->arrays.sample_weight[first + i] = ((const real *)j->sample_weight)[rows[i]];
        }
        classes = p->arrays.classes + first;
        targets = p->arrays.targets + first * n_outputs;
        weight = weight ? p->arrays.sample_weight + first : NULL;
    }
    NAME(loss_spec)
    spec = {j->loss,
            (real)j->loss_parameter,
            (real)j->output_scale,
            p->at.loss_factor * j->output_scale,
            n_outputs,
            by_class};
    return NAME(loss_and_derivative)(&spec, raw, p->arrays.intercepts[last - 1],
                                     by_class ? (const void *)classes : targets, weight,
                                     p->arrays.losses + first * n_outputs, n_rows);
}

static void NAME(row_task)(void *job_, int64_t slice, int thread) {
    const job *j = job_;
    NAME(plan) *p = j->plan;
    int64_t first = slice * p->parts.slice_rows, rest = p->at.n_rows - first;
    int64_t n_rows = rest < p->parts.slice_rows ? rest : p->parts.slice_rows;
    /* Predictions need the hidden layers no longer than the slice takes. */
    int64_t slot_row = j->task == PREDICT ? thread * p->parts.slice_rows : first;
    const real *below = NULL;
    if (j->dense) {
        below = NAME(dense_rows)(j, p, first, slot_row, n_rows);
    } else if (j->task != PREDICT) {
        if (drops(j, 0)) {
            NAME(drop_rows)(j, p, first, n_rows);
        }
        NAME(sort_entries)(j, p, slice, first, n_rows);
    }
    int top = j->n_layers - 1;
    int64_t n_outputs = j->units[top + 1];
    real *skipped = p->arrays.skipped ? p->arrays.skipped + slot_row * n_outputs : NULL;
    if (skipped) {
        NAME(product)(j, p, 0, j->units[1], n_outputs, below, first, n_rows, skipped);
    }
    for (int layer = 0; layer < top; layer++) {
        int64_t n_units = j->units[layer + 1];
        real *values = p->arrays.hidden[layer] + slot_row * n_units;
        real *slopes = p->arrays.slopes[layer]
                           ? p->arrays.slopes[layer] + slot_row * n_units
                           : NULL;
        NAME(product)(j, p, layer, 0, n_units, below, first, n_rows, values);
        NAME(finish_layer)(j, p, layer, first, n_rows, values, slopes);
        below = values;
    }
    if (j->task == PREDICT) {
        real *raw = (real *)j->raw + (p->at.block_start + first) * n_outputs;
        NAME(output_product)(j, p, below, skipped, first, n_rows, raw);
        NAME(add_bias)(raw, p->arrays.intercepts[top], n_rows, n_outputs);
        return;
    }
    real *delta = p->arrays.deltas[top] + first * n_outputs;
    NAME(output_product)(j, p, below, skipped, first, n_rows, delta);
    p->arrays.slice_losses[slice] = NAME(slice_loss)(j, p, first, n_rows, delta);
    for (int layer = top; layer > 0; layer--) {
        int64_t fan_in = j->units[layer], fan_out = j->units[layer + 1];
        real *delta_below = p->arrays.deltas[layer - 1] + first * fan_in;
        NAME(multiply_back)(j->products, delta, p->arrays.weights[layer],
                            p->arrays.transposed[layer], delta_below, n_rows, fan_in,
                            fan_out);
        NAME(backpropagate)(j->activations[layer - 1], delta_below,
                            p->arrays.hidden[layer - 1] + first * fan_in,
                            p->arrays.slopes[layer - 1]
                                ? p->arrays.slopes[layer - 1] + first * fan_in
                                : NULL,
                            n_rows * fan_in);
        delta = delta_below;
    }
}

/* Before a batch: transposes of the weights that it goes back through */

static void NAME(transpose_task)(void *job_, int64_t index, int thread) {
    const job *j = job_;
    const NAME(plan) *p = j->plan;
    const range *range = p->parts.ranges + index;
    int layer = range->layer;
    if (p->arrays.transposed[layer] && !range->is_intercept) {
        NAME(transpose)(p->arrays.weights[layer], p->arrays.transposed[layer], range->start,
                        range->stop, j->units[layer], j->units[layer + 1]);
    }
    (void)thread;
}

#endif
