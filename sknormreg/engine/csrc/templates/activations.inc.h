/* Hidden layers: bias and activation forwards, the activation's derivative backwards.

   Arrays are of `n_rows` rows and `n_units` columns, in C order. What is elementwise runs over
   the whole array, so that only its end is not a multiple of the vector length. */

#ifndef SKNORMREG_ACTIVATIONS_INC_H
#define SKNORMREG_ACTIVATIONS_INC_H

#include "../engine.h"
#include "vector_math.inc.h"

CLONES static void NAME(add_bias)(real *RESTRICT z, const real *RESTRICT bias,
                                  int64_t n_rows, int64_t n_units) {
    for (int64_t i = 0; i < n_rows; i++) {
        for (int64_t j = 0; j < n_units; j++) {
            z[i * n_units + j] += bias[j];
        }
    }
}

#define VALUE(name, expression)                                                            \
    CLONES static void NAME(name##_value)(real *RESTRICT values, int64_t n) {              \
        for (int64_t i = 0; i < n; i++) {                                                  \
            real z = values[i];                                                            \
            values[i] = (expression);                                                      \
        }                                                                                  \
    }

VALUE(logistic, NAME(logistic)(z))
VALUE(tanh, NAME(tanh)(z))
VALUE(relu, z < 0 ? 0 : z)
VALUE(leaky_relu, z > 0 ? z : (real)0.01 * z)
VALUE(elu, z > 0 ? z : NAME(expm1)(z))
VALUE(gelu, NAME(normal_cdf)(z, NAME(exp)(z * z * (real)-0.5)) * z)
VALUE(silu, NAME(logistic)(z) * z)
VALUE(softplus, NAME(softplus)(z))

/* Where the value alone does not tell the derivative, both are found together. */
CLONES static void NAME(gelu_both)(real *RESTRICT values, real *RESTRICT slopes,
                                   int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        real z = values[i], bell = NAME(exp)(z * z * (real)-0.5);
        real cdf = NAME(normal_cdf)(z, bell);
        values[i] = z * cdf;
        slopes[i] = cdf + z * bell * (real)0.3989422804014327;
    }
}

CLONES static void NAME(silu_both)(real *RESTRICT values, real *RESTRICT slopes,
                                   int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        real z = values[i], share = NAME(logistic)(z), value = z * share;
        values[i] = value;
        slopes[i] = value + share * (1 - value);
    }
}

CLONES static void NAME(softplus_both)(real *RESTRICT values, real *RESTRICT slopes,
                                       int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        real z = values[i];
        values[i] = NAME(softplus)(z);
        slopes[i] = NAME(logistic)(z);
    }
}

/* Multiply `deltas` by the derivative, known from the activation's value a. */
#define BACKWARD(name, slope)                                                              \
    CLONES static void NAME(name##_backward)(real *RESTRICT deltas,                        \
                                             const real *RESTRICT values, int64_t n) {     \
        for (int64_t i = 0; i < n; i++) {                                                  \
            real a = values[i];                                                            \
            deltas[i] *= (slope);                                                          \
        }                                                                                  \
    }

BACKWARD(logistic, a * (1 - a))
BACKWARD(tanh, 1 - a * a)
BACKWARD(relu, a > 0 ? (real)1 : (real)0)
BACKWARD(leaky_relu, a > 0 ? (real)1 : (real)0.01)
BACKWARD(elu, a > 0 ? (real)1 : 1 + a)
BACKWARD(stored, a)

#undef VALUE
#undef BACKWARD

/* Replace the products `z` by the activation's values; also its derivatives, where
   `needs_slopes` says so and `slopes` is not NULL. */
static void NAME(activate)(enum activation activation, real *z, const real *bias,
                           real *slopes, int64_t n_rows, int64_t n_units) {
    int64_t n = n_rows * n_units;
    NAME(add_bias)(z, bias, n_rows, n_units);
    switch (activation) {
    case IDENTITY: break;
    case LOGISTIC: NAME(logistic_value)(z, n); break;
    case TANH: NAME(tanh_value)(z, n); break;
    case RELU: NAME(relu_value)(z, n); break;
    case LEAKY_RELU: NAME(leaky_relu_value)(z, n); break;
    case ELU: NAME(elu_value)(z, n); break;
    case GELU: slopes ? NAME(gelu_both)(z, slopes, n) : NAME(gelu_value)(z, n); break;
    case SILU: slopes ? NAME(silu_both)(z, slopes, n) : NAME(silu_value)(z, n); break;
    case SOFTPLUS:
        slopes ? NAME(softplus_both)(z, slopes, n) : NAME(softplus_value)(z, n);
        break;
    }
}

/* Multiply `deltas` by the derivatives: by `slopes` where they are not NULL. */
static void NAME(backpropagate)(enum activation activation, real *deltas,
                                const real *values, const real *slopes, int64_t n) {
    if (slopes) {
        NAME(stored_backward)(deltas, slopes, n);
        return;
    }
    switch (activation) {
    case IDENTITY: break;
    case LOGISTIC: NAME(logistic_backward)(deltas, values, n); break;
    case TANH: NAME(tanh_backward)(deltas, values, n); break;
    case RELU: NAME(relu_backward)(deltas, values, n); break;
    case LEAKY_RELU: NAME(leaky_relu_backward)(deltas, values, n); break;
    case ELU: NAME(elu_backward)(deltas, values, n); break;
    case GELU:
    case SILU:
    case SOFTPLUS: break; /* never without slopes: see `needs_slopes` */
    }
}

/* The derivatives, where the values tell them. */
static void NAME(find_slopes)(enum activation activation, const real *values, real *slopes,
                              int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        slopes[i] = 1;
    }
    NAME(backpropagate)(activation, slopes, values, NULL, n);
}

#endif
