/* The gradient of a range of parameters, from all rows of a block. */

#ifndef SKNORMREG_GRADIENTS_INC_H
#define SKNORMREG_GRADIENTS_INC_H

#include <string.h>

#include "../engine.h"
#include "../layers.h"
#include "../partition.h"
#include "plan.inc.h"
#include "products.inc.h"
#include "sparse.inc.h"

/* Sums of columns; of groups of rows first, which loses fewer digits. */
CLONES static void NAME(sum_rows)(const real *RESTRICT rows, real *RESTRICT sums,
                                  int64_t n_rows, int64_t n_columns) {
    enum { GROUP = 64, WIDTH = 64 };
    for (int64_t column = 0; column < n_columns; column += WIDTH) {
        int64_t rest = n_columns - column, width = rest < WIDTH ? rest : WIDTH;
        real total[WIDTH] = {0};
        for (int64_t first = 0; first < n_rows; first += GROUP) {
            int64_t end = first + GROUP < n_rows ? first + GROUP : n_rows;
            real part[WIDTH] = {0};
            for (int64_t i = first; i < end; i++) {
                const real *row = rows + i * n_columns + column;
                for (int64_t k = 0; k < width; k++) {
                    part[k] += row[k];
                }
            }
            for (int64_t k = 0; k < width; k++) {
                total[k] += part[k];
            }
        }
        memcpy(sums + column, total, width * sizeof(real));
    }
}

/* The block's part of the gradient of a range of parameters. */
static void NAME(find_gradient)(const job *j, const NAME(plan) *p, const range *range,
                                real *gradient) {
    int layer = range->layer;
    int64_t fan_in = j->units[layer], fan_out = j->units[layer + 1];
    if (range->is_intercept) {
        NAME(sum_rows)(p->arrays.deltas[layer], gradient, p->at.n_rows, fan_out);
        return;
    }
    if (layer == 0 && !j->dense) {
        NAME(sparse_gradient)(j, p, range, gradient);
        return;
    }
    const real *below = layer         ? p->arrays.hidden[layer - 1]
                        : p->arrays.x ? p->arrays.x
                                      : (const real *)j->dense + p->at.block_start * fan_in;
    int64_t n = range->stop - range->start, width = layer_width(j, layer);
    NAME(multiply_transposed)(j->products, below + range->start, p->arrays.deltas[layer],
                              gradient, width, n, p->at.n_rows, fan_in, fan_out);
    if (width > fan_out) {
        NAME(multiply_transposed)(j->products, below + range->start,
                                  p->arrays.deltas[j->n_layers - 1], gradient + fan_out,
                                  width, n, p->at.n_rows, fan_in, width - fan_out);
    }
}

#endif
