/* The engine in double precision. */

#include <math.h>
#include <string.h>
#include <time.h>

#include "engine.h"

typedef double real;
#define NAME(name) name##_double
#define square_root_double sqrt

gemm_function NAME(blas_gemm);

#include "vector_math.h"
#include "activations.h"
#include "losses.h"
#include "updates.h"
#include "passes.h"
