/* Several threads at the tasks of one leader.

   The leader is the thread that owns the work. It opens one phase of independent tasks
   after the other and takes part in each; between two phases it is alone. Helpers wait for
   an open phase and join it: the leader waits for those who are at a task, and for nobody
   else, so that a helper that sleeps or has not started yet holds nothing up. Which thread
   does which task is left to chance; results must not depend on it. */

#ifndef SKNORMREG_TEAM_H
#define SKNORMREG_TEAM_H

#include <stdint.h>

#include "portable.h"

#if !defined(__STDC_NO_ATOMICS__) && !defined(_MSC_VER)
#define HAS_TEAMS 1
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#else
#define HAS_TEAMS 0
#endif

typedef void (*task_function)(void *job, int64_t task, int thread);

#if HAS_TEAMS

typedef struct {
    /* The number of the phase, whether it is open, and how many helpers are in it, in one
       word: a helper joins by a single exchange. Counters have a line of the cache each. */
    atomic_uint_least64_t state;
    char apart_1[56];
    atomic_int_least64_t next;
    char apart_2[56];
    atomic_int n_recruited;
    int n_threads; /* the leader and the helpers that may join */
    int64_t n_tasks;
    task_function function;
    void *job;
} team;

#define TEAM_PHASE (UINT64_C(1) << 32)
#define TEAM_CLOSED (UINT64_C(1) << 17)
#define TEAM_OPEN (UINT64_C(1) << 16)
#define TEAM_PRESENT (TEAM_OPEN - 1)

/* A helper waits for work: awake for some ten microseconds, in which one phase usually
   follows another, then asleep for longer and longer, so as not to stand in the way of
   those who have work. */
static void team_rest(int *n_waits) {
    *n_waits += 1;
    if (*n_waits < 3000) {
        PAUSE();
    } else {
        struct timespec nap = {0, *n_waits < 3100 ? 50000 : 1000000};
        nanosleep(&nap, NULL);
    }
}

static inline void team_init(team *t) {
    atomic_init(&t->state, 0);
    atomic_init(&t->next, 0);
    atomic_init(&t->n_recruited, 0);
    t->n_threads = 1;
}

static void team_do_tasks(team *t, int thread) {
    int64_t task;
    while ((task = atomic_fetch_add_explicit(&t->next, 1, memory_order_relaxed))
           < t->n_tasks) {
        t->function(t->job, task, thread);
    }
}

/* One phase, on the leader's thread: every task has been done when it returns. */
static inline void team_run(team *t, task_function function, void *job, int64_t n_tasks) {
    if (t->n_threads == 1 || n_tasks == 1) {
        for (int64_t task = 0; task < n_tasks; task++) {
            function(job, task, 0);
        }
        return;
    }
    t->function = function;
    t->job = job;
    t->n_tasks = n_tasks;
    atomic_store_explicit(&t->next, 0, memory_order_relaxed);
    /* Nobody is present: the phase before has ended. */
    uint64_t phase = atomic_load_explicit(&t->state, memory_order_relaxed) / TEAM_PHASE;
    atomic_store_explicit(&t->state, (phase + 1) * TEAM_PHASE + TEAM_OPEN,
                          memory_order_release);
    team_do_tasks(t, 0);
    atomic_fetch_and_explicit(&t->state, ~TEAM_OPEN, memory_order_relaxed);
    for (int n = 0; atomic_load_explicit(&t->state, memory_order_acquire) & TEAM_PRESENT;) {
        /* Tasks are short, unless the processor has been taken from their helper. */
        if (n++ < 3000) {
            PAUSE();
        } else {
            sched_yield();
        }
    }
}

/* Send the helpers home. */
static inline void team_close(team *t) {
    atomic_fetch_or_explicit(&t->state, TEAM_CLOSED, memory_order_release);
}

/* The life of a helper: returns when the leader has closed the team. */
static inline void team_help(team *t) {
    int thread = 1 + atomic_fetch_add_explicit(&t->n_recruited, 1, memory_order_relaxed);
    uint64_t last_phase = 0;
    float_state caller = flush_subnormals();
    for (int n = 0;;) {
        uint64_t state = atomic_load_explicit(&t->state, memory_order_acquire);
        if (state & TEAM_CLOSED) {
            break;
        }
        if (!(state & TEAM_OPEN) || state / TEAM_PHASE == last_phase
            || !atomic_compare_exchange_weak_explicit(
                &t->state, &state, state + 1, memory_order_acq_rel, memory_order_relaxed)) {
            team_rest(&n);
            continue;
        }
        n = 0;
        last_phase = state / TEAM_PHASE;
        if (thread < t->n_threads) {
            team_do_tasks(t, thread);
        }
        atomic_fetch_sub_explicit(&t->state, 1, memory_order_release);
    }
    restore_subnormals(caller);
}

#else /* one thread, the leader's own */

typedef struct {
    int n_threads;
} team;

static inline void team_init(team *t) { t->n_threads = 1; }
static inline void team_close(team *t) { (void)t; }
static inline void team_help(team *t) { (void)t; }
static inline void team_run(team *t, task_function function, void *job, int64_t n_tasks) {
    (void)t;
    for (int64_t task = 0; task < n_tasks; task++) {
        function(job, task, 0);
    }
}

#endif
#endif
