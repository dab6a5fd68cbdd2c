/* How a job is cut into tasks: rows into blocks and slices, parameters into ranges, what a
   prox is applied to after the step into bunches. */

#ifndef SKNORMREG_PARTITION_H
#define SKNORMREG_PARTITION_H

#include <stddef.h>
#include <stdint.h>

#include "engine.h"

/* How many columns are projected onto a ball together, at most. */
#define BALL_COLUMNS 64

typedef struct {
    int layer;
    int is_intercept;
    int64_t start, stop; /* rows of the weight matrix; columns for intercepts */
} range;

typedef struct {
    int layer;
    int64_t start, stop; /* of its pieces: see `n_pieces` */
} bunch;

typedef struct {
    int64_t slice_rows, block_rows, most_slices;
    int64_t n_ranges;
    int64_t n_scratch; /* parameters in the largest range */
    range *ranges;
    int64_t n_bunches;
    bunch *bunches;

    /* CSR: the first layer's ranges have 2^feature_shift features, and there are n_buckets of
       them; a block has up to most_entries. */
    int feature_shift;
    int64_t n_buckets;
    int64_t most_entries;
} partition;

/* Rows of a block and of its slices, with numbers of `real_size` bytes. */
void choose_rows(const job *j, partition *parts, size_t real_size);

/* Ranges of the parameters; counts them where `ranges` is NULL. */
void choose_ranges(const job *j, partition *parts);

/* Bunches of groups and the like; counts them where `bunches` is NULL. */
void choose_bunches(const job *j, partition *parts);

/* Rows of the block that begins at a position, of so many that are left. Where rows in CSR
   are of very different length it may have few; `row_starts`, else NULL, receives where the
   entries of each begin among those of the block. */
int64_t rows_of_block(const job *j, const partition *parts, int64_t *row_starts,
                      int64_t start, int64_t n_left);

#endif
