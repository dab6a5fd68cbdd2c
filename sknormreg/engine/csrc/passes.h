/* Forward and backward passes, gradients and minibatch steps.

   Included once for each precision. A batch goes through the network in blocks of rows, and
   a block in two phases: `row_task` takes a slice of its rows forwards and backwards,
   `parameter_task` a range of the parameters, whose gradient it finds from all rows of the
   block and which it then updates while they are in the cache. Slices and ranges depend on
   the shapes alone, and each sum is in the order of the rows: results are the same bits
   whatever the number of threads.

   Matrices are in C order, which BLAS, in Fortran's, takes for their transposes. */

#define SLICE_ROWS 128          /* of a minibatch, which may be split among threads */
#define GRADIENT_SLICE_ROWS 256 /* of a full batch */
#define MAX_SLICES 8            /* of a block */
#define UNSPLIT_WORK 2e5        /* rows times parameters, up to which a batch is one slice */
#define BLOCK_BYTES (4 << 20)   /* of a full batch's block: to stay in the shared cache */
#define BLOCK_ENTRIES (1 << 20) /* of a block in CSR */
#define RANGE_PARAMS 16384      /* in a parameter task: to stay in a core's own cache */
#define POLL_SECONDS 0.05

typedef struct {
    int layer;
    int is_intercept;
    int64_t start, stop;        /* rows of the weight matrix; columns for intercepts */
} NAME(range);

typedef struct {
    /* The partition. */
    int64_t slice_rows, block_rows, n_slices, n_ranges;
    int64_t n_scratch;          /* parameters in the largest range */
    NAME(range) *ranges;
    int feature_shift;          /* CSR: the first layer's ranges have 2^this features, */
    int64_t n_buckets;          /* and there are this many */

    /* Where each layer's parameters begin in the flat vector, and in the weights that the
       pass is at. */
    int64_t *weight_offsets, *intercept_offsets;
    const real **weights, **intercepts;

    /* For the rows of a block: values of the hidden layers, their slopes where the value
       does not tell them, derivatives with respect to the products of all layers. */
    real **hidden, **slopes, **deltas;
    real *x, *targets, *sample_weight, *losses;
    int64_t *classes;
    double *slice_losses;

    /* CSR: entries of each slice in the order of the ranges that their features are in. */
    int32_t *entry_rows, *entry_features;
    real *entry_values;
    int64_t *bucket_ends;

    real *scratch;              /* a range's gradient, for each thread */
    real *gradient;             /* all of it, where a batch takes several blocks */
    real *ahead, *before;       /* SGD: the extrapolated point, the start of a step */

    /* The block at hand. */
    int64_t block_start, n_block_rows;
    int is_first, is_last;      /* in its batch */
    double loss_factor;
    NAME(adam_rule) rule;
    double last_poll;
    float_state callers_state;  /* in which hooks run */
} NAME(plan);

static void NAME(gemm)(char trans_a, char trans_b, int64_t m, int64_t n, int64_t k,
                       const real *a, int64_t lda, const real *b, int64_t ldb, real beta,
                       real *c, int64_t ldc) {
    int m_ = (int)m, n_ = (int)n, k_ = (int)k, lda_ = (int)lda, ldb_ = (int)ldb;
    int ldc_ = (int)ldc;
    real one = 1;
    NAME(blas_gemm)(&trans_a, &trans_b, &m_, &n_, &k_, &one, (void *)a, &lda_, (void *)b,
                        &ldb_, &beta, c, &ldc_);
}

/* Products with a single column, for which BLAS would pack more than it multiplies */

/* out[i] = rows[i] . w */
CLONES static void NAME(dot_rows)(const real *RESTRICT rows, const real *RESTRICT w,
                                  real *RESTRICT out, int64_t n_rows, int64_t n) {
    for (int64_t i = 0; i < n_rows; i++) {
        real sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t k = 0; k < n; k++) {
            sum += rows[i * n + k] * w[k];
        }
        out[i] = sum;
    }
}

/* out[i] = a[i] w */
CLONES static void NAME(outer_product)(const real *RESTRICT a, const real *RESTRICT w,
                                       real *RESTRICT out, int64_t n_rows, int64_t n) {
    for (int64_t i = 0; i < n_rows; i++) {
        for (int64_t k = 0; k < n; k++) {
            out[i * n + k] = a[i] * w[k];
        }
    }
}

