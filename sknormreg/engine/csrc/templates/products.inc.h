/* Matrix products.

   All matrices are in C order; W and the weight gradient may be columns of a wider one, with
   `step` from one row to the next. There are three products: forwards, `rows W`; backwards,
   `deltas W'`; and that of a weight gradient, `rows' deltas`. Each is done in one of three
   ways: by tiles, which multiply where the matrices lie; by BLAS, which packs them first, and
   pays for it on the small ones of a minibatch; and where W has a single column, by loops over
   vectors. How they compare is in doc/performance.md. */

#ifndef SKNORMREG_PRODUCTS_INC_H
#define SKNORMREG_PRODUCTS_INC_H

#include <string.h>

#include "../engine.h"
#include "precision.inc.h"

gemm_function NAME(blas_gemm);

/* By BLAS, in whose Fortran order a matrix in C order is its transpose. */
static void NAME(gemm)(char trans_a, char trans_b, int64_t m, int64_t n, int64_t k,
                       const real *a, int64_t lda, const real *b, int64_t ldb, real *c,
                       int64_t ldc) {
    int m_ = (int)m, n_ = (int)n, k_ = (int)k, lda_ = (int)lda, ldb_ = (int)ldb;
    int ldc_ = (int)ldc;
    real one = 1, zero = 0;
    NAME(blas_gemm)(&trans_a, &trans_b, &m_, &n_, &k_, &one, (void *)a, &lda_, (void *)b,
                    &ldb_, &zero, c, &ldc_);
}

/* By tiles */

#if HAS_TILES
#define TILE_BITS 512
#include "tiles.inc.h"
#define TILE_BITS 256
#include "tiles.inc.h"

/* Bytes of b up to which the narrow tiles, which read it more often, win over packing. */
#define NARROW_BYTES (256 << 10)

/* Whether a product with b of `depth` rows and n columns is done by tiles. */
static int NAME(by_tiles)(enum products products, int64_t depth, int64_t n) {
    return products == TILES_512
           || (products == TILES_256 && depth * n * (int64_t)sizeof(real) <= NARROW_BYTES);
}

/* c = a b, of m rows and n columns; false where BLAS is to do it. */
static int NAME(tiled_product)(enum products products, int64_t m, int64_t n, int64_t depth,
                               const real *a, int64_t row_step, int64_t depth_step,
                               const real *b, int64_t b_step, real *c, int64_t c_step) {
    if (!NAME(by_tiles)(products, depth, n)) {
        return 0;
    }
    if (products == TILES_512) {
        NAME(product_512)(m, n, depth, a, row_step, depth_step, b, b_step, c, c_step, 0);
    } else {
        NAME(product_256)(m, n, depth, a, row_step, depth_step, b, b_step, c, c_step, 0);
    }
    return 1;
}
#else
static int NAME(by_tiles)(enum products products, int64_t depth, int64_t n) {
    (void)products;
    (void)depth;
    (void)n;
    return 0;
}

static int NAME(tiled_product)(enum products products, int64_t m, int64_t n, int64_t depth,
                               const real *a, int64_t row_step, int64_t depth_step,
                               const real *b, int64_t b_step, real *c, int64_t c_step) {
    (void)products;
    (void)m;
    (void)n;
    (void)depth;
    (void)a;
    (void)row_step;
    (void)depth_step;
    (void)b;
    (void)b_step;
    (void)c;
    (void)c_step;
    return 0;
}
#endif

/* By loops over vectors */

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

/* The vectors of the loops, where they are a column of a wide matrix, are copied in parts of
   this many numbers. */
#define COLUMN_PART 256

