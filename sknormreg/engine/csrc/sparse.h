/* Products with rows in CSR.

   Included once for each precision. The gradient of the first layer's weights takes the
   entries of a block by ranges of features: `sort_entries` sorts those of a slice. */

CLONES static void NAME(add_multiple)(real *RESTRICT y, real a, const real *RESTRICT x,
                                      int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        y[i] += a * x[i];
    }
}

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
    return p->kept_values
               ? p->kept_values + p->row_starts[i]
               : (const real *)j->values + NAME(index_at)(j->indptr, j->wide_indices, row);
}

/* Multiply values of entries in given columns by the mask of a row that begins at `place`. */
CLONES static void NAME(drop_entries)(const NAME(mask) *mask_, uint32_t place,
                                      const void *RESTRICT columns, int wide, int64_t start,
                                      const real *RESTRICT values, real *RESTRICT out,
                                      int64_t n) {
    NAME(mask) copy = *mask_, *mask = &copy;
    for (int64_t i = 0; i < n; i++) {
        uint32_t column = (uint32_t)NAME(index_at)(columns, wide, start + i);
        out[i] = values[start + i] * NAME(mask_factor)(mask, place + column);
    }
}

/* The values of a slice's rows, as dropout leaves them. */
static void NAME(drop_rows)(const job *j, NAME(plan) *p, int64_t first, int64_t n_rows) {
    int wide = j->wide_indices;
    for (int64_t i = first; i < first + n_rows; i++) {
        int64_t row = NAME(row_at)(j, p->block_start + i);
        int64_t start = NAME(index_at)(j->indptr, wide, row);
        NAME(drop_entries)(p->masks, NAME(place)(p, i, j->units[0]), j->indices, wide, start,
                           j->values, p->kept_values + p->row_starts[i],
                           NAME(index_at)(j->indptr, wide, row + 1) - start);
    }
}

/* out = x W for the block's row i; rows of W are `step` apart. */
static void NAME(sparse_row_product)(const job *j, const NAME(plan) *p, int64_t i,
                                     const real *weights, int64_t step, int64_t n_units,
                                     real *out) {
    int wide = j->wide_indices;
    int64_t row = NAME(row_at)(j, p->block_start + i);
    int64_t entry = NAME(index_at)(j->indptr, wide, row);
    int64_t end = NAME(index_at)(j->indptr, wide, row + 1);
    const real *values = NAME(sparse_row_values)(j, p, i, row);
    const void *columns = j->indices;
    memset(out, 0, n_units * sizeof(real));
    for (; entry + 4 <= end; entry += 4, values += 4) {
        NAME(add_4_multiples)(
            out, values,
            weights + NAME(index_at)(columns, wide, entry) * step,
            weights + NAME(index_at)(columns, wide, entry + 1) * step,
            weights + NAME(index_at)(columns, wide, entry + 2) * step,
            weights + NAME(index_at)(columns, wide, entry + 3) * step, n_units);
    }
    for (; entry < end; entry++, values++) {
        NAME(add_multiple)(out, *values,
                           weights + NAME(index_at)(columns, wide, entry) * step, n_units);
    }
}

static int64_t NAME(entries_start)(const NAME(plan) *p, int64_t slice) {
    return p->row_starts[slice * p->slice_rows];
}

/* Sort the entries of a slice by the range of their features (a counting sort). */
static void NAME(sort_entries)(const job *j, NAME(plan) *p, int64_t slice, int64_t first,
                               int64_t n_rows) {
    int wide = j->wide_indices;
    int64_t *ends = p->bucket_ends + slice * (p->n_buckets + 1);
    memset(ends, 0, (p->n_buckets + 1) * sizeof *ends);
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = first; i < first + n_rows; i++) {
            int64_t row = NAME(row_at)(j, p->block_start + i);
            int64_t start = NAME(index_at)(j->indptr, wide, row);
            int64_t end = NAME(index_at)(j->indptr, wide, row + 1);
            const real *values = NAME(sparse_row_values)(j, p, i, row);
            for (int64_t e = start; e < end; e++) {
                int64_t feature = NAME(index_at)(j->indices, wide, e);
                int64_t bucket = feature >> p->feature_shift;
                if (pass == 0) {
                    ends[bucket + 1]++;
                    continue;
                }
                int64_t place = ends[bucket]++;
                p->entry_rows[place] = (int32_t)i;
                p->entry_features[place] = (int32_t)feature;
                p->entry_values[place] = values[e - start];
            }
        }
        if (pass == 0) {
            /* Counts -> where each bucket starts, which placing moves to where it ends. */
            ends[0] = NAME(entries_start)(p, slice);
            for (int64_t b = 0; b < p->n_buckets; b++) {
                ends[b + 1] += ends[b];
            }
        }
    }
}

/* The block's part of the gradient of a range of the first layer's weights. */
static void NAME(sparse_gradient)(const job *j, const NAME(plan) *p,
                                  const NAME(range) *range, real *gradient) {
    int64_t n_units = j->units[1], n_skip = j->n_skip, width = n_units + n_skip;
    const real *deltas = p->deltas[0], *output_deltas = p->deltas[j->n_layers - 1];
    int64_t bucket = range->start >> p->feature_shift;
    memset(gradient, 0, (range->stop - range->start) * width * sizeof(real));
    for (int64_t slice = 0; slice < p->n_slices; slice++) {
        const int64_t *ends = p->bucket_ends + slice * (p->n_buckets + 1);
        /* A bucket starts where the one before ends. */
        int64_t e = bucket ? ends[bucket - 1] : NAME(entries_start)(p, slice);
        for (; e < ends[bucket]; e++) {
            real *sums = gradient + (p->entry_features[e] - range->start) * width;
            NAME(add_multiple)(sums, p->entry_values[e], deltas + p->entry_rows[e] * n_units,
                               n_units);
            if (n_skip) {
                NAME(add_multiple)(sums + n_units, p->entry_values[e],
                                   output_deltas + p->entry_rows[e] * n_skip, n_skip);
            }
        }
    }
}