/* sums += sum_i a[i] rows[i], of n columns out of `stride` */
CLONES static void NAME(add_weighted_rows)(const real *RESTRICT rows,
                                           const real *RESTRICT a, real *RESTRICT sums,
                                           int64_t n_rows, int64_t n, int64_t stride) {
    int64_t i = 0;
    for (; i + 4 <= n_rows; i += 4) {
        const real *row = rows + i * stride;
        for (int64_t k = 0; k < n; k++) {
            sums[k] += (a[i] * row[k] + a[i + 1] * row[k + stride])
                       + (a[i + 2] * row[k + 2 * stride] + a[i + 3] * row[k + 3 * stride]);
        }
    }
    for (; i < n_rows; i++) {
        for (int64_t k = 0; k < n; k++) {
            sums[k] += a[i] * rows[i * stride + k];
        }
    }
}

/* Sparse rows */

INLINE int64_t NAME(index_at)(const void *array, int wide, int64_t i) {
    return wide ? ((const int64_t *)array)[i] : ((const int32_t *)array)[i];
}

static int64_t NAME(row_at)(const job *j, int64_t position) {
    return j->rows ? j->rows[position] : position;
}

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

/* z = x W for one row x. */
static void NAME(sparse_row_product)(const job *j, int64_t row, const real *weights,
                                     int64_t n_units, real *z) {
    int wide = j->wide_indices;
    int64_t entry = NAME(index_at)(j->indptr, wide, row);
    int64_t end = NAME(index_at)(j->indptr, wide, row + 1);
    const real *values = j->values;
    const void *columns = j->indices;
    memset(z, 0, n_units * sizeof(real));
    for (; entry + 4 <= end; entry += 4) {
        NAME(add_4_multiples)(
            z, values + entry,
            weights + NAME(index_at)(columns, wide, entry) * n_units,
            weights + NAME(index_at)(columns, wide, entry + 1) * n_units,
            weights + NAME(index_at)(columns, wide, entry + 2) * n_units,
            weights + NAME(index_at)(columns, wide, entry + 3) * n_units, n_units);
    }
    for (; entry < end; entry++) {
        NAME(add_multiple)(z, values[entry],
                           weights + NAME(index_at)(columns, wide, entry) * n_units, n_units);
    }
}

static int64_t NAME(entries_start)(const job *j, const NAME(plan) *p, int64_t slice) {
    return slice * p->slice_rows * j->largest_row;
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
            int64_t end = NAME(index_at)(j->indptr, wide, row + 1);
            for (int64_t e = NAME(index_at)(j->indptr, wide, row); e < end; e++) {
                int64_t feature = NAME(index_at)(j->indices, wide, e);
                int64_t bucket = feature >> p->feature_shift;
                if (pass == 0) {
                    ends[bucket + 1]++;
                    continue;
                }
                int64_t place = ends[bucket]++;
                p->entry_rows[place] = (int32_t)i;
                p->entry_features[place] = (int32_t)feature;
                p->entry_values[place] = ((const real *)j->values)[e];
            }
        }
        if (pass == 0) {
            /* Counts -> where each bucket starts, which placing moves to where it ends. */
            ends[0] = NAME(entries_start)(j, p, slice);
            for (int64_t b = 0; b < p->n_buckets; b++) {
                ends[b + 1] += ends[b];
            }
        }
    }
}

static void NAME(sparse_gradient)(const job *j, const NAME(plan) *p,
                                  const NAME(range) *range, real *gradient) {
    int64_t n_units = j->units[1];
    const real *deltas = p->deltas[0];
    int64_t bucket = range->start >> p->feature_shift;
    for (int64_t slice = 0; slice < p->n_slices; slice++) {
        const int64_t *ends = p->bucket_ends + slice * (p->n_buckets + 1);
        /* A bucket starts where the one before ends. */
        int64_t e = bucket ? ends[bucket - 1] : NAME(entries_start)(j, p, slice);
        for (; e < ends[bucket]; e++) {
            NAME(add_multiple)(gradient + (p->entry_features[e] - range->start) * n_units,
                               p->entry_values[e], deltas + p->entry_rows[e] * n_units,
                               n_units);
        }
    }
}

/* The first phase: rows */

