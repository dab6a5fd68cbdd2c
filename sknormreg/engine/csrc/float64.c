/* The engine in double precision. */

#include "engine.inc.h"
