/* What shrinks weights towards zero. */

#ifndef SKNORMREG_SHRINKAGE_INC_H
#define SKNORMREG_SHRINKAGE_INC_H

#include "../portable.h"
#include "precision.inc.h"

INLINE real NAME(soft_threshold)(real w, real threshold) {
    return w - (w > threshold ? threshold : w < -threshold ? -threshold : w);
}

/* w -> soft(w, threshold); returns the sum of squares. */
CLONES static double NAME(threshold_row)(real *RESTRICT params, real threshold,
                                         int64_t count) {
    double squares = 0;
#pragma omp simd reduction(+ : squares)
    for (int64_t i = 0; i < count; i++) {
        real w = NAME(soft_threshold)(params[i], threshold);
        params[i] = w;
        squares += (double)w * w;
    }
    return squares;
}

CLONES static void NAME(shrink_row)(real *RESTRICT params, real factor, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        params[i] *= factor;
    }
}

#endif