/* The rows of a slice in C order: where they lie, or gathered. */
static const real *NAME(dense_rows)(const job *j, NAME(plan) *p, int64_t first,
                                    int64_t slot_row, int64_t n_rows) {
    int64_t d = j->units[0];
    if (!j->rows) {
        return (const real *)j->dense + (p->block_start + first) * d;
    }
    real *gathered = p->x + slot_row * d;
    for (int64_t i = 0; i < n_rows; i++) {
        int64_t row = j->rows[p->block_start + first + i];
        memcpy(gathered + i * d, (const real *)j->dense + row * d, d * sizeof(real));
    }
    return gathered;
}

/* out = (values of the layer below) W, for a slice. */
static void NAME(product)(const job *j, NAME(plan) *p, int layer, const real *below,
                          int64_t first, int64_t n_rows, real *out) {
    int64_t fan_in = j->units[layer], fan_out = j->units[layer + 1];
    if (layer == 0 && !j->dense) {
        for (int64_t i = 0; i < n_rows; i++) {
            NAME(sparse_row_product)(j, NAME(row_at)(j, p->block_start + first + i),
                                     p->weights[0], fan_out, out + i * fan_out);
        }
        return;
    }
    if (fan_out == 1) {
        NAME(dot_rows)(below, p->weights[layer], out, n_rows, fan_in);
        return;
    }
    NAME(gemm)('N', 'N', fan_out, n_rows, fan_in, p->weights[layer], fan_out, below, fan_in,
               0, out, fan_out);
}

/* out = delta W', for a slice. */
static void NAME(product_back)(const job *j, NAME(plan) *p, int layer, const real *delta,
                               int64_t n_rows, real *out) {
    int64_t fan_in = j->units[layer], fan_out = j->units[layer + 1];
    if (fan_out == 1) {
        NAME(outer_product)(delta, p->weights[layer], out, n_rows, fan_in);
        return;
    }
    NAME(gemm)('T', 'N', fan_in, n_rows, fan_out, p->weights[layer], fan_out, delta, fan_out,
               0, out, fan_in);
}

/* Loss and derivative of a slice's outputs, in place. */
static double NAME(slice_loss)(const job *j, NAME(plan) *p, int64_t first, int64_t n_rows,
                               real *raw) {
    int last = j->n_layers;
    int64_t n_outputs = j->units[last], start = p->block_start + first;
    int by_class = j->loss == MULTINOMIAL_LOG_LOSS;
    const int64_t *classes = (const int64_t *)j->targets + start;
    const real *targets = (const real *)j->targets + start * n_outputs;
    const real *weight = j->sample_weight ? (const real *)j->sample_weight + start : NULL;
    if (j->rows) {
        const int64_t *rows = j->rows + start;
        for (int64_t i = 0; i < n_rows && by_class; i++) {
            p->classes[first + i] = ((const int64_t *)j->targets)[rows[i]];
        }
        for (int64_t i = 0; i < n_rows && !by_class; i++) {
            memcpy(p->targets + (first + i) * n_outputs,
                   (const real *)j->targets + rows[i] * n_outputs, n_outputs * sizeof(real));
        }
        for (int64_t i = 0; i < n_rows && weight; i++) {
            p->sample_weight[first + i] = ((const real *)j->sample_weight)[rows[i]];
        }
        classes = p->classes + first;
        targets = p->targets + first * n_outputs;
        weight = weight ? p->sample_weight + first : NULL;
    }
    NAME(loss_spec) spec = {j->loss, (real)j->loss_parameter, (real)j->output_scale,
                            p->loss_factor * j->output_scale, n_outputs};
    return NAME(loss_and_derivative)(&spec, raw, p->intercepts[last - 1],
                                     by_class ? (const void *)classes : targets, weight,
                                     p->losses + first * n_outputs, n_rows);
}

