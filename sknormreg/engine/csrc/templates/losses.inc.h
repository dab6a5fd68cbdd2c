/* The loss of a block of rows and its derivative.

   `raw` holds the outputs before the inverse link, without their intercepts, and receives the
   derivative with respect to itself. Returned is the weighted sum of the loss over rows and
   outputs, in double precision. */

#ifndef SKNORMREG_LOSSES_INC_H
#define SKNORMREG_LOSSES_INC_H

#include <math.h>

#include "../engine.h"
#include "activations.inc.h"
#include "vector_math.inc.h"

/* Exponents of mean values that are closer to 0 need care: see `power_integral`. */
#define TWEEDIE_SMALL_EXPONENT (real)0.1

typedef struct {
    enum loss loss;
    real parameter; /* Huber's delta, the pinball loss's quantile, Tweedie's power, label
                       smoothing */
    real scale;     /* raw outputs are this times the network's */
    double factor;  /* of the derivative */
    int64_t n_outputs;
    int by_class; /* whether targets are a class for each row */
} NAME(loss_spec);

/* Of one output: the loss, and in *slope its derivative. */
INLINE real NAME(half_squared_error)(real y, real raw, real parameter, real *slope) {
    (void)parameter;
    real residual = raw - y;
    *slope = residual;
    return (real)0.5 * residual * residual;
}

INLINE real NAME(huber)(real y, real raw, real delta, real *slope) {
    real residual = raw - y, size = residual < 0 ? -residual : residual;
    *slope = residual > delta ? delta : residual < -delta ? -delta : residual;
    return size <= delta ? (real)0.5 * residual * residual
                         : delta * (size - (real)0.5 * delta);
}

INLINE real NAME(pinball)(real y, real raw, real quantile, real *slope) {
    real residual = y - raw;
    *slope = residual < 0 ? 1 - quantile : residual > 0 ? -quantile : residual;
    return residual < 0 ? (quantile - 1) * residual : quantile * residual;
}

/* Without the part that depends on y alone, which `weigh` adds in double precision. */
INLINE real NAME(half_poisson)(real y, real raw, real parameter, real *slope) {
    (void)parameter;
    real mean = NAME(exp)(raw);
    *slope = mean - y;
    return mean - y * raw;
}

/* The antiderivative of mu^(exponent - 1) with mu = exp(raw), from 1 on if the exponent is
   near 0, where the constant of mu^exponent / exponent would be large. *power is
   mu^exponent. */
INLINE real NAME(power_integral)(real raw, real exponent, real *power) {
    real scale, p, x = exponent * raw, size = exponent < 0 ? -exponent : exponent;
    x = x > EXP_LARGEST ? EXP_LARGEST : x;
    x = x < EXP_SMALLEST ? EXP_SMALLEST : x;
    NAME(exp_parts)(x, 1, &scale, &p);
    *power = scale * (1 + p) * 2;
    real excess = ((scale - (real)0.5) + scale * p) * 2;
    return (size < TWEEDIE_SMALL_EXPONENT ? excess : *power) / exponent;
}

/* Without the part that depends on y alone, as for the Poisson deviance. */
INLINE real NAME(half_tweedie)(real y, real raw, real power, real *slope) {
    real lower = 1 - power, upper = 2 - power, of_lower, of_upper;
    real first = NAME(power_integral)(raw, upper, &of_upper);
    real second = NAME(power_integral)(raw, lower, &of_lower);
    /* Where y is 0 it pulls nowhere, not even by an infinite power. */
    real pull = y == 0 ? 0 : y * of_lower;
    real of_target = y == 0 ? 0 : y * (lower == 0 ? raw : second);
    *slope = of_upper - pull;
    return (upper == 0 ? raw : first) - of_target;
}

INLINE real NAME(binary_log_loss)(real y, real raw, real smoothing, real *slope) {
    y += smoothing * ((real)0.5 - y);
    *slope = NAME(logistic)(raw) - y;
    return NAME(softplus)(raw) - y * raw;
}

