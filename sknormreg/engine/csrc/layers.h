/* What a job says of its layers and its rows. */

#ifndef SKNORMREG_LAYERS_H
#define SKNORMREG_LAYERS_H

#include <stdint.h>

#include "engine.h"

/* An element of an array of 64-bit integers, where it is wide, or of 32-bit ones. */
static inline int64_t index_at(const void *array, int wide, int64_t i) {
    return wide ? ((const int64_t *)array)[i] : ((const int32_t *)array)[i];
}

/* The row of the data at a position of the job. */
static inline int64_t row_at(const job *j, int64_t position) {
    return j->rows ? j->rows[position] : position;
}

/* Columns of a layer's weights. */
static inline int64_t layer_width(const job *j, int layer) {
    return j->units[layer + 1] + (layer == 0 ? j->n_skip : 0);
}

/* Whether values of a layer are dropped, the inputs being layer 0. */
static inline int drops(const job *j, int layer) {
    return j->dropout && j->dropout[layer] > 0;
}

/* Whether an activation's derivative cannot be told from its value. */
static inline int needs_slopes(int activation) {
    return activation == GELU || activation == SILU || activation == SOFTPLUS;
}

/* What a layer's prox is of, when it is not part of the updates: of so many groups of rows,
   columns, or 1, the whole layer. */
static inline int64_t n_pieces(const job *j, int layer) {
    const penalty_terms *terms = j->penalties + layer;
    return terms->group > 0      ? terms->n_groups
           : terms->max_norm > 0 ? layer_width(j, layer)
                                 : terms->l1_norm > 0;
}

/* The terms of a row: those of its layer, multiplied by its factor. */
static inline penalty_terms terms_of_row(const job *j, int layer, int64_t row) {
    penalty_terms terms = j->penalties[layer];
    if (terms.row_factors) {
        double factor = terms.row_factors[row];
        terms.l1 *= factor;
        terms.l2 *= factor;
        terms.group *= factor;
    }
    return terms;
}

/* Whether it is a function of the single weights that is not part of the updates. */
static inline int has_elementwise_prox(const penalty_terms *terms) {
    return terms->last_knot > 0 && !(terms->group > 0);
}

#endif
