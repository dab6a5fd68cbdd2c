/* The prox of MCP and SCAD, applied where a step has been taken without it. */

#ifndef SKNORMREG_CONCAVE_INC_H
#define SKNORMREG_CONCAVE_INC_H

#include "../portable.h"
#include "concave_prox.inc.h"
#include "precision.inc.h"

/* In the diagonal metric of Adam. */
CLONES static void NAME(concave_in_metric)(const NAME(concave) *concave,
                                           real *RESTRICT params,
                                           const real *RESTRICT steps, int64_t n) {
    NAME(concave) copy = *concave, *c = &copy;
    for (int64_t i = 0; i < n; i++) {
        params[i] = NAME(concave_prox)(c, params[i], steps[i]);
    }
}

/* With the single step of SGD. */
CLONES static void NAME(concave_with)(const NAME(concave) *concave, real *RESTRICT params,
                                      real step, int64_t n) {
    NAME(concave) copy = *concave, *c = &copy;
    for (int64_t i = 0; i < n; i++) {
        params[i] = NAME(concave_prox)(c, params[i], step);
    }
}

#endif