INLINE real NAME(linear)(real y, real raw, real parameter, real *slope) {
    (void)parameter;
    *slope = y;
    return y * raw;
}

/* Values of a row are kept in `values`, so that the loop over them vectorises although
   their sum is one in double precision and in order. */
#define ELEMENTWISE(name)                                                                  \
    CLONES static void NAME(name##_rows)(real *RESTRICT raw, const real *RESTRICT y,       \
                                         real *RESTRICT values, real parameter,            \
                                         int64_t n) {                                      \
        for (int64_t i = 0; i < n; i++) {                                                  \
            real slope;                                                                    \
            values[i] = NAME(name)(y[i], raw[i], parameter, &slope);                       \
            raw[i] = slope;                                                                \
        }                                                                                  \
    }

ELEMENTWISE(half_squared_error)
ELEMENTWISE(huber)
ELEMENTWISE(pinball)
ELEMENTWISE(half_poisson)
ELEMENTWISE(half_tweedie)
ELEMENTWISE(binary_log_loss)
ELEMENTWISE(linear)
#undef ELEMENTWISE

CLONES static void NAME(exp_in_place)(real *RESTRICT values, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        values[i] = NAME(exp)(values[i]);
    }
}

/* The part of the Poisson deviance that depends on y alone. */
static double NAME(poisson_constant)(real y) { return y > 0 ? y * log(y) - y : 0; }

/* The part of the Tweedie deviance that depends on y alone: `_of_target` in tweedie.py. */
static double NAME(tweedie_constant)(double y, real power) {
    double lower = 1 - power, upper = 2 - power, top = upper == 0 ? 1 : pow(y, upper);
    double from_lower = fabs(lower) < TWEEDIE_SMALL_EXPONENT ? y : 0;
    double from_upper = fabs(upper) < TWEEDIE_SMALL_EXPONENT ? 1 : 0;
    double first = upper == 0 ? (y > 0 ? log(y) : 0) : (top - from_upper) / upper;
    double second = lower == 0 ? (y > 0 ? y * log(y) : 0) : (top - from_lower) / lower;
    return second - first;
}

/* The part of the loss that depends on y alone, where the loops leave it out. */
static double NAME(constant_of_target)(const NAME(loss_spec) *spec, real y) {
    switch (spec->loss) {
    case HALF_POISSON: return NAME(poisson_constant)(y);
    case HALF_TWEEDIE: return NAME(tweedie_constant)(y, spec->parameter);
    default: return 0;
    }
}

/* A row's mean of all its outputs, by shares of them or (NULL) by equal ones. */
static real NAME(mean_output)(const real *row, const real *shares, int64_t n_outputs) {
    double sum = 0;
    for (int64_t k = 0; k < n_outputs; k++) {
        sum += shares ? (double)shares[k] * row[k] : row[k];
    }
    return (real)(shares ? sum : sum / n_outputs);
}

/* raw -> exp(raw - max) of each row; values -> max - raw of the row's class or by its shares
   of classes, a part of which label smoothing replaces by the mean over all classes. */
static void NAME(shift_rows)(const NAME(loss_spec) *spec, real *raw, const void *targets,
                             real *values, int64_t n_rows) {
    int64_t n_outputs = spec->n_outputs;
    real smoothing = spec->parameter;
    for (int64_t i = 0; i < n_rows; i++) {
        real *row = raw + i * n_outputs, largest = row[0];
        for (int64_t k = 1; k < n_outputs; k++) {
            largest = row[k] > largest ? row[k] : largest;
        }
        for (int64_t k = 0; k < n_outputs; k++) {
            row[k] -= largest;
        }
        values[i] = spec->by_class
                        ? -row[((const int64_t *)targets)[i]]
                        : -NAME(mean_output)(row, (const real *)targets + i * n_outputs,
                                             n_outputs);
        if (smoothing > 0) {
            values[i] -= smoothing * (values[i] + NAME(mean_output)(row, NULL, n_outputs));
        }
    }
    NAME(exp_in_place)(raw, n_rows * n_outputs);
}

