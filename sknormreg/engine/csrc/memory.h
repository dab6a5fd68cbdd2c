/* One piece of memory for many arrays. */

#ifndef SKNORMREG_MEMORY_H
#define SKNORMREG_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "portable.h"

/* Memory from `base` on, of which so many bytes are taken; they are only counted where it is
   NULL. */
typedef struct {
    char *base;
    size_t used;
} memory;

/* The next bytes of it, in lines of the cache. */
static inline void *take(memory *m, int64_t count, size_t size) {
    char *start = m->base ? m->base + m->used : NULL;
    size_t n_bytes = (size_t)count * size, room = (n_bytes + 63) / 64 * 64 + RED_ZONE;
    if (start) {
        FORBID(start + n_bytes, room - n_bytes);
    }
    m->used += room;
    return start;
}

#endif
