/* The prox of MCP and SCAD at one number: of l1 phi(|w|) + l2 / 2 w^2, where phi has slope 1 up to
   the first knot, ever less from there on, and is constant from the last one on. `concave.py`
   says where the formulas come from. */

#ifndef SKNORMREG_CONCAVE_PROX_INC_H
#define SKNORMREG_CONCAVE_PROX_INC_H

#include "../portable.h"
#include "precision.inc.h"

typedef struct {
    real l1, l2, first_knot, last_knot;
} NAME(concave);

INLINE real NAME(concave_prox)(const NAME(concave) *c, real w, real step) {
    /* The l2 term is a shrinkage and a shorter step of what it is added to. */
    real shrinkage = 1 / (1 + step * c->l2), size = w < 0 ? -w : w;
    real r = size * shrinkage, t = step * c->l1 * shrinkage;
    real k = c->first_knot, a = c->last_knot, width = a - k;
    real soft = r > t ? r - t : 0;
    /* Not 0 / 0 where the other branch is taken. */
    real divisor = t < width ? width - t : 1;
    real between = (width * r - a * t) / divisor;
    real convex = r > a ? r : r > k + t ? between : soft;
    /* Two minima, where the step is as long as the function is wide. */
    real low = soft < k ? soft : k, high = r > a ? r : a;
    real rise = (high - low) * (high + low - 2 * r) + 2 * t * ((a + k) / 2 - low);
    real found = t < width ? convex : rise < 0 ? high : low;
    return w < 0 ? -found : found;
}

#endif