/* The same where the numbers of w are `step` apart. */
CLONES static void NAME(dot_rows_apart)(const real *RESTRICT rows, const real *RESTRICT w,
                                        int64_t step, real *RESTRICT out, int64_t n_rows,
                                        int64_t n) {
    real part[COLUMN_PART];
    memset(out, 0, n_rows * sizeof(real));
    for (int64_t start = 0; start < n; start += COLUMN_PART) {
        int64_t rest = n - start, size = rest < COLUMN_PART ? rest : COLUMN_PART;
        for (int64_t k = 0; k < size; k++) {
            part[k] = w[(start + k) * step];
        }
        for (int64_t i = 0; i < n_rows; i++) {
            const real *row = rows + i * n + start;
            real sum = 0;
#pragma omp simd reduction(+ : sum)
            for (int64_t k = 0; k < size; k++) {
                sum += row[k] * part[k];
            }
            out[i] += sum;
        }
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

/* sums = sum_i a[i] rows[i], of n columns out of `stride` */
CLONES static void NAME(weighted_rows)(const real *RESTRICT rows, const real *RESTRICT a,
                                       real *RESTRICT sums, int64_t n_rows, int64_t n,
                                       int64_t stride) {
    for (int64_t k = 0; k < n; k++) {
        sums[k] = 0;
    }
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

/* The same where the sums go to places that are `step` apart. */
static void NAME(weighted_rows_apart)(const real *rows, const real *a, real *sums,
                                      int64_t step, int64_t n_rows, int64_t n,
                                      int64_t stride) {
    real part[COLUMN_PART];
    for (int64_t start = 0; start < n; start += COLUMN_PART) {
        int64_t rest = n - start, size = rest < COLUMN_PART ? rest : COLUMN_PART;
        NAME(weighted_rows)(rows + start, a, part, n_rows, size, stride);
        for (int64_t k = 0; k < size; k++) {
            sums[(start + k) * step] = part[k];
        }
    }
}

/* out = W', of a range of the rows of W. */
CLONES static void NAME(transpose)(const real *RESTRICT w, real *RESTRICT out,
                                   int64_t start, int64_t stop, int64_t fan_in,
                                   int64_t fan_out) {
    for (int64_t block = start; block < stop; block += 16) {
        int64_t end = block + 16 < stop ? block + 16 : stop;
        for (int64_t k = 0; k < fan_out; k++) {
            for (int64_t i = block; i < end; i++) {
                out[k * fan_in + i] = w[i * fan_out + k];
            }
        }
    }
}

/* The three products */

/* out = rows W */
static void NAME(multiply)(enum products products, const real *rows, const real *w,
                           int64_t step, real *out, int64_t n_rows, int64_t fan_in,
                           int64_t fan_out) {
    if (step == 1) {
        NAME(dot_rows)(rows, w, out, n_rows, fan_in);
    } else if (fan_out == 1) {
        NAME(dot_rows_apart)(rows, w, step, out, n_rows, fan_in);
    } else if (!NAME(tiled_product)(products, n_rows, fan_out, fan_in, rows, fan_in, 1, w,
                                    step, out, fan_out)) {
        NAME(gemm)('N', 'N', fan_out, n_rows, fan_in, w, step, rows, fan_in, out, fan_out);
    }
}

/* out = deltas W', with `transposed` W' where products are by tiles */
static void NAME(multiply_back)(enum products products, const real *deltas, const real *w,
                                const real *transposed, real *out, int64_t n_rows,
                                int64_t fan_in, int64_t fan_out) {
    if (fan_out == 1) {
        NAME(outer_product)(deltas, w, out, n_rows, fan_in);
    } else if (!NAME(tiled_product)(products, n_rows, fan_in, fan_out, deltas, fan_out, 1,
                                    transposed, fan_in, out, fan_in)) {
        NAME(gemm)('T', 'N', fan_in, n_rows, fan_out, w, fan_out, deltas, fan_out, out,
                   fan_in);
    }
}

/* out = rows' deltas, for n of the fan_in columns of `rows` */
static void NAME(multiply_transposed)(enum products products, const real *rows,
                                      const real *deltas, real *out, int64_t step,
                                      int64_t n, int64_t n_rows, int64_t fan_in,
                                      int64_t fan_out) {
    if (step == 1) {
        NAME(weighted_rows)(rows, deltas, out, n_rows, n, fan_in);
    } else if (fan_out == 1) {
        NAME(weighted_rows_apart)(rows, deltas, out, step, n_rows, n, fan_in);
    } else if (!NAME(tiled_product)(products, n, fan_out, n_rows, rows, 1, fan_in, deltas,
                                    fan_out, out, step)) {
        NAME(gemm)('N', 'T', fan_out, n, n_rows, deltas, fan_out, rows, fan_in, out, step);
    }
}

#endif
