/* Elementary functions without branches, calls or tables: loops over them vectorise. All of
   them propagate NaN. */

#ifndef SKNORMREG_VECTOR_MATH_INC_H
#define SKNORMREG_VECTOR_MATH_INC_H

#include <string.h>

#include "../portable.h"
#include "precision.inc.h"

/* exp(x) = 2^k (1 + p) with p = expm1(r), |r| <= log(2) / 2 (Cody and Waite, 1980, chapter
   6). Adding `magic` rounds to an integer, whose bits then are the low ones of the sum. The
   Taylor series ends below rounding. *scale is 2^(k - less). */
#ifdef REAL_IS_FLOAT
INLINE void NAME(exp_parts)(float x, int less, float *scale, float *p) {
    const float magic = 12582912.0f;
    float shifted = x * 1.44269504f + magic, n = shifted - magic;
    float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float sum = 1.0f / 5040;
    sum = sum * r + 1.0f / 720;
    sum = sum * r + 1.0f / 120;
    sum = sum * r + 1.0f / 24;
    sum = sum * r + 1.0f / 6;
    sum = sum * r + 1.0f / 2;
    *p = sum * r * r + r;
    int32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (int32_t)(((uint32_t)bits + 127u - (uint32_t)less) << 23);
    memcpy(scale, &bits, sizeof bits);
}
#define EXP_LARGEST 89.0f
#define EXP_SMALLEST -87.6f
#define TANH_LARGEST 10.0f
#else
INLINE void NAME(exp_parts)(double x, int less, double *scale, double *p) {
    const double magic = 6755399441055744.0;
    double shifted = x * 1.4426950408889634 + magic, n = shifted - magic;
    double r = (x - n * 6.93145751953125e-1) - n * 1.42860682030941723212e-6;
    double sum = 1.0 / 6227020800.0;
    sum = sum * r + 1.0 / 479001600;
    sum = sum * r + 1.0 / 39916800;
    sum = sum * r + 1.0 / 3628800;
    sum = sum * r + 1.0 / 362880;
    sum = sum * r + 1.0 / 40320;
    sum = sum * r + 1.0 / 5040;
    sum = sum * r + 1.0 / 720;
    sum = sum * r + 1.0 / 120;
    sum = sum * r + 1.0 / 24;
    sum = sum * r + 1.0 / 6;
    sum = sum * r + 1.0 / 2;
    *p = sum * r * r + r;
    int64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (int64_t)(((uint64_t)bits + 1023u - (uint64_t)less) << 52);
    memcpy(scale, &bits, sizeof bits);
}
#define EXP_LARGEST 710.0
#define EXP_SMALLEST -708.6
#define TANH_LARGEST 20.0
#endif

/* Infinity beyond the largest number; 0 at about the smallest normal one. */
INLINE real NAME(exp)(real x) {
    real scale, p;
    x = x > EXP_LARGEST ? EXP_LARGEST : x;
    x = x < EXP_SMALLEST ? EXP_SMALLEST : x;
    /* 2^k itself is beyond the largest number when exp(x) is not. */
    NAME(exp_parts)(x, 1, &scale, &p);
    return scale * (1 + p) * 2;
}

/* exp(x) - 1 for x <= EXP_LARGEST / 2, exact near 0. */
INLINE real NAME(expm1)(real x) {
    real scale, p;
    x = x < EXP_SMALLEST ? EXP_SMALLEST : x;
    NAME(exp_parts)(x, 0, &scale, &p);
    return (scale - 1) + scale * p;
}

INLINE real NAME(tanh)(real x) {
    real size = x < 0 ? -x : x;
    size = size > TANH_LARGEST ? TANH_LARGEST : size;
    real e = NAME(expm1)(2 * size);
    real value = e / (e + 2);
    return x < 0 ? -value : value;
}

INLINE real NAME(logistic)(real x) { return 1 / (1 + NAME(exp)(-x)); }

