/* Threads at the phases of a leader, for ThreadSanitizer: `.ci/sanitize thread`.

   What tasks and leader read and write is not atomic, as in the engine: that nobody reads what
   another is writing is the business of team.h alone. Exits with 1 where a task was done twice
   or not at all. */

#include <pthread.h>
#include <stdio.h>

#include "team.h"

enum { N_HELPERS = 3, MOST_TASKS = 40, N_PHASES = 3000, N_TEAMS = 20 };

typedef struct {
    int64_t done[MOST_TASKS], by[N_HELPERS + 1];
} work;

static void do_task(void *job, int64_t task, int thread) {
    work *w = job;
    w->done[task]++;
    w->by[thread]++;
}

static void *help(void *t) {
    team_help(t);
    return NULL;
}

/* The life of one team; returns how many tasks helpers did, or -1 where one went wrong. */
static int64_t run_team(int number) {
    static work w;
    team t;
    pthread_t threads[N_HELPERS];
    int n_helpers = 0;
    int64_t helped = 0;
    team_init(&t);
    for (int phase = 0; phase < N_PHASES; phase++) {
        /* Helpers come one after the other, and at times fewer than there are may join. */
        if (n_helpers < N_HELPERS && phase % 100 == number) {
            pthread_create(&threads[n_helpers++], NULL, help, &t);
        }
        t.n_threads = 1 + (phase % 7 ? n_helpers : n_helpers / 2);
        int64_t n_tasks = 1 + (phase * 13 + number) % MOST_TASKS;
        w = (work){{0}, {0}};
        team_run(&t, do_task, &w, n_tasks);
        for (int64_t task = 0; task < MOST_TASKS; task++) {
            if (w.done[task] != (task < n_tasks)) {
                fprintf(stderr, "phase %d: task %d was done %d times\n", phase, (int)task,
                        (int)w.done[task]);
                return -1;
            }
        }
        helped += n_tasks - w.by[0];
    }
    team_close(&t);
    for (int i = 0; i < n_helpers; i++) {
        pthread_join(threads[i], NULL);
    }
    return helped;
}

int main(void) {
    int64_t helped = 0;
    for (int number = 0; number < N_TEAMS; number++) {
        int64_t n = run_team(number);
        if (n < 0) {
            return 1;
        }
        helped += n;
    }
    printf("%d phases, %d tasks by helpers\n", N_TEAMS * N_PHASES, (int)helped);
    return helped == 0; /* nothing has been shown */
}
