/* SPDX-License-Identifier: MIT */
/* A problem of the accuracy suite, as regimes.py leaves it in a folder: q.npy [B,H,T,D], k.npy and v.npy [B,H,S,D], for
 * AFT-full and AFT-local w.npy [T,S], and where batches differ in length kv_lengths.npy [B].
 *
 * Programs read one problem a line: FOLDER simple|full|local CAUSAL Q_OFFSET WINDOW ... */
#ifndef AFT_TESTS_ACCURACY_PROBLEM_H
#define AFT_TESTS_ACCURACY_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

#include "aft.h"
#include "npy.h"

typedef struct accuracy_problem {
    char folder[512];
    aft_problem aft; /* without y */
    npy_array q, k, v, w, kv_lengths;
    size_t *kv_len_of; /* [batch] */
    int words;         /* characters of the line that described the problem; what follows is the program's */
} accuracy_problem;

/* Ends the process, with a reason, where the line or a file is not what it should be. */
accuracy_problem problem_read(const char *line);
void problem_free(accuracy_problem *problem);

/* FOLDER/name.npy of a type and rank; the caller frees it. */
npy_array problem_array(const accuracy_problem *problem, const char *name, npy_type type, size_t dimensions);
/* Writes FOLDER/name. */
void problem_write(const accuracy_problem *problem, const char *name, const void *data, size_t bytes);

__attribute__((format(printf, 1, 2), noreturn)) void give_up(const char *format, ...);
/* malloc that gives up. */
void *allocate(size_t bytes);

#endif
