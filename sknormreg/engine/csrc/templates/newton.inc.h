/* When Newton's method ends, in the proxes that are the root of a function. */

#ifndef SKNORMREG_NEWTON_INC_H
#define SKNORMREG_NEWTON_INC_H

#include "precision.inc.h"

/* Newton's method ends with a step of this share: it leaves an error of about the square. */
#ifdef REAL_IS_FLOAT
#define NEWTON_TOLERANCE 5e-5
#else
#define NEWTON_TOLERANCE 2e-9
#endif
#define MOST_NEWTON_STEPS 60

#endif
