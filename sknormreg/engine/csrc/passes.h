/* Forward and backward passes, gradients and minibatch steps.

   Included once for each precision. A batch goes through the network in blocks of rows, and
   a block in two phases: `row_task` takes a slice of its rows forwards and backwards,
   `parameter_task` a range of the parameters, whose gradient it finds from all rows of the
   block and which it then updates while they are in the cache. Penalties that tie weights
   together, which may be in several ranges, are the business of a third phase, `prox_task`:
   those on groups of rows, the projections onto balls (max-norm, L1) and the hierarchical
   penalty. Slices and ranges depend on the shapes and the machine's cores alone (`plan.h`),
   and each sum is in the order of the rows: results are the same bits whatever the number of
   threads. */

/* How often the leader asks whether it has been interrupted. */
#define POLL_SECONDS 0.05

/* The first phase: rows */

/* The rows of a slice in C order: where they lie, or gathered and with dropout. */
static const real *NAME(dense_rows)(const job *j, NAME(plan) *p, int64_t first,
                                    int64_t slot_row, int64_t n_rows) {
    int64_t d = j->units[0];
    if (!p->x) {
        return (const real *)j->dense + (p->block_start + first) * d;
    }
    real *gathered = p->x + slot_row * d;
    for (int64_t i = 0; i < n_rows; i++) {
        int64_t row = NAME(row_at)(j, p->block_start + first + i);
        memcpy(gathered + i * d, (const real *)j->dense + row * d, d * sizeof(real));
    }
    if (NAME(drops)(j, 0)) {
        NAME(drop)(p->masks, NAME(place)(p, first, d), gathered, n_rows * d);
    }
    return gathered;
}

/* out = (values of the layer below) W, for a slice and n_columns of W from the given one. */
static void NAME(product)(const job *j, NAME(plan) *p, int layer, int64_t column,
                          int64_t n_columns, const real *below, int64_t first,
                          int64_t n_rows, real *out) {
    const real *weights = p->weights[layer] + column;
    int64_t width = NAME(width)(j, layer);
    if (layer == 0 && !j->dense) {
        for (int64_t i = 0; i < n_rows; i++) {
            NAME(sparse_row_product)(j, p, first + i, weights, width, n_columns,
                                     out + i * n_columns);
        }
        return;
    }
    NAME(multiply)(j->products, below, weights, width, out, n_rows, j->units[layer],
                   n_columns);
}

/* The last layer's products for a slice, with what the skip connection adds to them. */
static void NAME(output_product)(const job *j, NAME(plan) *p, const real *below,
                                 const real *skipped, int64_t first, int64_t n_rows,
                                 real *out) {
    int64_t n_outputs = j->units[j->n_layers];
    NAME(product)(j, p, j->n_layers - 1, 0, n_outputs, below, first, n_rows, out);
    if (skipped) {
        NAME(add_multiple)(out, 1, skipped, n_rows * n_outputs);
    }
}

/* Products of a hidden layer -> its values; and its slopes, where there are any. */
static void NAME(finish_layer)(const job *j, NAME(plan) *p, int layer, int64_t first,
                               int64_t n_rows, real *values, real *slopes) {
    int activation = j->activations[layer];
    int64_t n_units = j->units[layer + 1], n = n_rows * n_units;
    NAME(activate)(activation, values, p->intercepts[layer], slopes, n_rows, n_units);
    if (NAME(drops)(j, layer + 1)) {
        if (!NAME(needs_slopes)(activation)) {
            NAME(find_slopes)(activation, values, slopes, n);
        }
        NAME(drop_both)(p->masks + layer + 1, NAME(place)(p, first, n_units), values, slopes,
                        n);
    }
}

