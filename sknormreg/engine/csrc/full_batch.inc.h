/* The passes of full-batch solvers in one precision. */

#include "templates/precision.inc.h"
#include "templates/subgradients.inc.h"
#include "templates/columns.inc.h"
#include "templates/evaluations.inc.h"
#include "templates/proxes.inc.h"
#include "templates/trials.inc.h"
#include "templates/pairs.inc.h"
