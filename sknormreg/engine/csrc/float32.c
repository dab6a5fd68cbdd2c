/* The engine in single precision. */

#define REAL_IS_FLOAT
#include "engine.inc.h"
