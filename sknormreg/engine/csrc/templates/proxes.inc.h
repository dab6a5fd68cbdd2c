/* The proximal operator of the penalty of all parameters, with one step for all of them. The
   penalties' `prox` says where the formulas come from. */

#ifndef SKNORMREG_PROXES_INC_H
#define SKNORMREG_PROXES_INC_H

#include <math.h>

#include "../full_batch.h"
#include "../portable.h"
#include "columns.inc.h"
#include "concave_prox.inc.h"
#include "precision.inc.h"
#include "subgradients.inc.h"
#include "shrinkage.inc.h"

CLONES static void NAME(prox_of_concave)(const NAME(concave) *concave, real *RESTRICT params,
                                         real step, int64_t n) {
    NAME(concave) copy = *concave, *c = &copy;
    for (int64_t i = 0; i < n; i++) {
        params[i] = NAME(concave_prox)(c, params[i], step);
    }
}

/* Of single weights. */
static void NAME(prox_of_weights)(const penalised_rows *rows, double step, real *params) {
    int64_t n = rows->n_rows * rows->width;
    if (rows->last_knot > 0) {
        NAME(concave)
        concave = {(real)rows->l1, (real)rows->l2, (real)rows->first_knot,
                   (real)rows->last_knot};
        NAME(prox_of_concave)(&concave, params, (real)step, n);
        return;
    }
    if (rows->l1 != 0) {
        NAME(threshold_row)(params, (real)(step * rows->l1), n);
    }
    if (rows->l2 != 0) {
        NAME(shrink_row)(params, (real)(1 / (1 + step * rows->l2)), n);
    }
}

/* What the weights of a group of a norm are multiplied by. */
static double NAME(group_factor)(const penalised_rows *rows, double step, double norm,
                                 double size) {
    if (rows->last_knot > 0) {
        NAME(concave)
        concave = {(real)rows->group, (real)rows->l2, (real)rows->first_knot,
                   (real)rows->last_knot};
        real r = (real)(norm / sqrt(size));
        return r > 0 ? NAME(concave_prox)(&concave, r, (real)step) / r : 0;
    }
    double bound = step * rows->group * sqrt(size);
    return norm <= bound ? 0 : (1 - bound / norm) / (1 + step * rows->l2);
}

static void NAME(prox_of_groups)(const penalised_rows *all, double step, real *params) {
    int64_t start = 0;
    for (int64_t group = 0; group < all->n_groups; group++) {
        penalised_rows terms;
        const penalised_rows *rows = NAME(terms_of_group)(all, group, &terms);
        int64_t stop = NAME(group_end)(rows, group);
        double squares = 0;
        for (int64_t k = start; k < stop; k++) {
            squares += NAME(threshold_row)(params + NAME(group_row)(rows, k),
                                           (real)(step * rows->l1), rows->width);
        }
        double factor = NAME(group_factor)(rows, step, sqrt(squares),
                                           rows->group_sizes[group]);
        for (int64_t k = start; k < stop; k++) {
            NAME(shrink_row)(params + NAME(group_row)(rows, k), (real)factor, rows->width);
        }
        start = stop;
    }
}

/* Of `out`, in place. */
void NAME(prox)(full_batch_pass *pass) {
    for (int64_t i = 0; i < pass->n_ranges; i++) {
        const penalised_rows *rows = pass->rows + i;
        real *params = (real *)pass->out + rows->start;
        if (rows->radius > 0) {
            NAME(project_onto_ball)(rows, params);
        } else if (rows->group != 0) {
            NAME(prox_of_groups)(rows, pass->step, params);
        } else {
            NAME(prox_of_weights)(rows, pass->step, params);
        }
    }
}

#endif
