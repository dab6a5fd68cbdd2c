/* The precision that a file compiles the templates for: float64.c in double, float32.c, which
   defines REAL_IS_FLOAT, in single. Templates call their numbers `real`, and have NAME put the
   precision into the name of what they define. */

#ifndef SKNORMREG_PRECISION_INC_H
#define SKNORMREG_PRECISION_INC_H

#include <math.h>

#ifdef REAL_IS_FLOAT
typedef float real;
#define NAME(name) name##_float
#define square_root_float sqrtf
#else
typedef double real;
#define NAME(name) name##_double
#define square_root_double sqrt
#endif

#endif
