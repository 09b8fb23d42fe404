/* SPDX-License-Identifier: MIT */
/* Reads arrays that NumPy saved. Any file that is not exactly what it claims to be is refused, with a reason. */
#ifndef AFT_TESTS_NPY_H
#define AFT_TESTS_NPY_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NPY_MAX_DIMENSIONS 8

typedef enum npy_type { NPY_F4, NPY_F8, NPY_I4, NPY_U1 } npy_type; /* float, double, int32_t, uint8_t */

typedef struct npy_array {
    npy_type type;
    size_t dimensions;
    size_t shape[NPY_MAX_DIMENSIONS];
    size_t count; /* elements in all */
    void *data;   /* C order */
} npy_array;

/* Reads a little-endian, C-ordered .npy file of version 1 or 2. False: nothing is allocated, and `error` says which
 * file, what is wrong with it and what to do. */
bool npy_read(const char *path, npy_array *array, char *error, size_t error_size);

/* The same, and refuses any other type or shape than the one expected. */
bool npy_read_as(const char *path, npy_type type, size_t dimensions, const size_t *shape, npy_array *array, char *error,
                 size_t error_size);

void npy_free(npy_array *array);

#ifdef __cplusplus
}
#endif

#endif
