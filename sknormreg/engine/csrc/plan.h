/* How a job is cut into tasks, and where its intermediate results lie.

   Included once for each precision. */

#define PREDICTION_ROWS 256     /* in a slice of predictions */
#define LEAST_SLICE_ROWS 32     /* in one that another thread may take over */
#define UNSPLIT_WORK 2e5        /* rows times parameters, up to which a batch is one slice */
#define MINIBATCH_ROWS 512      /* up to which a minibatch is one block */
#define MOST_ROWS 2048          /* in a block: sums over more lose digits */
#define BLOCK_BYTES (512 << 10) /* of a full batch's block, a core: to stay in its cache */
#define BLOCK_ENTRIES (1 << 20) /* of a block in CSR, about */
#define MOST_ENTRIES (2 << 20)  /* with which it ends, unless it is a single row */
#define RANGE_PARAMS 16384      /* in a parameter task: to stay in a core's own cache */
#define BUNCH_PARAMS 4096       /* in a task for groups, which take longer */
#define BALL_COLUMNS 64         /* in one for columns */

typedef struct {
    int layer;
    int is_intercept;
    int64_t start, stop;        /* rows of the weight matrix; columns for intercepts */
} NAME(range);

typedef struct {
    int layer;
    int64_t start, stop;        /* of its pieces: see `n_pieces` */
} NAME(bunch);

typedef struct {
    /* The partition. */
    int64_t slice_rows, block_rows, n_slices, n_ranges;
    int64_t n_scratch;          /* parameters in the largest range */
    NAME(range) *ranges;
    int feature_shift;          /* CSR: the first layer's ranges have 2^this features, */
    int64_t n_buckets;          /* and there are this many */
    NAME(bunch) *bunches;       /* of what a prox is applied to later */
    int64_t n_bunches;

    /* Where each layer's parameters begin in the flat vector, and in the weights that the
       pass is at. */
    int64_t *weight_offsets, *intercept_offsets;
    const real **weights, **intercepts;

    /* For the rows of a block: values of the hidden layers, their slopes where the value
       does not tell them or may have been dropped, derivatives with respect to the products of all layers. */
    real **hidden, **slopes, **deltas;
    real *skipped;              /* what the skip connection adds to the outputs */
    real **transposed;          /* weights, for products that need them so */
    int n_transposed;
    int64_t *row_starts;        /* CSR: where the entries of each row begin among those */
    int64_t most_entries;       /* of its block, which has up to so many */
    real *kept_values;          /* CSR with dropout: of all rows */
    real *x, *targets, *sample_weight, *losses;
    int64_t *classes;
    double *slice_losses;

    /* CSR: entries of each slice in the order of the ranges that their features are in. */
    int32_t *entry_rows, *entry_features;
    real *entry_values;
    int64_t *bucket_ends;

    real *scratch;              /* a block's part of a range's gradient, a thread */
    real *gradient;             /* all of it, where a batch takes several blocks */
    real *ahead, *before;       /* SGD: the extrapolated point, the start of a step */
    real *steps;                /* ADAM: that a prox after the step is applied with */

    /* The block at hand. */
    int64_t block_start, n_block_rows;
    int64_t batch_start;
    NAME(mask) *masks;          /* of the batch, for each layer; NULL without dropout */
    int is_first, is_last;      /* in its batch */
    double loss_factor;
    NAME(adam_rule) rule;
    double last_poll;
    float_state callers_state;  /* in which hooks run */
} NAME(plan);

INLINE int64_t NAME(index_at)(const void *array, int wide, int64_t i) {
    return wide ? ((const int64_t *)array)[i] : ((const int32_t *)array)[i];
}

static int64_t NAME(row_at)(const job *j, int64_t position) {
    return j->rows ? j->rows[position] : position;
}

/* Columns of a layer's weights. */
static int64_t NAME(width)(const job *j, int layer) {
    return j->units[layer + 1] + (layer == 0 ? j->n_skip : 0);
}

/* Where the block's row i begins among the values of its minibatch, in a layer with that
   many units. */
static uint32_t NAME(place)(const NAME(plan) *p, int64_t i, int64_t n_units) {
    return (uint32_t)((p->block_start - p->batch_start + i) * n_units);
}

static int NAME(needs_slopes)(int activation) {
    return activation == GELU || activation == SILU || activation == SOFTPLUS;
}

/* Whether values of a layer are dropped, the inputs being layer 0. */
static int NAME(drops)(const job *j, int layer) {
    return j->dropout && j->dropout[layer] > 0;
}

/* What a layer's prox is of, when it is not part of the updates: of so many groups of rows,
   columns, or 1, the whole layer. */