/* Loss and derivative of a slice's outputs, in place. */
static double NAME(slice_loss)(const job *j, NAME(plan) *p, int64_t first, int64_t n_rows,
                               real *raw) {
    int last = j->n_layers;
    int64_t n_outputs = j->units[last], start = p->block_start + first;
    int by_class = j->loss == MULTINOMIAL_LOG_LOSS;
    const int64_t *classes = (const int64_t *)j->targets + start;
    const real *targets = (const real *)j->targets + start * n_outputs;
    const real *weight = j->sample_weight ? (const real *)j->sample_weight + start : NULL;
    if (j->rows) {
        const int64_t *rows = j->rows + start;
        for (int64_t i = 0; i < n_rows && by_class; i++) {
            p->classes[first + i] = ((const int64_t *)j->targets)[rows[i]];
        }
        for (int64_t i = 0; i < n_rows && !by_class; i++) {
            memcpy(p->targets + (first + i) * n_outputs,
                   (const real *)j->targets + rows[i] * n_outputs, n_outputs * sizeof(real));
        }
        for (int64_t i = 0; i < n_rows && weight; i++) {
            p->sample_weight[first + i] = ((const real *)j->sample_weight)[rows[i]];
        }
        classes = p->classes + first;
        targets = p->targets + first * n_outputs;
        weight = weight ? p->sample_weight + first : NULL;
    }
    NAME(loss_spec) spec = {j->loss, (real)j->loss_parameter, (real)j->output_scale,
                            p->loss_factor * j->output_scale, n_outputs};
    return NAME(loss_and_derivative)(&spec, raw, p->intercepts[last - 1],
                                     by_class ? (const void *)classes : targets, weight,
                                     p->losses + first * n_outputs, n_rows);
}

static void NAME(row_task)(void *job_, int64_t slice, int thread) {
    const job *j = job_;
    NAME(plan) *p = j->plan;
    int64_t first = slice * p->slice_rows, rest = p->n_block_rows - first;
    int64_t n_rows = rest < p->slice_rows ? rest : p->slice_rows;
    /* Predictions need the hidden layers no longer than the slice takes. */
    int64_t slot_row = j->task == PREDICT ? thread * p->slice_rows : first;
    const real *below = NULL;
    if (j->dense) {
        below = NAME(dense_rows)(j, p, first, slot_row, n_rows);
    } else if (j->task != PREDICT) {
        if (NAME(drops)(j, 0)) {
            NAME(drop_rows)(j, p, first, n_rows);
        }
        NAME(sort_entries)(j, p, slice, first, n_rows);
    }
    int top = j->n_layers - 1;
    int64_t n_outputs = j->units[top + 1];
    real *skipped = p->skipped ? p->skipped + slot_row * n_outputs : NULL;
    if (skipped) {
        NAME(product)(j, p, 0, j->units[1], n_outputs, below, first, n_rows, skipped);
    }
    for (int layer = 0; layer < top; layer++) {
        int64_t n_units = j->units[layer + 1];
        real *values = p->hidden[layer] + slot_row * n_units;
        real *slopes = p->slopes[layer] ? p->slopes[layer] + slot_row * n_units : NULL;
        NAME(product)(j, p, layer, 0, n_units, below, first, n_rows, values);
        NAME(finish_layer)(j, p, layer, first, n_rows, values, slopes);
        below = values;
    }
    if (j->task == PREDICT) {
        real *raw = (real *)j->raw + (p->block_start + first) * n_outputs;
        NAME(output_product)(j, p, below, skipped, first, n_rows, raw);
        NAME(add_bias)(raw, p->intercepts[top], n_rows, n_outputs);
        return;
    }
    real *delta = p->deltas[top] + first * n_outputs;
    NAME(output_product)(j, p, below, skipped, first, n_rows, delta);
    p->slice_losses[slice] = NAME(slice_loss)(j, p, first, n_rows, delta);
    for (int layer = top; layer > 0; layer--) {
        int64_t fan_in = j->units[layer], fan_out = j->units[layer + 1];
        real *delta_below = p->deltas[layer - 1] + first * fan_in;
        NAME(multiply_back)(j->products, delta, p->weights[layer], p->transposed[layer],
                            delta_below, n_rows, fan_in, fan_out);
        NAME(backpropagate)(
            j->activations[layer - 1], delta_below, p->hidden[layer - 1] + first * fan_in,
            p->slopes[layer - 1] ? p->slopes[layer - 1] + first * fan_in : NULL,
            n_rows * fan_in);
        delta = delta_below;
    }
}

