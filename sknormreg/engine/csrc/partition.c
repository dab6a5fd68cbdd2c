/* How much work is in a task. */

#include "partition.h"

#include "layers.h"

#define PREDICTION_ROWS 256 /* in a slice of predictions */
#define LEAST_SLICE_ROWS 32 /* in one that another thread may take over */
#define UNSPLIT_WORK 2e5    /* rows times parameters, up to which a batch is one slice */
#define MINIBATCH_ROWS 512  /* up to which a minibatch is one block */
#define MOST_ROWS 2048      /* in a block: sums over more lose digits */
#define BLOCK_BYTES (512 << 10) /* of a full batch's block, a core: to stay in its cache */
#define BLOCK_ENTRIES (1 << 20) /* of a block in CSR, about */
#define MOST_ENTRIES (2 << 20)  /* with which it ends, unless it is a single row */
#define RANGE_PARAMS 16384      /* in a parameter task: to stay in a core's own cache */
#define BUNCH_PARAMS 4096       /* in a task for groups, which take longer */

static int64_t clip(int64_t n, int64_t least, int64_t most) {
    return n < least ? least : n > most ? most : n;
}

/* Blocks depend on how many cores the machine has, but not on how many of them are to be had
   at the moment. */
void choose_rows(const job *j, partition *parts, size_t real_size) {
    int64_t row_bytes = j->units[0] + j->n_skip, batch = j->batch_size;
    for (int layer = 1; layer <= j->n_layers; layer++) {
        row_bytes += 2 * j->units[layer];
    }
    row_bytes *= (int64_t)real_size;
    if (j->task == PREDICT) {
        parts->slice_rows = clip(BLOCK_BYTES / row_bytes, 16, PREDICTION_ROWS);
        parts->most_slices = 64;
        parts->block_rows = parts->most_slices * parts->slice_rows;
        return;
    }
    int64_t most = clip(BLOCK_BYTES * j->n_cores / row_bytes, 64, MOST_ROWS);
    if (j->task != GRADIENT && most < MINIBATCH_ROWS) {
        /* The usual minibatch is one block: its gradient need not go through memory. */
        most = MINIBATCH_ROWS;
    }
    if (!j->dense) {
        most = clip(BLOCK_ENTRIES / clip(j->mean_row, 1, BLOCK_ENTRIES), 1, most);
    }
    parts->block_rows = clip(batch, 1, most);
    int64_t n_slices = clip(parts->block_rows / LEAST_SLICE_ROWS, 1, j->n_cores);
    if ((double)parts->block_rows * j->n_params <= UNSPLIT_WORK) {
        n_slices = 1;
    }
    parts->slice_rows = (parts->block_rows + n_slices - 1) / n_slices;
    parts->most_slices = (parts->block_rows + parts->slice_rows - 1) / parts->slice_rows;
    if (!j->dense) {
        int64_t entries = parts->block_rows * j->largest_row;
        if (entries > MOST_ENTRIES) {
            entries = j->largest_row > MOST_ENTRIES ? j->largest_row : MOST_ENTRIES;
        }
        parts->most_entries = entries;
    }
}

static void add_range(partition *parts, range r, int64_t n_params) {
    if (parts->ranges) {
        parts->ranges[parts->n_ranges] = r;
    }
    parts->n_ranges++;
    parts->n_scratch = n_params > parts->n_scratch ? n_params : parts->n_scratch;
}

/* Rows of the weights in each of a layer's ranges. */
static int64_t rows_of_ranges(const job *j, const partition *parts, int layer) {
    int64_t fan_in = j->units[layer], size = fan_in * layer_width(j, layer);
    int64_t n = (size + RANGE_PARAMS - 1) / RANGE_PARAMS;
    if (n == 1 && (double)parts->block_rows * size > UNSPLIT_WORK) {
        n = 2;
    } else if (n > 1) {
        n = (n + 3) / 4 * 4;
    }
    return clip((fan_in + n - 1) / n, 1, fan_in);
}

void choose_ranges(const job *j, partition *parts) {
    parts->n_ranges = 0;
    for (int layer = 0; layer < j->n_layers; layer++) {
        int64_t fan_in = j->units[layer], fan_out = j->units[layer + 1];
        int64_t width = layer_width(j, layer), rows = rows_of_ranges(j, parts, layer);
        if (layer == 0 && !j->dense) {
            parts->feature_shift = 0;
            while (((int64_t)2 << parts->feature_shift) <= rows) {
                parts->feature_shift++;
            }
            rows = (int64_t)1 << parts->feature_shift;
            parts->n_buckets = (fan_in + rows - 1) / rows;
        }
        for (int64_t start = 0; start < fan_in; start += rows) {
            int64_t stop = start + rows < fan_in ? start + rows : fan_in;
            add_range(parts, (range){layer, 0, start, stop}, (stop - start) * width);
        }
        add_range(parts, (range){layer, 1, 0, fan_out}, fan_out);
    }
}

/* Parameters in one of a layer's pieces; columns are taken BALL_COLUMNS at a time. */
static int64_t piece_size(const job *j, int layer, int64_t index) {
    const penalty_terms *terms = j->penalties + layer;
    const int64_t *ends = terms->group_ends;
    if (!(terms->group > 0)) {
        return BUNCH_PARAMS / BALL_COLUMNS;
    }
    return (ends ? ends[index] - (index ? ends[index - 1] : 0) : 1) * layer_width(j, layer);
}

void choose_bunches(const job *j, partition *parts) {
    parts->n_bunches = 0;
    for (int layer = 0; layer < j->n_layers; layer++) {
        int64_t n = n_pieces(j, layer), start = 0, size = 0;
        for (int64_t i = 0; i < n; i++) {
            size += piece_size(j, layer, i);
            if (size < BUNCH_PARAMS && i + 1 < n) {
                continue;
            }
            if (parts->bunches) {
                parts->bunches[parts->n_bunches] = (bunch){layer, start, i + 1};
            }
            parts->n_bunches++;
            start = i + 1;
            size = 0;
        }
    }
}

int64_t rows_of_block(const job *j, const partition *parts, int64_t *row_starts,
                      int64_t start, int64_t n_left) {
    int64_t most = n_left < parts->block_rows ? n_left : parts->block_rows;
    if (!row_starts) {
        return most;
    }
    row_starts[0] = 0;
    for (int64_t i = 0; i < most; i++) {
        int64_t row = row_at(j, start + i);
        int64_t end = row_starts[i] + index_at(j->indptr, j->wide_indices, row + 1)
                      - index_at(j->indptr, j->wide_indices, row);
        if (i > 0 && end > parts->most_entries) {
            return i;
        }
        row_starts[i + 1] = end;
    }
    return most;
}
