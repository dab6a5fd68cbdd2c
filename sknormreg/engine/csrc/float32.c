/* The engine in single precision. */

#include <math.h>
#include <string.h>
#include <time.h>

#include "engine.h"

#define REAL_IS_FLOAT
typedef float real;
#define NAME(name) name##_float
#define square_root_float sqrtf

gemm_function NAME(blas_gemm);

#include "vector_math.h"
#include "activations.h"
#include "losses.h"
#include "dropout.h"
#include "updates.h"
#include "products.h"
#include "plan.h"
#include "sparse.h"
#include "concave.h"
#include "groups.h"
#include "balls.h"
#include "hierarchy.h"
#include "passes.h"