static int64_t NAME(n_pieces)(const job *j, int layer) {
    const penalty_terms *terms = j->penalties + layer;
    return terms->group > 0 ? terms->n_groups : terms->max_norm > 0 ? NAME(width)(j, layer)
           : terms->l1_norm > 0;
}

/* Whether it is a concave function of the single weights. */
static int NAME(is_concave)(const job *j, int layer) {
    const penalty_terms *terms = j->penalties + layer;
    return terms->last_knot > 0 && !(terms->group > 0);
}

/* Parameters in one of those groups; columns are taken BALL_COLUMNS at a time. */
static int64_t NAME(piece_size)(const job *j, int layer, int64_t index) {
    const penalty_terms *terms = j->penalties + layer;
    const int64_t *ends = terms->group_ends;
    if (!(terms->group > 0)) {
        return BUNCH_PARAMS / BALL_COLUMNS;
    }
    return (ends ? ends[index] - (index ? ends[index - 1] : 0) : 1) * NAME(width)(j, layer);
}

static int64_t NAME(clip)(int64_t n, int64_t least, int64_t most) {
    return n < least ? least : n > most ? most : n;
}

/* Rows of a block and of its slices. They depend on how many cores the machine has, but not
   on how many of them are to be had at the moment. */
static void NAME(choose_rows)(const job *j, NAME(plan) *p) {
    int64_t row_bytes = j->units[0] + j->n_skip, batch = j->batch_size;
    for (int layer = 1; layer <= j->n_layers; layer++) {
        row_bytes += 2 * j->units[layer];
    }
    row_bytes *= sizeof(real);
    if (j->task == PREDICT) {
        p->slice_rows = NAME(clip)(BLOCK_BYTES / row_bytes, 16, PREDICTION_ROWS);
        p->block_rows = 64 * p->slice_rows;
        return;
    }
    int64_t most = NAME(clip)(BLOCK_BYTES * j->n_cores / row_bytes, 64, MOST_ROWS);
    if (j->task != GRADIENT && most < MINIBATCH_ROWS) {
        /* The usual minibatch is one block: its gradient need not go through memory. */
        most = MINIBATCH_ROWS;
    }
    if (!j->dense) {
        most = NAME(clip)(BLOCK_ENTRIES / NAME(clip)(j->mean_row, 1, BLOCK_ENTRIES), 1, most);
    }
    p->block_rows = NAME(clip)(batch, 1, most);
    int64_t n_slices = NAME(clip)(p->block_rows / LEAST_SLICE_ROWS, 1, j->n_cores);
    if ((double)p->block_rows * j->n_params <= UNSPLIT_WORK) {
        n_slices = 1;
    }
    p->slice_rows = (p->block_rows + n_slices - 1) / n_slices;
}

/* Rows of the block that begins at a position, of so many that are left. Where rows in CSR
   are of very different length it may have few. */
static int64_t NAME(rows_of_block)(const job *j, NAME(plan) *p, int64_t start,
                                   int64_t n_left) {
    int64_t most = n_left < p->block_rows ? n_left : p->block_rows;
    if (!p->row_starts) {
        return most;
    }
    p->row_starts[0] = 0;
    for (int64_t i = 0; i < most; i++) {
        int64_t row = NAME(row_at)(j, start + i);
        int64_t end = p->row_starts[i] + NAME(index_at)(j->indptr, j->wide_indices, row + 1)
                      - NAME(index_at)(j->indptr, j->wide_indices, row);
        if (i > 0 && end > p->most_entries) {
            return i;
        }
        p->row_starts[i + 1] = end;
    }
    return most;
}

/* Ranges of the parameters; counts them where `ranges` is NULL. */
static void NAME(choose_ranges)(const job *j, NAME(plan) *p) {
    p->n_ranges = 0;
    for (int layer = 0; layer < j->n_layers; layer++) {
        int64_t fan_in = j->units[layer], fan_out = j->units[layer + 1];
        int64_t width = NAME(width)(j, layer);
        int64_t size = fan_in * width, n = (size + RANGE_PARAMS - 1) / RANGE_PARAMS;
        if (n == 1 && (double)p->block_rows * size > UNSPLIT_WORK) {
            n = 2;
        } else if (n > 1) {
            n = (n + 3) / 4 * 4;
        }
        int64_t rows = NAME(clip)((fan_in + n - 1) / n, 1, fan_in);
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
            int64_t n_params = (stop - start) * width;
            p->n_scratch = n_params > p->n_scratch ? n_params : p->n_scratch;
        }
        if (p->ranges) {
            p->ranges[p->n_ranges] = (NAME(range)){layer, 1, 0, fan_out};
        }
        p->n_ranges++;
        p->n_scratch = fan_out > p->n_scratch ? fan_out : p->n_scratch;
    }
}