/* Before a batch: transposes of the weights that it goes back through */

static void NAME(transpose_task)(void *job_, int64_t index, int thread) {
    const job *j = job_;
    const NAME(plan) *p = j->plan;
    const NAME(range) *range = p->ranges + index;
    int layer = range->layer;
    if (p->transposed[layer] && !range->is_intercept) {
        NAME(transpose)(p->weights[layer], p->transposed[layer], range->start, range->stop,
                        j->units[layer], j->units[layer + 1]);
    }
    (void)thread;
}

/* The second phase: parameters */

/* Sums of columns; of groups of rows first, which loses fewer digits. */
CLONES static void NAME(sum_rows)(const real *RESTRICT rows, real *RESTRICT sums,
                                  int64_t n_rows, int64_t n_columns) {
    enum { GROUP = 64, WIDTH = 64 };
    for (int64_t column = 0; column < n_columns; column += WIDTH) {
        int64_t rest = n_columns - column, width = rest < WIDTH ? rest : WIDTH;
        real total[WIDTH] = {0};
        for (int64_t first = 0; first < n_rows; first += GROUP) {
            int64_t end = first + GROUP < n_rows ? first + GROUP : n_rows;
            real part[WIDTH] = {0};
            for (int64_t i = first; i < end; i++) {
                const real *row = rows + i * n_columns + column;
                for (int64_t k = 0; k < width; k++) {
                    part[k] += row[k];
                }
            }
            for (int64_t k = 0; k < width; k++) {
                total[k] += part[k];
            }
        }
        memcpy(sums + column, total, width * sizeof(real));
    }
}

/* The block's part of the gradient of a range of parameters. */
static void NAME(find_gradient)(const job *j, const NAME(plan) *p, const NAME(range) *range,
                                real *gradient) {
    int layer = range->layer;
    int64_t fan_in = j->units[layer], fan_out = j->units[layer + 1];
    if (range->is_intercept) {
        NAME(sum_rows)(p->deltas[layer], gradient, p->n_block_rows, fan_out);
        return;
    }
    if (layer == 0 && !j->dense) {
        NAME(sparse_gradient)(j, p, range, gradient);
        return;
    }
    const real *below = layer  ? p->hidden[layer - 1]
                        : p->x ? p->x
                               : (const real *)j->dense + p->block_start * fan_in;
    int64_t n = range->stop - range->start, width = NAME(width)(j, layer);
    NAME(multiply_transposed)(j->products, below + range->start, p->deltas[layer], gradient,
                              width, n, p->n_block_rows, fan_in, fan_out);
    if (width > fan_out) {
        NAME(multiply_transposed)(j->products, below + range->start,
                                  p->deltas[j->n_layers - 1], gradient + fan_out, width, n,
                                  p->n_block_rows, fan_in, width - fan_out);
    }
}

/* Velocity and extrapolated point of some of the parameters, whose prox has been applied. */
static void NAME(finish_sgd)(const job *j, const NAME(plan) *p, int64_t offset, int64_t n) {
    real *params = (real *)j->params + offset, *velocity = (real *)j->velocity + offset;
    NAME(difference)(params, p->before + offset, velocity, n);
    if (p->ahead) {
        NAME(extrapolate)(params, velocity, (real)j->momentum, p->ahead + offset, n);
    }
}

