/* The passes of full-batch solvers in double precision. */

#include "full_batch.inc.h"
