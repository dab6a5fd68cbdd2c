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

enum products best_products(void) {
#if HAS_TILES
    if (__builtin_cpu_supports("avx512f")) {
        return TILES_512;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        return TILES_256;
    }
#endif
    return BLAS;
}