static void NAME(row_task)(void *job_, int64_t slice, int thread) {
    const job *j = job_;
    NAME(plan) *p = j->plan;
    int64_t first = slice * p->slice_rows, rest = p->n_block_rows - first;
    int64_t n_rows = rest < p->slice_rows ? rest : p->slice_rows;
    /* Predictions need the hidden layers no longer than the slice takes. */
    int64_t slot_row = j->task == PREDICT ? thread * p->slice_rows : first;
    const real *below = NULL;
    if (j->dense) {
        below = NAME(dense_rows)(j, p, first, slot_row, n_rows);
    } else if (j->task != PREDICT) {
        NAME(sort_entries)(j, p, slice, first, n_rows);
    }
    int top = j->n_layers - 1;
    for (int layer = 0; layer < top; layer++) {
        int64_t n_units = j->units[layer + 1];
        real *values = p->hidden[layer] + slot_row * n_units;
        real *slopes = p->slopes[layer] ? p->slopes[layer] + slot_row * n_units : NULL;
        NAME(product)(j, p, layer, below, first, n_rows, values);
        NAME(activate)(j->activations[layer], values, p->intercepts[layer], slopes, n_rows,
                       n_units);
        below = values;
    }
    int64_t n_outputs = j->units[top + 1];
    if (j->task == PREDICT) {
        real *raw = (real *)j->raw + (p->block_start + first) * n_outputs;
        NAME(product)(j, p, top, below, first, n_rows, raw);
        NAME(add_bias)(raw, p->intercepts[top], n_rows, n_outputs);
        return;
    }
    real *delta = p->deltas[top] + first * n_outputs;
    NAME(product)(j, p, top, below, first, n_rows, delta);
    p->slice_losses[slice] = NAME(slice_loss)(j, p, first, n_rows, delta);
    for (int layer = top; layer > 0; layer--) {
        int64_t fan_in = j->units[layer];
        real *delta_below = p->deltas[layer - 1] + first * fan_in;
        NAME(product_back)(j, p, layer, delta, n_rows, delta_below);
        NAME(backpropagate)(
            j->activations[layer - 1], delta_below, p->hidden[layer - 1] + first * fan_in,
            p->slopes[layer - 1] ? p->slopes[layer - 1] + first * fan_in : NULL,
            n_rows * fan_in);
        delta = delta_below;
    }
}

/* The second phase: parameters */

CLONES static void NAME(add_rows)(const real *RESTRICT rows, real *RESTRICT sums,
                                  int64_t n_rows, int64_t n_columns) {
    for (int64_t i = 0; i < n_rows; i++) {
        for (int64_t k = 0; k < n_columns; k++) {
            sums[k] += rows[i * n_columns + k];
        }
    }
}

/* Add the block's part to the gradient of a range of parameters. */
static void NAME(add_gradient)(const job *j, const NAME(plan) *p, const NAME(range) *range,
                               real *gradient) {
    int layer = range->layer;
    int64_t fan_in = j->units[layer], fan_out = j->units[layer + 1];
    int64_t n = range->stop - range->start;
    int sparse = layer == 0 && !j->dense;
    if (p->is_first && (range->is_intercept || sparse || fan_out == 1)) {
        memset(gradient, 0, (range->is_intercept ? n : n * fan_out) * sizeof(real));
    }
    if (range->is_intercept) {
        NAME(add_rows)(p->deltas[layer], gradient, p->n_block_rows, fan_out);
        return;
    }
    if (sparse) {
        NAME(sparse_gradient)(j, p, range, gradient);
        return;
    }
    const real *below = layer   ? p->hidden[layer - 1]
                        : j->rows ? p->x
                                  : (const real *)j->dense + p->block_start * fan_in;
    if (fan_out == 1) {
        NAME(add_weighted_rows)(below + range->start, p->deltas[layer], gradient,
                                p->n_block_rows, n, fan_in);
        return;
    }
    NAME(gemm)('N', 'T', fan_out, n, p->n_block_rows, p->deltas[layer], fan_out,
               below + range->start, fan_in, p->is_first ? 0 : 1, gradient, fan_out);
}

static void NAME(update)(const job *j, const NAME(plan) *p, const NAME(range) *range,
                         int64_t offset, int64_t n, const real *gradient) {
    real *params = (real *)j->params + offset;
    int penalised = !range->is_intercept && !j->prox;
    real l1 = penalised ? (real)j->l1[range->layer] : 0;
    real l2 = penalised ? (real)j->l2[range->layer] : 0;
    if (j->task == ADAM) {
        real *first = (real *)j->first + offset, *second = (real *)j->second + offset;
        if (j->prox) {
            NAME(adam_unfinished)(&p->rule, params, gradient, first, second,
                                  (real *)j->steps + offset, n);
        } else if (l1 != 0) {
            NAME(adam_elastic)(&p->rule, params, gradient, first, second, l1, l2, n);
        } else {
            NAME(adam_smooth)(&p->rule, params, gradient, first, second, l1, l2, n);
        }
        return;
    }
    real *velocity = (real *)j->velocity + offset;
    real rate = (real)j->rate, momentum = (real)j->momentum;
    if (j->prox) {
        NAME(sgd_unfinished)(rate, momentum, params, gradient, velocity, p->before + offset,
                             n);
        return;
    }
    NAME(sgd)(rate, momentum, params, gradient, velocity, l1, l2, n);
    if (p->ahead) {
        NAME(extrapolate)(params, velocity, momentum, p->ahead + offset, n);
    }
}

