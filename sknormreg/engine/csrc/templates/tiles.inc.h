/* Matrix products by tiles of vectors, where the matrices lie: nothing is packed.

   Included once for each width of vectors, TILE_BITS, which is 512 or 256, and so without a
   guard. The sums of a tile stay in registers; TILE_ROWS_v is how many rows of v vectors fit,
   beside a row of b and a factor, into the 32 or 16 registers that there are. */

#include "../portable.h"
#include "precision.inc.h"

/* The whole name at once: some compilers' headers have macros named as parts of it. */
#define JOIN_(prefix, operation, suffix) prefix##operation##_##suffix
#define JOIN(prefix, operation, suffix) JOIN_(prefix, operation, suffix)
#ifdef REAL_IS_FLOAT
#define SUFFIX ps
#else
#define SUFFIX pd
#endif

#if TILE_BITS == 512
#define TARGET __attribute__((target("avx512f")))
#define TILED(name) NAME(name##_512)
#define VECTOR(operation) JOIN(_mm512_, operation, SUFFIX)
#define LOAD_FIRST(lanes, from) VECTOR(maskz_loadu)(lanes, from)
#define STORE_FIRST(to, lanes, vector) VECTOR(mask_storeu)(to, lanes, vector)
#define TILE_ROWS_1 8
#define TILE_ROWS_2 8
#define TILE_ROWS_3 8
#define TILE_ROWS_4 6
#define MOST_VECTORS 4
#ifdef REAL_IS_FLOAT
typedef __m512 TILED(vector);
typedef __mmask16 TILED(lanes);
#else
typedef __m512d TILED(vector);
typedef __mmask8 TILED(lanes);
#endif
static TARGET TILED(lanes) TILED(first_lanes)(int64_t n) {
    return (TILED(lanes))((1u << n) - 1);
}
#else
#define TARGET __attribute__((target("avx2,fma")))
#define TILED(name) NAME(name##_256)
#define VECTOR(operation) JOIN(_mm256_, operation, SUFFIX)
#define LOAD_FIRST(lanes, from) VECTOR(maskload)(from, lanes)
#define STORE_FIRST(to, lanes, vector) VECTOR(maskstore)(to, lanes, vector)
#define TILE_ROWS_1 8
#define TILE_ROWS_2 6
#define TILE_ROWS_3 4
#define MOST_VECTORS 3
typedef __m256i TILED(lanes);
#ifdef REAL_IS_FLOAT
typedef __m256 TILED(vector);
static TARGET TILED(lanes) TILED(first_lanes)(int64_t n) {
    __m256i positions = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), positions);
}
#else
typedef __m256d TILED(vector);
static TARGET TILED(lanes) TILED(first_lanes)(int64_t n) {
    __m256i positions = _mm256_setr_epi64x(0, 1, 2, 3);
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), positions);
}
#endif
#endif
#define LANES (TILE_BITS / 8 / (int)sizeof(real))

/* Rows of b at a time: what a tile's columns of them take fits into a core's cache. */
#define TILE_DEPTH 2048

/* c (+)= a b for a tile of `n_rows` rows and `n_vectors` vectors of columns, the last one
   as far as `last` says. The two numbers are constants where this is called, and loops over
   them are unrolled. Element (i, k) of a is a[i * row_step + k * depth_step]. */
static TARGET inline __attribute__((always_inline)) void TILED(tile)(
    const int n_rows, const int n_vectors, int64_t depth, const real *a, int64_t row_step,
    int64_t depth_step, const real *b, int64_t b_step, real *c, int64_t c_step,
    TILED(lanes) last, int add) {
    TILED(vector) sums[8][4], row[4];
#pragma GCC unroll 8
    for (int i = 0; i < n_rows; i++) {
#pragma GCC unroll 4
        for (int v = 0; v < n_vectors; v++) {
            sums[i][v] = VECTOR(setzero)();
        }
    }
    for (int64_t k = 0; k < depth; k++) {
#pragma GCC unroll 4
        for (int v = 0; v < n_vectors; v++) {
            const real *from = b + v * LANES;
            row[v] = v + 1 < n_vectors ? VECTOR(loadu)(from) : LOAD_FIRST(last, from);
        }
#pragma GCC unroll 8
        for (int i = 0; i < n_rows; i++) {
            TILED(vector) factor = VECTOR(set1)(a[i * row_step]);
#pragma GCC unroll 4
            for (int v = 0; v < n_vectors; v++) {
                sums[i][v] = VECTOR(fmadd)(factor, row[v], sums[i][v]);
            }
        }
        a += depth_step;
        b += b_step;
    }
#pragma GCC unroll 8
    for (int i = 0; i < n_rows; i++) {
#pragma GCC unroll 4
        for (int v = 0; v < n_vectors; v++) {
            real *to = c + i * c_step + v * LANES;
            if (v + 1 < n_vectors) {
                VECTOR(storeu)(to, add ? VECTOR(add)(sums[i][v], VECTOR(loadu)(to))
                                       : sums[i][v]);
            } else {
                STORE_FIRST(to, last,
                            add ? VECTOR(add)(sums[i][v], LOAD_FIRST(last, to))
                                : sums[i][v]);
            }
        }
    }
}

