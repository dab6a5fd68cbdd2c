/* The engine in one precision: the templates, each after those that it needs.

   Every template includes these itself, so that each compiles alone (`.ci/compilers` sees to
   that); the order here is one to read them in. */

#include "templates/precision.inc.h"

/* Elementwise functions. */
#include "templates/vector_math.inc.h"
#include "templates/shrinkage.inc.h"
#include "templates/vectors.inc.h"
#include "templates/activations.inc.h"
#include "templates/losses.inc.h"
#include "templates/dropout.inc.h"

/* Steps of the solvers, and proxes. */
#include "templates/updates.inc.h"
#include "templates/concave.inc.h"
#include "templates/newton.inc.h"
#include "templates/groups.inc.h"
#include "templates/balls.inc.h"
#include "templates/hierarchy.inc.h"

/* Matrix products, of which products.inc.h includes tiles.inc.h for each width of vectors. */
#include "templates/products.inc.h"

/* A job: its plan, then what is done in each of its phases. */
#include "templates/arrays.inc.h"
#include "templates/plan.inc.h"
#include "templates/sparse.inc.h"
#include "templates/passes.inc.h"
#include "templates/gradients.inc.h"
#include "templates/steps.inc.h"
#include "templates/later_proxes.inc.h"
#include "templates/run.inc.h"
