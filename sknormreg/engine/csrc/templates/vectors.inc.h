/* Loops over vectors that several other templates have need of. */

#ifndef SKNORMREG_VECTORS_INC_H
#define SKNORMREG_VECTORS_INC_H

#include "../portable.h"
#include "precision.inc.h"

CLONES static void NAME(add_multiple)(real *RESTRICT y, real a, const real *RESTRICT x,
                                      int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        y[i] += a * x[i];
    }
}

CLONES static void NAME(difference)(const real *RESTRICT end, const real *RESTRICT start,
                                    real *RESTRICT out, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        out[i] = end[i] - start[i];
    }
}

CLONES static void NAME(extrapolate)(const real *RESTRICT params,
                                     const real *RESTRICT velocity, real momentum,
                                     real *RESTRICT ahead, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        ahead[i] = params[i] + momentum * velocity[i];
    }
}

#endif
