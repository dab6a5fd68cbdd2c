/* What the processor can do. */

#include "engine.h"

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