static void NAME(parameter_task)(void *job_, int64_t index, int thread) {
    const job *j = job_;
    const NAME(plan) *p = j->plan;
    const NAME(range) *range = p->ranges + index;
    int64_t width = range->is_intercept ? 1 : j->units[range->layer + 1];
    int64_t offset = range->is_intercept ? p->intercept_offsets[range->layer]
                                         : p->weight_offsets[range->layer];
    offset += range->start * width;
    int64_t n = (range->stop - range->start) * width;
    real *gradient = p->gradient ? p->gradient + offset
                                 : p->scratch + thread * p->n_scratch;
    NAME(add_gradient)(j, p, range, gradient);
    if (j->task != GRADIENT && p->is_last) {
        NAME(update)(j, p, range, offset, n, gradient);
    }
}

/* Partition and memory */

static int NAME(needs_slopes)(int activation) {
    return activation == GELU || activation == SILU || activation == SOFTPLUS;
}

static int64_t NAME(at_least_1)(int64_t n) { return n > 1 ? n : 1; }

static void NAME(choose_rows)(const job *j, NAME(plan) *p) {
    int64_t row_bytes = j->units[0], batch = j->batch_size;
    for (int layer = 1; layer <= j->n_layers; layer++) {
        row_bytes += 2 * j->units[layer];
    }
    row_bytes *= sizeof(real);
    int64_t most = BLOCK_BYTES / row_bytes, slice = GRADIENT_SLICE_ROWS;
    if (j->task == ADAM || j->task == SGD) {
        slice = (double)batch * j->n_params <= UNSPLIT_WORK ? batch : SLICE_ROWS;
        /* The usual minibatch is one block: its gradient need not go through memory. */
        most = most < 4 * SLICE_ROWS ? 4 * SLICE_ROWS : most;
    }
    most = most < 64 ? 64 : most;
    if (!j->dense) {
        int64_t rows = BLOCK_ENTRIES / NAME(at_least_1)(j->largest_row);
        most = rows < most ? NAME(at_least_1)(rows) : most;
    }
    slice = slice < most ? slice : most;
    if (j->task == PREDICT) {
        p->slice_rows = slice;
        p->block_rows = slice * 64;
        return;
    }
    p->block_rows = batch < most ? batch : most;
    if (p->block_rows > MAX_SLICES * slice) {
        p->block_rows = MAX_SLICES * slice;
    }
    /* Slices of about the same length. */
    int64_t n_slices = (p->block_rows + slice - 1) / slice;
    p->slice_rows = (p->block_rows + n_slices - 1) / n_slices;
}

/* Ranges of the parameters; counts them where `ranges` is NULL. */
static void NAME(choose_ranges)(const job *j, NAME(plan) *p) {
    p->n_ranges = 0;
    for (int layer = 0; layer < j->n_layers; layer++) {
        int64_t fan_in = j->units[layer], fan_out = j->units[layer + 1];
        int64_t size = fan_in * fan_out, n = (size + RANGE_PARAMS - 1) / RANGE_PARAMS;
        if (n == 1 && (double)p->block_rows * size > UNSPLIT_WORK) {
            n = 2;
        } else if (n > 1) {
            n = (n + 3) / 4 * 4;
        }
        int64_t rows = NAME(at_least_1)((fan_in + n - 1) / n);
        if (layer == 0 && !j->dense) {
            p->feature_shift = 0;
            while (((int64_t)2 << p->feature_shift) <= rows) {
                p->feature_shift++;
            }
            rows = (int64_t)1 << p->feature_shift;
            p->n_buckets = (fan_in + rows - 1) / rows;
        }
        for (int64_t start = 0; start < fan_in; start += rows) {
            int64_t stop = start + rows < fan_in ? start + rows : fan_in;
            if (p->ranges) {
                p->ranges[p->n_ranges] = (NAME(range)){layer, 0, start, stop};
            }
            p->n_ranges++;
            int64_t size = (stop - start) * fan_out;
            p->n_scratch = size > p->n_scratch ? size : p->n_scratch;
        }
        if (p->ranges) {
            p->ranges[p->n_ranges] = (NAME(range)){layer, 1, 0, fan_out};
        }
        p->n_ranges++;
        p->n_scratch = fan_out > p->n_scratch ? fan_out : p->n_scratch;
    }
}

