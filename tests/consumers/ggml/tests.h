/* SPDX-License-Identifier: MIT */
#ifndef TESTS_H
#define TESTS_H

#include "aft_ggml.h"
#include "graph.h"
#include "reference.h"

enum { MAX_THREADS = 4 };

/* Prints what does not hold, and counts it. */
void expect(bool holds, const char *test, const char *what);

struct ggml_tensor *add_layer(graph *graph, const sizes *sizes, const tensors *in, aft_status *status);

void test_layer(void);
void test_model(void);
void test_status(void);

#endif
