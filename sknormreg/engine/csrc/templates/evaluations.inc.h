/* What the penalty of all parameters adds to a loss and its gradient. */

#ifndef SKNORMREG_EVALUATIONS_INC_H
#define SKNORMREG_EVALUATIONS_INC_H

#include "../full_batch.h"
#include "columns.inc.h"
#include "precision.inc.h"
#include "subgradients.inc.h"

void NAME(evaluate)(full_batch_pass *pass) {
    NAME(pass_arrays)
    all = {pass->params, pass->gradient, pass->subgradient, pass->kink};
    double penalty = 0, gap = 0, squares = 0;
    for (int64_t i = 0; i < pass->n_ranges; i++) {
        const penalised_rows *rows = pass->rows + i;
        NAME(pass_arrays) a = NAME(from)(&all, rows->start);
        NAME(pass_sums) sums = {0, 0, 0, 0};
        if (rows->radius > 0) {
            penalty += NAME(ball_pass)(rows, &a, &sums);
        } else if (rows->group != 0) {
            penalty += NAME(group_pass)(rows, &a, &sums);
        } else {
            NAME(terms)
            terms = {(real)rows->l1, (real)rows->l2, (real)rows->first_knot,
                     (real)rows->last_knot, (real)rows->gradient_factor};
            NAME(separable_pass)(&terms, &a, rows->n_rows * rows->width, &sums);
            penalty += rows->l1 * sums.sizes + rows->l2 / 2 * sums.squares;
        }
        gap += sums.gap;
        squares += sums.subgradient_squares;
    }
    pass->penalty = penalty;
    pass->gap = gap;
    pass->squares = squares;
    /* Comparisons pass over what is not a number; sums do not. */
    pass->optimality = squares == squares ? NAME(largest)(pass->subgradient, pass->n_params)
                                          : squares;
}

#endif