/* Memory from `base` on, in lines of the cache; only counted where it is NULL. */
static void *NAME(take)(char *base, size_t *used, int64_t count, size_t size) {
    void *start = base ? base + *used : NULL;
    *used += ((size_t)count * size + 63) / 64 * 64;
    return start;
}

#define TAKE(pointer, count) \
    (pointer) = NAME(take)(base, &used, (count), sizeof *(pointer))

/* Lay out the workspace from `base` on, with the plan at its start; returns its size. */
static size_t NAME(lay_out)(job *j, NAME(plan) *p, char *base) {
    size_t used = (sizeof *p + 63) / 64 * 64;
    int n_layers = j->n_layers;
    int64_t n_outputs = j->units[n_layers], n_params = j->n_params;
    int trains = j->task != PREDICT;
    NAME(choose_rows)(j, p);
    int64_t rows = trains ? p->block_rows : p->slice_rows * j->n_threads;
    p->n_slices = (p->block_rows + p->slice_rows - 1) / p->slice_rows;
    TAKE(p->weights, n_layers);
    TAKE(p->intercepts, n_layers);
    TAKE(p->hidden, n_layers);
    TAKE(p->slopes, n_layers);
    TAKE(p->deltas, n_layers);
    for (int layer = 0; layer < n_layers; layer++) {
        int64_t count = rows * j->units[layer + 1];
        real *hidden = NULL, *slopes = NULL, *deltas = NULL;
        if (layer + 1 < n_layers) {
            TAKE(hidden, count);
            if (trains && NAME(needs_slopes)(j->activations[layer])) {
                TAKE(slopes, count);
            }
        }
        if (trains) {
            TAKE(deltas, count);
        }
        if (base) {
            p->hidden[layer] = hidden;
            p->slopes[layer] = slopes;
            p->deltas[layer] = deltas;
        }
    }
    if (j->dense && j->rows) {
        TAKE(p->x, rows * j->units[0]);
    }
    if (!trains) {
        return used;
    }
    if (j->rows) {
        TAKE(p->classes, rows);
        TAKE(p->targets, rows * n_outputs);
        TAKE(p->sample_weight, rows);
    }
    TAKE(p->losses, rows * n_outputs);
    TAKE(p->slice_losses, p->n_slices);
    TAKE(p->weight_offsets, n_layers);
    TAKE(p->intercept_offsets, n_layers);
    p->ranges = NULL;
    NAME(choose_ranges)(j, p);
    TAKE(p->ranges, p->n_ranges);
    if (base) {
        NAME(choose_ranges)(j, p);
    }
    if (!j->dense) {
        int64_t entries = p->n_slices * p->slice_rows * j->largest_row;
        TAKE(p->entry_rows, entries);
        TAKE(p->entry_features, entries);
        TAKE(p->entry_values, entries);
        TAKE(p->bucket_ends, p->n_slices * (p->n_buckets + 1));
    }
    if (j->task == GRADIENT) {
        p->gradient = j->gradient;
        return used;
    }
    if (j->batch_size > p->block_rows) {
        TAKE(p->gradient, n_params);
    } else {
        TAKE(p->scratch, p->n_scratch * j->n_threads);
    }
    if (j->task == SGD && j->nesterov) {
        TAKE(p->ahead, n_params);
    }
    if (j->task == SGD && j->prox) {
        TAKE(p->before, n_params);
    }
    return used;
}

size_t NAME(workspace_size)(job *j) {
    NAME(plan) plan;
    memset(&plan, 0, sizeof plan);
    return NAME(lay_out)(j, &plan, NULL);
}

static NAME(plan) *NAME(make_plan)(job *j) {
    NAME(plan) *p = j->workspace;
    memset(p, 0, sizeof *p);
    NAME(lay_out)(j, p, j->workspace);
    const real *at = p->ahead ? p->ahead : j->params;
    int64_t offset = 0;
    for (int layer = 0; layer < j->n_layers; layer++) {
        p->weights[layer] = at ? at + offset : j->weights[layer];
        if (p->weight_offsets) {
            p->weight_offsets[layer] = offset;
        }
        offset += j->units[layer] * j->units[layer + 1];
    }
    for (int layer = 0; layer < j->n_layers; layer++) {
        p->intercepts[layer] = at ? at + offset : j->intercepts[layer];
        if (p->intercept_offsets) {
            p->intercept_offsets[layer] = offset;
        }
        offset += j->units[layer + 1];
    }
    return p;
}

