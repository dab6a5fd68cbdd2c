/* The prox of LassoNet's penalty, for the weights that leave an input: w into hidden units,
   and s of the skip connection,

       strength ||s||_2    subject to    |w_k| <= M ||s||_2,

   with the single step of SGD, applied where a step has been taken without it.
   `hierarchical.py` says where the formulas come from. */

#ifndef SKNORMREG_HIERARCHY_INC_H
#define SKNORMREG_HIERARCHY_INC_H

#include <math.h>

#include "../portable.h"
#include "newton.inc.h"

/* The sum of |w| over those of more than `bound`, and their number. */
CLONES static void NAME(sum_above)(const real *RESTRICT w, real bound, int64_t n,
                                   double *sum_above, double *number_above) {
    double sum = 0, number = 0;
#pragma omp simd reduction(+ : sum, number)
    for (int64_t k = 0; k < n; k++) {
        real size = w[k] < 0 ? -w[k] : w[k];
        sum += size > bound ? size : 0;
        number += size > bound;
    }
    *sum_above = sum;
    *number_above = number;
}

CLONES static void NAME(clip_row)(real *RESTRICT w, real bound, int64_t n) {
    for (int64_t k = 0; k < n; k++) {
        w[k] = w[k] > bound ? bound : w[k] < -bound ? -bound : w[k];
    }
}

static void NAME(prox_of_hierarchy)(real *w, int64_t n_hidden, real *s, int64_t n_skip,
                                    double M, double threshold) {
    double squares = 0;
    for (int64_t k = 0; k < n_skip; k++) {
        squares += (double)s[k] * s[k];
    }
    double norm = sqrt(squares), shrunk = norm - threshold, r = shrunk > 0 ? shrunk : 0;
    /* r - M sum_k max(|w_k| - M r, 0) = shrunk: of a concave function, Newton's method ends
       with the root. */
    for (int i = 0; i < MOST_NEWTON_STEPS; i++) {
        double sum, number;
        NAME(sum_above)(w, (real)(M * r), n_hidden, &sum, &number);
        double next = (shrunk + M * sum) / (1 + M * M * number);
        if (!(next > r)) {
            break;
        }
        r = next;
    }
    NAME(clip_row)(w, (real)(M * r), n_hidden);
    for (int64_t k = 0; k < n_skip; k++) {
        /* Where there is no linear effect yet, it may have any direction. */
        s[k] = norm > 0 ? (real)(s[k] * (r / norm)) : k == 0 ? (real)r : 0;
    }
}

#endif