/* A step for a range of parameters, with the prox or without the ones that follow. */
static void NAME(update)(const job *j, const NAME(plan) *p, const NAME(range) *range,
                         int64_t offset, int64_t n, const real *gradient) {
    real *params = (real *)j->params + offset;
    int layer = range->layer, penalised = !range->is_intercept && !j->prox;
    int concave = penalised && NAME(is_concave)(j, layer);
    int later = penalised && NAME(n_pieces)(j, layer) > 0;
    int unfinished = j->prox || later || concave;
    const penalty_terms *terms = j->penalties + layer;
    real l1 = penalised ? (real)terms->l1 : 0, l2 = penalised ? (real)terms->l2 : 0;
    NAME(concave) function = {l1, l2, (real)terms->first_knot, (real)terms->last_knot};
    if (j->task == ADAM) {
        real *first = (real *)j->first + offset, *second = (real *)j->second + offset;
        if (!unfinished) {
            (l1 != 0 ? NAME(adam_elastic) : NAME(adam_smooth))(&p->rule, params, gradient,
                                                               first, second, l1, l2, n);
            return;
        }
        NAME(adam_unfinished)(&p->rule, params, gradient, first, second, p->steps + offset, n);
        if (concave) {
            NAME(concave_in_metric)(&function, params, p->steps + offset, n);
        }
        return;
    }
    real *velocity = (real *)j->velocity + offset;
    real rate = (real)j->rate, momentum = (real)j->momentum;
    if (!unfinished) {
        NAME(sgd)(rate, momentum, params, gradient, velocity, l1, l2, n);
        if (p->ahead) {
            NAME(extrapolate)(params, velocity, momentum, p->ahead + offset, n);
        }
        return;
    }
    NAME(sgd_unfinished)(rate, momentum, params, gradient, velocity, p->before + offset, n);
    if (concave) {
        NAME(concave_with)(&function, params, rate, n);
        NAME(finish_sgd)(j, p, offset, n);
    }
}

static void NAME(parameter_task)(void *job_, int64_t index, int thread) {
    const job *j = job_;
    const NAME(plan) *p = j->plan;
    const NAME(range) *range = p->ranges + index;
    int64_t width = range->is_intercept ? 1 : NAME(width)(j, range->layer);
    int64_t offset = range->is_intercept ? p->intercept_offsets[range->layer]
                                         : p->weight_offsets[range->layer];
    offset += range->start * width;
    int64_t n = (range->stop - range->start) * width;
    real *part = p->scratch + thread * p->n_scratch;
    real *gradient = p->gradient ? p->gradient + offset : part;
    if (p->is_first) {
        NAME(find_gradient)(j, p, range, gradient);
    } else {
        NAME(find_gradient)(j, p, range, part);
        NAME(add_multiple)(gradient, 1, part, n);
    }
    if (j->task != GRADIENT && p->is_last) {
        NAME(update)(j, p, range, offset, n, gradient);
    }
}

static void NAME(finish_rows)(const job *j, const NAME(plan) *p, const NAME(block) *b) {
    for (int64_t i = 0; i < b->n_rows; i++) {
        NAME(finish_sgd)(j, p, b->weights + i * b->width, b->n_columns);
    }
}

/* The prox of a group of rows, and the end of the step. */
static void NAME(prox_of_group)(const job *j, const NAME(plan) *p, int layer, int64_t index) {
    NAME(group) group = NAME(find_group)(j, p, layer, index);
    if (j->task == ADAM) {
        NAME(shrink_in_metric)(&group, j->params, p->steps);
        return;
    }
    NAME(shrink)(&group, j->params, j->rate);
    for (int64_t k = 0; k < group.n_rows; k++) {
        NAME(finish_sgd)(j, p, NAME(row_offset)(&group, k), group.width);
    }
}

static void NAME(prox_of_input)(const job *j, const NAME(plan) *p, int layer, int64_t row) {
    const penalty_terms *terms = j->penalties + layer;
    int64_t width = NAME(width)(j, layer), offset = p->weight_offsets[layer] + row * width;
    real *w = (real *)j->params + offset, *s = w + width - j->n_skip;
    NAME(prox_of_hierarchy)(w, width - j->n_skip, s, j->n_skip, terms->hierarchy,
                            j->rate * terms->group);
    NAME(finish_sgd)(j, p, offset, width);
}

static void NAME(project)(const job *j, const NAME(plan) *p, const NAME(bunch) *bunch) {
    const penalty_terms *terms = j->penalties + bunch->layer;
    int64_t width = NAME(width)(j, bunch->layer);
    NAME(block) block = {p->weight_offsets[bunch->layer], j->units[bunch->layer], width,
                         width, terms->l1_norm};
    if (terms->max_norm > 0) {
        block.weights += bunch->start;
        block.n_columns = bunch->stop - bunch->start;
        block.radius = terms->max_norm;
        if (j->task == ADAM) {
            NAME(project_columns_in_metric)(&block, j->params, p->steps);
        } else {
            NAME(project_columns)(&block, j->params);
        }
    } else {
        NAME(project_onto_l1_ball)(&block, j->params, j->task == ADAM ? p->steps : NULL);
    }
    if (j->task == SGD) {
        NAME(finish_rows)(j, p, &block);
    }
}

