/* SPDX-License-Identifier: MIT */
/* Any file for the reader of tests and bench: refused with its name, or as many elements as its shape says. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/choices.h"
#include "harness.h"
#include "npy.h"

static char path[32];
static int file;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    file = memfd_create("npy", 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failure ends the process where it happens */
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static const size_t sizes[] = {[NPY_F4] = 4, [NPY_F8] = 8, [NPY_I4] = 4, [NPY_U1] = 1};
    char error[128];
    npy_array array;
    assert_int_equal(ftruncate(file, 0), 0);
    assert_true(pwrite(file, bytes, count, 0) == (ssize_t)count);
    if (!npy_read(path, &array, error, sizeof error)) {
        assert_null(array.data);
        assert_memory_equal(error, path, strlen(path));
        return 0;
    }
    size_t elements = 1;
    for (size_t i = 0; i < array.dimensions; i++)
        elements *= array.shape[i];
    assert_int_equal(array.count, elements);
    const size_t data = elements * sizes[array.type];
    assert_in_range(data, 0, count);
    if (data > 0)
        assert_memory_equal(array.data, bytes + count - data, data);
    npy_free(&array);
    return 0;
}