static double NAME(multinomial_log_loss)(const NAME(loss_spec) *spec, real *raw,
                                         const void *targets, const real *weight,
                                         real *values, int64_t n_rows) {
    double total = 0;
    int64_t n_outputs = spec->n_outputs;
    real smoothing = spec->parameter;
    NAME(shift_rows)(spec, raw, targets, values, n_rows);
    for (int64_t i = 0; i < n_rows; i++) {
        real *row = raw + i * n_outputs, sum = 0;
        for (int64_t k = 0; k < n_outputs; k++) {
            sum += row[k];
        }
        double row_weight = weight ? weight[i] : 1;
        total += row_weight * (log((double)sum) + values[i]);
        real share = (real)(row_weight * spec->factor);
        real scale = share / sum, of_all = share * smoothing / n_outputs;
        for (int64_t k = 0; k < n_outputs; k++) {
            row[k] = row[k] * scale - of_all;
        }
        share -= share * smoothing;
        if (spec->by_class) {
            row[((const int64_t *)targets)[i]] -= share;
            continue;
        }
        const real *shares = (const real *)targets + i * n_outputs;
        for (int64_t k = 0; k < n_outputs; k++) {
            row[k] -= share * shares[k];
        }
    }
    return total;
}

/* Multiply derivatives by the weights of their rows and by `factor`; returns the weighted
   sum of the values. */
static double NAME(weigh)(const NAME(loss_spec) *spec, real *raw, const real *y,
                          const real *values, const real *weight, int64_t n_rows) {
    double total = 0;
    int64_t n_outputs = spec->n_outputs;
    for (int64_t i = 0; i < n_rows; i++) {
        double sum = 0, row_weight = weight ? weight[i] : 1;
        real share = (real)(row_weight * spec->factor);
        for (int64_t k = i * n_outputs; k < (i + 1) * n_outputs; k++) {
            sum += values[k] + NAME(constant_of_target)(spec, y[k]);
            raw[k] *= share;
        }
        total += row_weight * sum;
    }
    return total;
}

/* The targets y or classes, and the weights (NULL for 1), are those of the rows at hand. */
static double NAME(loss_and_derivative)(const NAME(loss_spec) *spec, real *raw,
                                        const real *bias, const void *targets,
                                        const real *weight, real *values, int64_t n_rows) {
    int64_t n_outputs = spec->n_outputs, n = n_rows * n_outputs;
    const real *y = targets;
    real parameter = spec->parameter;
    NAME(add_bias)(raw, bias, n_rows, n_outputs);
    if (spec->scale != 1) {
        for (int64_t i = 0; i < n; i++) {
            raw[i] *= spec->scale;
        }
    }
    switch (spec->loss) {
    case HALF_SQUARED_ERROR: NAME(half_squared_error_rows)(raw, y, values, 0, n); break;
    case HUBER: NAME(huber_rows)(raw, y, values, parameter, n); break;
    case PINBALL: NAME(pinball_rows)(raw, y, values, parameter, n); break;
    case HALF_POISSON: NAME(half_poisson_rows)(raw, y, values, 0, n); break;
    case HALF_TWEEDIE: NAME(half_tweedie_rows)(raw, y, values, parameter, n); break;
    case BINARY_LOG_LOSS: NAME(binary_log_loss_rows)(raw, y, values, parameter, n); break;
    case LINEAR: NAME(linear_rows)(raw, y, values, 0, n); break;
    case MULTINOMIAL_LOG_LOSS:
        return NAME(multinomial_log_loss)(spec, raw, targets, weight, values, n_rows);
    }
    return NAME(weigh)(spec, raw, y, values, weight, n_rows);
}

#endif