/* After the parameter tasks: the prox of a bunch of groups or the like. */
static void NAME(prox_task)(void *job_, int64_t index, int thread) {
    const job *j = job_;
    const NAME(plan) *p = j->plan;
    const NAME(bunch) *bunch = p->bunches + index;
    const penalty_terms *terms = j->penalties + bunch->layer;
    if (!(terms->group > 0)) {
        NAME(project)(j, p, bunch);
        return;
    }
    for (int64_t i = bunch->start; i < bunch->stop; i++) {
        (terms->hierarchy > 0 ? NAME(prox_of_input) : NAME(prox_of_group))(
            j, p, bunch->layer, i);
    }
    (void)thread;
}

/* The job */

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
    p->block_start = start;
    p->n_block_rows = n_rows;
    p->n_slices = (n_rows + p->slice_rows - 1) / p->slice_rows;
    team_run(j->team, NAME(row_task), j, p->n_slices);
    if (NAME(poll)(j)) {
        return 1;
    }
    if (j->task == PREDICT) {
        return 0;
    }
    for (int64_t slice = 0; slice < p->n_slices; slice++) {
        j->loss_sum += p->slice_losses[slice];
    }
    team_run(j->team, NAME(parameter_task), j, p->n_ranges);
    return NAME(poll)(j);
}

static int NAME(run_batch)(job *j, int64_t start, int64_t n_rows) {
    NAME(plan) *p = j->plan;
    p->batch_start = start;
    if (p->n_transposed) {
        team_run(j->team, NAME(transpose_task), j, p->n_ranges);
    }
    for (int64_t done = 0, n; done < n_rows; done += n) {
        n = NAME(rows_of_block)(j, p, start + done, n_rows - done);
        p->is_first = done == 0;
        p->is_last = done + n == n_rows;
        if (NAME(run_block)(j, start + done, n)) {
            return 1;
        }
    }
    return 0;
}

/* The masks of the minibatch that the next step is taken for. */
static void NAME(make_masks)(job *j) {
    NAME(plan) *p = j->plan;
    for (int layer = 0; layer < j->n_layers && p->masks; layer++) {
        p->masks[layer] = NAME(make_mask)(j->dropout[layer], j->seed, j->n_steps, layer);
    }
}

/* Apply a prox that is not part of the updates, and finish the step. */
static int NAME(finish_step)(job *j) {
    NAME(plan) *p = j->plan;
    if (p->n_bunches) {
        team_run(j->team, NAME(prox_task), j, p->n_bunches);
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
    if (p->ahead) {
        NAME(extrapolate)(j->params, j->velocity, (real)j->momentum, p->ahead, j->n_params);
    }
    for (int64_t start = 0; start < j->n_rows; start += j->batch_size) {
        int64_t rest = j->n_rows - start;
        int64_t n_rows = rest < j->batch_size ? rest : j->batch_size;
        p->loss_factor = j->total_factor / (double)n_rows;
        NAME(make_masks)(j);
        j->n_steps++;
        p->rule = (NAME(adam_rule)){
            (real)j->beta_1, (real)(1 - j->beta_1), (real)j->beta_2, (real)(1 - j->beta_2),
            (real)(1 / (1 - pow(j->beta_1, (double)j->n_steps))),
            (real)(1 / sqrt(1 - pow(j->beta_2, (double)j->n_steps))),
            (real)j->epsilon, (real)j->rate};
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
        p->loss_factor = j->loss_factor;
        NAME(make_masks)(j);
        NAME(run_batch)(j, 0, j->n_rows);
    }
    ALLOW(j->workspace, NAME(workspace_size)(j));
    restore_subnormals(state);
}
