/* Products with rows in CSR.

   The gradient of the first layer's weights takes the entries of a block by ranges of
   features: `sort_entries` sorts those of a slice. */

#ifndef SKNORMREG_SPARSE_INC_H
#define SKNORMREG_SPARSE_INC_H

#include <string.h>

#include "../engine.h"
#include "../layers.h"
#include "../partition.h"
#include "plan.inc.h"
#include "vectors.inc.h"

CLONES static void NAME(add_4_multiples)(real *RESTRICT y, const real *RESTRICT a,
                                         const real *RESTRICT x0, const real *RESTRICT x1,
                                         const real *RESTRICT x2, const real *RESTRICT x3,
                                         int64_t n) {
    real a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3];
    for (int64_t i = 0; i < n; i++) {
        y[i] += (a0 * x0[i] + a1 * x1[i]) + (a2 * x2[i] + a3 * x3[i]);
    }
}

/* The values of the block's row i, which is `row` of the data. */
static const real *NAME(sparse_row_values)(const job *j, const NAME(plan) *p, int64_t i,
                                           int64_t row) {
    return p->arrays.kept_values
               ? p->arrays.kept_values + p->arrays.row_starts[i]
               : (const real *)j->values + index_at(j->indptr, j->wide_indices, row);
}

/* Multiply values of entries in given columns by the mask of a row that begins at `place`. */
CLONES static void NAME(drop_entries)(const NAME(mask) *mask_, uint32_t place,
                                      const void *RESTRICT columns, int wide, int64_t start,
                                      const real *RESTRICT values, real *RESTRICT out,
                                      int64_t n) {
    NAME(mask) copy = *mask_, *mask = &copy;
    for (int64_t i = 0; i < n; i++) {
        uint32_t column = (uint32_t)index_at(columns, wide, start + i);
        out[i] = values[start + i] * NAME(mask_factor)(mask, place + column);
    }
}

/* The values of a slice's rows, as dropout leaves them. */
static void NAME(drop_rows)(const job *j, NAME(plan) *p, int64_t first, int64_t n_rows) {
    int wide = j->wide_indices;
    for (int64_t i = first; i < first + n_rows; i++) {
        int64_t row = row_at(j, p->at.block_start + i);
        int64_t start = index_at(j->indptr, wide, row);
        NAME(drop_entries)(p->arrays.masks, NAME(place)(p, i, j->units[0]), j->indices,
                           wide, start, j->values,
                           p->arrays.kept_values + p->arrays.row_starts[i],
                           index_at(j->indptr, wide, row + 1) - start);
    }
}

/* out = x W for the block's row i; rows of W are `step` apart. */
static void NAME(sparse_row_product)(const job *j, const NAME(plan) *p, int64_t i,
                                     const real *weights, int64_t step, int64_t n_units,
                                     real *out) {
    int wide = j->wide_indices;
    int64_t row = row_at(j, p->at.block_start + i);
    int64_t entry = index_at(j->indptr, wide, row);
    int64_t end = index_at(j->indptr, wide, row + 1);
    const real *values = NAME(sparse_row_values)(j, p, i, row);
    const void *columns = j->indices;
    memset(out, 0, n_units * sizeof(real));
    for (; entry + 4 <= end; entry += 4, values += 4) {
        NAME(add_4_multiples)(out, values, weights + index_at(columns, wide, entry) * step,
                              weights + index_at(columns, wide, entry + 1) * step,
                              weights + index_at(columns, wide, entry + 2) * step,
                              weights + index_at(columns, wide, entry + 3) * step, n_units);
    }
    for (; entry < end; entry++, values++) {
        NAME(add_multiple)(out, *values, weights + index_at(columns, wide, entry) * step,
                           n_units);
    }
}

static int64_t NAME(entries_start)(const NAME(plan) *p, int64_t slice) {
    return p->arrays.row_starts[slice * p->parts.slice_rows];
}

/* Sort the entries of a slice by the range of their features (a counting sort). */
static void NAME(sort_entries)(const job *j, NAME(plan) *p, int64_t slice, int64_t first,
                               int64_t n_rows) {
    int wide = j->wide_indices;
    int64_t *ends = p->arrays.bucket_ends + slice * (p->parts.n_buckets + 1);
    memset(ends, 0, (p->parts.n_buckets + 1) * sizeof *ends);
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = first; i < first + n_rows; i++) {
            int64_t row = row_at(j, p->at.block_start + i);
            int64_t start = index_at(j->indptr, wide, row);
            int64_t end = index_at(j->indptr, wide, row + 1);
            const real *values = NAME(sparse_row_values)(j, p, i, row);
            for (int64_t e = start; e < end; e++) {
                int64_t feature = index_at(j->indices, wide, e);
                int64_t bucket = feature >> p->parts.feature_shift;
                if (pass == 0) {
                    ends[bucket + 1]++;
                    continue;
                }
                int64_t place = ends[bucket]++;
                p->arrays.entry_rows[place] = (int32_t)i;
                p->arrays.entry_features[place] = (int32_t)feature;
                p->arrays.entry_values[place] = values[e - start];
            }
        }
        if (pass == 0) {
            /* Counts -> where each bucket starts, which placing moves to where it ends. */
            ends[0] = NAME(entries_start)(p, slice);
            for (int64_t b = 0; b < p->parts.n_buckets; b++) {
                ends[b + 1] += ends[b];
            }
        }
    }
}

/* The block's part of the gradient of a range of the first layer's weights. */
static void NAME(sparse_gradient)(const job *j, const NAME(plan) *p, const range *range,
                                  real *gradient) {
    int64_t n_units = j->units[1], n_skip = j->n_skip, width = n_units + n_skip;
    const real *deltas = p->arrays.deltas[0],
               *output_deltas = p->arrays.deltas[j->n_layers - 1];
    int64_t bucket = range->start >> p->parts.feature_shift;
    memset(gradient, 0, (range->stop - range->start) * width * sizeof(real));
    for (int64_t slice = 0; slice < p->at.n_slices; slice++) {
        const int64_t *ends = p->arrays.bucket_ends + slice * (p->parts.n_buckets + 1);
        /* A bucket starts where the one before ends. */
        int64_t e = bucket ? ends[bucket - 1] : NAME(entries_start)(p, slice);
        for (; e < ends[bucket]; e++) {
            real *sums = gradient + (p->arrays.entry_features[e] - range->start) * width;
            NAME(add_multiple)(sums, p->arrays.entry_values[e],
                               deltas + p->arrays.entry_rows[e] * n_units, n_units);
            if (n_skip) {
                NAME(add_multiple)(sums + n_units, p->arrays.entry_values[e],
                                   output_deltas + p->arrays.entry_rows[e] * n_skip,
                                   n_skip);
            }
        }
    }
}

#endif
