/* Dropout: `dropout.py` says which values a minibatch goes without, and why by hashing.

   What a value is multiplied by depends on nothing but the minibatch, the layer and the place
   in it: blocks, slices and threads make no difference. */

#ifndef SKNORMREG_DROPOUT_INC_H
#define SKNORMREG_DROPOUT_INC_H

#include "../portable.h"
#include "precision.inc.h"

INLINE uint32_t NAME(mixed)(uint32_t x) {
    x ^= x >> 16;
    x *= UINT32_C(0x7FEB352D);
    x ^= x >> 15;
    x *= UINT32_C(0x846CA68B);
    return x ^ x >> 16;
}

/* Of one layer in one minibatch. */
typedef struct {
    uint32_t low, high; /* what hashes start from */
    uint32_t threshold; /* hashes below are of values that are dropped */
    real kept;          /* what the others are multiplied by */
} NAME(mask);

static NAME(mask) NAME(make_mask)(double rate, uint32_t seed, int64_t step, int layer) {
    uint32_t number = 2 * (uint32_t)layer;
    uint32_t low = NAME(mixed)(seed ^ NAME(mixed)((uint32_t)step + number));
    return (NAME(mask)){low, NAME(mixed)(low + number + 1), (uint32_t)(rate * 4294967296.0),
                        1 / (real)(1 - rate)};
}

INLINE real NAME(mask_factor)(const NAME(mask) *mask, uint32_t place) {
    uint32_t hash = NAME(mixed)(NAME(mixed)(place + mask->low) ^ mask->high);
    return hash >= mask->threshold ? mask->kept : 0;
}

/* Values from a place in the minibatch on. */
CLONES static void NAME(drop)(const NAME(mask) *mask_, uint32_t place,
                              real *RESTRICT values, int64_t n) {
    NAME(mask) copy = *mask_, *mask = &copy;
    for (int64_t i = 0; i < n; i++) {
        values[i] *= NAME(mask_factor)(mask, place + (uint32_t)i);
    }
}

/* Values of an activation together with its derivatives. */
CLONES static void NAME(drop_both)(const NAME(mask) *mask_, uint32_t place,
                                   real *RESTRICT values, real *RESTRICT slopes,
                                   int64_t n) {
    NAME(mask) copy = *mask_, *mask = &copy;
    for (int64_t i = 0; i < n; i++) {
        real factor = NAME(mask_factor)(mask, place + (uint32_t)i);
        values[i] *= factor;
        slopes[i] *= factor;
    }
}

#endif