/* log(1 + u) for 0 <= u <= 1: twice the inverse hyperbolic tangent of f / (2 + f), with
   f = u or, from sqrt(2) - 1 on, (1 + u) / 2 = 1 + f and log(2) added. */
INLINE real NAME(log1p)(real u) {
    int upper = u > (real)0.41421356;
    real f = upper ? (u - 1) / 2 : u;
    real s = f / (2 + f), square = s * s;
#ifdef REAL_IS_FLOAT
    real sum = 1.0f / 11;
#else
    real sum = 1.0 / 23;
    sum = sum * square + 1.0 / 21;
    sum = sum * square + 1.0 / 19;
    sum = sum * square + 1.0 / 17;
    sum = sum * square + 1.0 / 15;
    sum = sum * square + 1.0 / 13;
    sum = sum * square + 1.0 / 11;
#endif
    sum = sum * square + (real)(1.0 / 9);
    sum = sum * square + (real)(1.0 / 7);
    sum = sum * square + (real)(1.0 / 5);
    sum = sum * square + (real)(1.0 / 3);
    return 2 * s + 2 * s * square * sum + (upper ? (real)0.6931471805599453 : 0);
}

/* log(1 + exp(x)). */
INLINE real NAME(softplus)(real x) {
    real size = x < 0 ? -x : x;
    return (x > 0 ? x : 0) + NAME(log1p)(NAME(exp)(-size));
}

/* The standard normal distribution function, given bell = exp(-x^2 / 2).

   Phi(-a) = bell * g(a) for a >= 0, where (1 + 5/4 a) g(a) is the Chebyshev interpolant of
   the function of t = (a - 5) / (a + 5), on all of [-1, 1], written in powers of t (the
   substitution of Shepherd and Laframboise, 1981). Degree 22 ends at 3e-18, degree 12 at
   6e-9. */
INLINE real NAME(normal_cdf)(real x, real bell) {
    real size = x < 0 ? -x : x;
    real t = (size - 5) / (size + 5);
#ifdef REAL_IS_FLOAT
    real sum = -1.3008325e-05f;
    sum = sum * t - 3.833281e-05f;
    sum = sum * t + 0.00024134207f;
    sum = sum * t - 5.666254e-05f;
    sum = sum * t - 0.0021487487f;
    sum = sum * t + 0.008765984f;
    sum = sum * t - 0.021211308f;
    sum = sum * t + 0.03651936f;
    sum = sum * t - 0.044965066f;
    sum = sum * t + 0.032724562f;
    sum = sum * t + 0.0097707527f;
    sum = sum * t - 0.078575986f;
    sum = sum * t + 0.55766496f;
#else
    real sum = -3.2130726916921183e-10;
    sum = sum * t + 2.8651525598668074e-09;
    sum = sum * t + 4.181234636867954e-09;
    sum = sum * t - 3.3110948959980285e-08;
    sum = sum * t - 3.0287088523102276e-08;
    sum = sum * t + 2.4511561581394047e-07;
    sum = sum * t + 1.4074787596176876e-07;
    sum = sum * t - 1.6861531622090473e-06;
    sum = sum * t + 8.072521250808134e-08;
    sum = sum * t + 1.1637044219761483e-05;
    sum = sum * t - 1.403118160405005e-05;
    sum = sum * t - 6.724779140807013e-05;
    sum = sum * t + 0.00024302453973618657;
    sum = sum * t - 2.3830208263077913e-05;
    sum = sum * t - 0.002149978112993521;
    sum = sum * t + 0.008747211998053442;
    sum = sum * t - 0.021210861891002884;
    sum = sum * t + 0.03652467917034096;
    sum = sum * t - 0.044965141778916855;
    sum = sum * t + 0.032723909797806316;
    sum = sum * t + 0.009770757560953587;
    sum = sum * t - 0.07857596347651101;
    sum = sum * t + 0.5576649610687956;
#endif
    real tail = bell * sum / (1 + (real)1.25 * size);
    return x > 0 ? 1 - tail : tail;
}

#endif
