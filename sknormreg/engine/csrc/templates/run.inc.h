/* Run a job: batches, the blocks of a batch, and the phases of a block.

   A batch goes through the network in blocks of rows, and a block in two phases: of slices of
   its rows (`passes.inc.h`), then of ranges of the parameters (`steps.inc.h`). A third phase
   ends a minibatch where its penalties ask for it (`later_proxes.inc.h`). Slices and ranges
   depend on the shapes and the machine's cores alone (`partition.h`), and each sum is in
   the order of the rows: results are the same bits whatever the number of threads. */

#ifndef SKNORMREG_RUN_INC_H
#define SKNORMREG_RUN_INC_H

#include <math.h>
#include <time.h>

#include "../engine.h"
#include "../partition.h"
#include "dropout.inc.h"
#include "later_proxes.inc.h"
#include "passes.inc.h"
#include "plan.inc.h"
#include "steps.inc.h"
#include "vectors.inc.h"

/* How often the leader asks whether it has been interrupted. */
#define POLL_SECONDS 0.05

static double NAME(now)(void) {
#ifdef TIME_UTC
    struct timespec time;
    timespec_get(&time, TIME_UTC);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
#else /* before C11; it is all the same whether the processor's time or the world's passes */
    return (double)clock() / CLOCKS_PER_SEC;
#endif
}

static int NAME(call)(job *j, hook_function hook) {
    NAME(plan) *p = j->plan;
    restore_subnormals(p->callers_state);
    j->status = hook(j->context);
    flush_subnormals();
    return j->status != 0;
}

/* Whether to give up. */
static int NAME(poll)(job *j) {
    NAME(plan) *p = j->plan;
    double time = NAME(now)();
    if (time - p->last_poll >= 0 && time - p->last_poll < POLL_SECONDS) {
        return 0;
    }
    p->last_poll = time;
    return NAME(call)(j, j->interrupted);
}

static int NAME(run_block)(job *j, int64_t start, int64_t n_rows) {
    NAME(plan) *p = j->plan;
    p->at.block_start = start;
    p->at.n_rows = n_rows;
    p->at.n_slices = (n_rows + p->parts.slice_rows - 1) / p->parts.slice_rows;
    team_run(j->team, NAME(row_task), j, p->at.n_slices);
    if (NAME(poll)(j)) {
        return 1;
    }
    if (j->task == PREDICT) {
        return 0;
    }
    for (int64_t slice = 0; slice < p->at.n_slices; slice++) {
        j->loss_sum += p->arrays.slice_losses[slice];
    }
    team_run(j->team, NAME(parameter_task), j, p->parts.n_ranges);
    return NAME(poll)(j);
}

static int NAME(run_batch)(job *j, int64_t start, int64_t n_rows) {
    NAME(plan) *p = j->plan;
    p->at.batch_start = start;
    if (p->arrays.n_transposed) {
        team_run(j->team, NAME(transpose_task), j, p->parts.n_ranges);
    }
    for (int64_t done = 0, n; done < n_rows; done += n) {
        n = rows_of_block(j, &p->parts, p->arrays.row_starts, start + done, n_rows - done);
        p->at.is_first = done == 0;
        p->at.is_last = done + n == n_rows;
        if (NAME(run_block)(j, start + done, n)) {
            return 1;
        }
    }
    return 0;
}

/* The masks of the minibatch that the next step is taken for. */
static void NAME(make_masks)(job *j) {
    NAME(plan) *p = j->plan;
    for (int layer = 0; layer < j->n_layers && p->arrays.masks; layer++) {
        p->arrays.masks[layer] = NAME(make_mask)(j->dropout[layer], j->seed, j->n_steps,
                                                 layer);
    }
}

/* Apply a prox that is not part of the updates, and finish the step. */
static int NAME(finish_step)(job *j) {
    NAME(plan) *p = j->plan;
    if (p->parts.n_bunches) {
        team_run(j->team, NAME(prox_task), j, p->parts.n_bunches);
    }
    if (j->prox && NAME(call)(j, j->prox)) {
        return 1;
    }
    if (j->prox && j->task == SGD) {
        NAME(finish_sgd)(j, p, 0, j->n_params);
    }
    return 0;
}

static void NAME(run_epoch)(job *j) {
    NAME(plan) *p = j->plan;
    if (p->arrays.ahead) {
        NAME(extrapolate)(j->params, j->velocity, (real)j->momentum, p->arrays.ahead,
                          j->n_params);
    }
    for (int64_t start = 0; start < j->n_rows; start += j->batch_size) {
        int64_t rest = j->n_rows - start;
        int64_t n_rows = rest < j->batch_size ? rest : j->batch_size;
        p->at.loss_factor = j->total_factor / (double)n_rows;
        NAME(make_masks)(j);
        j->n_steps++;
        p->at.rule = (NAME(adam_rule)){
            (real)j->beta_1,
            (real)(1 - j->beta_1),
            (real)j->beta_2,
            (real)(1 - j->beta_2),
            (real)(1 / (1 - pow(j->beta_1, (double)j->n_steps))),
            (real)(1 / sqrt(1 - pow(j->beta_2, (double)j->n_steps))),
            (real)j->epsilon,
            (real)j->rate};
        if (NAME(run_batch)(j, start, n_rows) || NAME(finish_step)(j)) {
            return;
        }
    }
}

void NAME(run)(job *j) {
    float_state state = flush_subnormals();
    NAME(plan) *p = NAME(make_plan)(j);
    j->plan = p;
    j->loss_sum = 0;
    j->status = 0;
    p->last_poll = NAME(now)();
    p->callers_state = state;
    if (j->task == ADAM || j->task == SGD) {
        NAME(run_epoch)(j);
    } else {
        p->at.loss_factor = j->loss_factor;
        NAME(make_masks)(j);
        NAME(run_batch)(j, 0, j->n_rows);
    }
    ALLOW(j->workspace, NAME(workspace_size)(j));
    restore_subnormals(state);
}

#endif