/* Bunches of groups and the like; counts them where `bunches` is NULL. */
static void NAME(choose_bunches)(const job *j, NAME(plan) *p) {
    p->n_bunches = 0;
    for (int layer = 0; layer < j->n_layers; layer++) {
        int64_t n_pieces = NAME(n_pieces)(j, layer), start = 0, size = 0;
        for (int64_t i = 0; i < n_pieces; i++) {
            size += NAME(piece_size)(j, layer, i);
            if (size < BUNCH_PARAMS && i + 1 < n_pieces) {
                continue;
            }
            if (p->bunches) {
                p->bunches[p->n_bunches] = (NAME(bunch)){layer, start, i + 1};
            }
            p->n_bunches++;
            start = i + 1;
            size = 0;
        }
    }
}

/* Memory from `base` on, in lines of the cache; only counted where it is NULL. */
static void *NAME(take)(char *base, size_t *used, int64_t count, size_t size) {
    char *start = base ? base + *used : NULL;
    size_t n_bytes = (size_t)count * size, room = (n_bytes + 63) / 64 * 64 + RED_ZONE;
    if (base) {
        FORBID(start + n_bytes, room - n_bytes);
    }
    *used += room;
    return start;
}

#define TAKE(pointer, count) \
    (pointer) = NAME(take)(base, &used, (count), sizeof *(pointer))

/* Lay out the workspace from `base` on, with the plan at its start; returns its size. */
static size_t NAME(lay_out)(job *j, NAME(plan) *p, char *base) {
    size_t used = 0;
    NAME(take)(base, &used, 1, sizeof *p);
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
    TAKE(p->transposed, n_layers);
    for (int layer = 0; layer < n_layers; layer++) {
        int64_t count = rows * j->units[layer + 1];
        real *hidden = NULL, *slopes = NULL, *deltas = NULL, *transposed = NULL;
        if (layer + 1 < n_layers) {
            TAKE(hidden, count);
            if (trains && (NAME(needs_slopes)(j->activations[layer])
                           || NAME(drops)(j, layer + 1))) {
                TAKE(slopes, count);
            }
        }
        if (trains) {
            TAKE(deltas, count);
            int64_t fan_in = j->units[layer], fan_out = j->units[layer + 1];
            if (layer > 0 && fan_out > 1 && NAME(by_tiles)(j->products, fan_out, fan_in)) {
                TAKE(transposed, fan_in * fan_out);
            }
        }
        if (base) {
            p->hidden[layer] = hidden;
            p->slopes[layer] = slopes;
            p->deltas[layer] = deltas;
            p->transposed[layer] = transposed;
            p->n_transposed += transposed != NULL;
        }
    }
    if (j->n_skip) {
        TAKE(p->skipped, rows * n_outputs);
    }
    if (j->dense && (j->rows || NAME(drops)(j, 0))) {
        TAKE(p->x, rows * j->units[0]);
    }
    if (!trains) {
        return used;
    }
    if (j->dropout) {
        TAKE(p->masks, n_layers);
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
        int64_t entries = p->block_rows * j->largest_row;
        if (entries > MOST_ENTRIES) {
            entries = j->largest_row > MOST_ENTRIES ? j->largest_row : MOST_ENTRIES;
        }
        p->most_entries = entries;
        TAKE(p->row_starts, p->block_rows + 1);
        if (NAME(drops)(j, 0)) {
            TAKE(p->kept_values, entries);
        }
        TAKE(p->entry_rows, entries);
        TAKE(p->entry_features, entries);
        TAKE(p->entry_values, entries);
        TAKE(p->bucket_ends, p->n_slices * (p->n_buckets + 1));
    }
    TAKE(p->scratch, p->n_scratch * j->n_threads);
    if (j->task == GRADIENT) {
        p->gradient = j->gradient;
        return used;
    }
    if (j->batch_size > p->block_rows
        || (!j->dense && p->most_entries < p->block_rows * j->largest_row)) {
        TAKE(p->gradient, n_params);
    }
    if (j->task == SGD && j->nesterov) {
        TAKE(p->ahead, n_params);
    }
    p->bunches = NULL;
    NAME(choose_bunches)(j, p);
    TAKE(p->bunches, p->n_bunches);
    if (base) {
        NAME(choose_bunches)(j, p);
    }
    int later = p->n_bunches > 0;
    for (int layer = 0; layer < n_layers; layer++) {
        later = later || NAME(is_concave)(j, layer);
    }
    if (j->task == SGD && (j->prox || later)) {
        TAKE(p->before, n_params);
    }
    p->steps = j->steps;
    if (j->task == ADAM && later) {
        TAKE(p->steps, n_params);
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
        offset += j->units[layer] * NAME(width)(j, layer);
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
