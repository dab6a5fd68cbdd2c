/* The passes of full-batch solvers in single precision. */

#define REAL_IS_FLOAT
#include "full_batch.inc.h"