/* As many tiles of n_rows rows as there are rows for. */
#define TILES(n_rows, n_vectors)                                                           \
    for (; i + n_rows <= m; i += n_rows) {                                                 \
        TILED(tile)(n_rows, n_vectors, depth, a + i * row_step, row_step, depth_step, b,   \
                    b_step, c + i * c_step, c_step, last, add);                            \
    }

/* All rows, for a width of at most n_vectors vectors. */
#define COLUMNS(n_vectors)                                                                 \
    TARGET static void TILED(columns_##n_vectors)(                                         \
        int64_t m, int64_t width, int64_t depth, const real *a, int64_t row_step,          \
        int64_t depth_step, const real *b, int64_t b_step, real *c, int64_t c_step,        \
        int add) {                                                                         \
        TILED(lanes) last = TILED(first_lanes)(width - (n_vectors - 1) * LANES);           \
        int64_t i = 0;                                                                     \
        TILES(TILE_ROWS_##n_vectors, n_vectors)                                            \
        TILES(4, n_vectors)                                                                \
        TILES(2, n_vectors)                                                                \
        TILES(1, n_vectors)                                                                \
    }

COLUMNS(1)
COLUMNS(2)
COLUMNS(3)
#if MOST_VECTORS == 4
COLUMNS(4)
#endif

/* c (+)= a b, of m rows and n columns. */
static void TILED(product)(int64_t m, int64_t n, int64_t depth, const real *a,
                           int64_t row_step, int64_t depth_step, const real *b,
                           int64_t b_step, real *c, int64_t c_step, int add) {
    for (; depth > TILE_DEPTH; depth -= TILE_DEPTH, add = 1) {
        TILED(product)(m, n, TILE_DEPTH, a, row_step, depth_step, b, b_step, c, c_step,
                       add);
        a += TILE_DEPTH * depth_step;
        b += TILE_DEPTH * b_step;
    }
    /* The columns in parts of about the same number of vectors. */
    int64_t n_vectors = (n + LANES - 1) / LANES;
    int64_t n_parts = (n_vectors + MOST_VECTORS - 1) / MOST_VECTORS;
    for (int64_t part = 0; part < n_parts; part++) {
        int64_t from = part * n_vectors / n_parts, to = (part + 1) * n_vectors / n_parts;
        int64_t j = from * LANES, width = (to * LANES < n ? to * LANES : n) - j;
#define CASE(n_vectors)                                                                    \
    case n_vectors:                                                                        \
        TILED(columns_##n_vectors)(m, width, depth, a, row_step, depth_step, b + j,        \
                                   b_step, c + j, c_step, add);                            \
        break;
        switch (to - from) {
            CASE(1)
            CASE(2)
            CASE(3)
#if MOST_VECTORS == 4
            CASE(4)
#endif
        }
#undef CASE
    }
}

#undef JOIN_
#undef JOIN
#undef SUFFIX
#undef TARGET
#undef TILED
#undef VECTOR
#undef LOAD_FIRST
#undef STORE_FIRST
#undef TILE_ROWS_1
#undef TILE_ROWS_2
#undef TILE_ROWS_3
#undef TILE_ROWS_4
#undef MOST_VECTORS
#undef LANES
#undef TILE_DEPTH
#undef TILES
#undef COLUMNS
#undef TILE_BITS