/* The job */

static double NAME(now)(void) {
    struct timespec time;
    timespec_get(&time, TIME_UTC);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int NAME(call)(job *j, hook_function hook) {
    NAME(plan) *p = j->plan;
    restore_subnormals(p->callers_state);
    j->status = hook(j->context);
    flush_subnormals();
    return j->status != 0;
}

/* Whether to give up. */
static int NAME(poll)(job *j) {
    NAME(plan) *p = j->plan;
    double time = NAME(now)();
    if (time - p->last_poll >= 0 && time - p->last_poll < POLL_SECONDS) {
        return 0;
    }
    p->last_poll = time;
    return NAME(call)(j, j->interrupted);
}

static int NAME(run_block)(job *j, int64_t start, int64_t n_rows) {
    NAME(plan) *p = j->plan;
    p->block_start = start;
    p->n_block_rows = n_rows;
    p->n_slices = (n_rows + p->slice_rows - 1) / p->slice_rows;
    team_run(j->team, NAME(row_task), j, p->n_slices);
    if (NAME(poll)(j)) {
        return 1;
    }
    if (j->task == PREDICT) {
        return 0;
    }
    for (int64_t slice = 0; slice < p->n_slices; slice++) {
        j->loss_sum += p->slice_losses[slice];
    }
    team_run(j->team, NAME(parameter_task), j, p->n_ranges);
    return NAME(poll)(j);
}

static int NAME(run_batch)(job *j, int64_t start, int64_t n_rows) {
    NAME(plan) *p = j->plan;
    for (int64_t done = 0; done < n_rows; done += p->block_rows) {
        int64_t rest = n_rows - done;
        p->is_first = done == 0;
        p->is_last = rest <= p->block_rows;
        if (NAME(run_block)(j, start + done, p->is_last ? rest : p->block_rows)) {
            return 1;
        }
    }
    return 0;
}

/* Apply the prox that the job has no loop for, and finish the step. */
static int NAME(finish_step)(job *j) {
    NAME(plan) *p = j->plan;
    if (NAME(call)(j, j->prox)) {
        return 1;
    }
    if (j->task == SGD) {
        NAME(difference)(j->params, p->before, j->velocity, j->n_params);
        if (p->ahead) {
            NAME(extrapolate)(j->params, j->velocity, (real)j->momentum, p->ahead,
                              j->n_params);
        }
    }
    return 0;
}

static void NAME(run_epoch)(job *j) {
    NAME(plan) *p = j->plan;
    if (p->ahead) {
        NAME(extrapolate)(j->params, j->velocity, (real)j->momentum, p->ahead, j->n_params);
    }
    for (int64_t start = 0; start < j->n_rows; start += j->batch_size) {
        int64_t rest = j->n_rows - start;
        int64_t n_rows = rest < j->batch_size ? rest : j->batch_size;
        p->loss_factor = j->total_factor / (double)n_rows;
        j->n_steps++;
        p->rule = (NAME(adam_rule)){
            (real)j->beta_1, (real)(1 - j->beta_1), (real)j->beta_2, (real)(1 - j->beta_2),
            (real)(1 / (1 - pow(j->beta_1, (double)j->n_steps))),
            (real)(1 / sqrt(1 - pow(j->beta_2, (double)j->n_steps))),
            (real)j->epsilon, (real)j->rate};
        if (NAME(run_batch)(j, start, n_rows) || (j->prox && NAME(finish_step)(j))) {
            return;
        }
    }
}

void NAME(run)(job *j) {
    float_state state = flush_subnormals();
    NAME(plan) *p = NAME(make_plan)(j);
    j->plan = p;
    j->loss_sum = 0;
    j->status = 0;
    p->last_poll = NAME(now)();
    p->callers_state = state;
    if (j->task == ADAM || j->task == SGD) {
        NAME(run_epoch)(j);
    } else {
        p->loss_factor = j->loss_factor;
        NAME(run_batch)(j, 0, j->n_rows);
    }
    restore_subnormals(state);
}
