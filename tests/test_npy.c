/* SPDX-License-Identifier: MIT */
/* The reader of .npy files: what it reads, and what it refuses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "npy.h"

#define HEADER_F4 "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
#define PADDING "                                                      \n"

/* A file of the given parts; the caller removes it. */
static void write_file(char *path, const void *bytes, size_t size) {
    strcpy(path, "/tmp/aft-npy-XXXXXX");
    const int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, bytes, size), size);
    close(descriptor);
}

/* `header` behind the magic and version, then data_bytes of 0, 1, 2, ... */
static size_t build(unsigned char *file, unsigned char version, const char *header, size_t data_bytes) {
    const size_t length = strlen(header), prefix = version == 1 ? 10 : 12;
    memcpy(file, "\x93NUMPY", 6);
    file[6] = version;
    file[7] = 0;
    for (size_t i = 8; i < prefix; i++)
        file[i] = (unsigned char)(length >> 8 * (i - 8));
    memcpy(file + prefix, header, length);
    for (size_t i = 0; i < data_bytes; i++)
        file[prefix + length + i] = (unsigned char)i;
    return prefix + length + data_bytes;
}

static bool read_bytes(const void *bytes, size_t size, npy_array *array, char *error, size_t error_size) {
    char path[32];
    write_file(path, bytes, size);
    const bool read = npy_read(path, array, error, error_size);
    unlink(path);
    if (!read && strncmp(error, path, strlen(path)) != 0)
        harness_fail("the error does not begin with the file's name: %s", error);
    return read;
}

static void reads(unsigned char version, const char *header, npy_type type, size_t dimensions, size_t count,
                  size_t data_bytes) {
    unsigned char file[512];
    char error[512] = "";
    npy_array array;
    const size_t size = build(file, version, header, data_bytes);
    if (!read_bytes(file, size, &array, error, sizeof error))
        harness_fail("%s: %s", header, error);
    assert_int_equal(array.type, type);
    assert_int_equal(array.dimensions, dimensions);
    assert_int_equal(array.count, count);
    assert_memory_equal(array.data, file + size - data_bytes, data_bytes);
    npy_free(&array);
    assert_null(array.data);
}

static void refuses_bytes(const void *bytes, size_t size, const char *reason) {
    char error[512] = "";
    npy_array array;
    if (read_bytes(bytes, size, &array, error, sizeof error))
        harness_fail("read a damaged file that should be refused: %s", reason);
    if (!strstr(error, reason))
        harness_fail("the error should mention '%s': %s", reason, error);
    assert_null(array.data);
}

static void refuses(const char *header, size_t data_bytes, const char *reason) {
    unsigned char file[1024];
    refuses_bytes(file, build(file, 1, header, data_bytes), reason);
}

static void good_files(const char *isa) {
    (void)isa;
    reads(1, HEADER_F4 PADDING, NPY_F4, 2, 6, 24);
    reads(2, HEADER_F4 PADDING, NPY_F4, 2, 6, 24);
    reads(1, "{'shape': (4,), 'descr': '<f8', 'fortran_order': False}", NPY_F8, 1, 4, 32);
    reads(1, "{'descr': '<i4', 'fortran_order': False, 'shape': (), }\n", NPY_I4, 0, 1, 4);
    reads(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (5, 0), }\n", NPY_U1, 2, 0, 0);
}

static void damaged_headers(const char *isa) {
    (void)isa;
    refuses("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }", 24, "little-endian");
    refuses("{'descr': '<c8', 'fortran_order': False, 'shape': (2, 3), }", 48, "type");
    refuses("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", 24, "fortran_order");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)", 24, "damaged");
    refuses("{'descr': '<f4', 'fortran_order': False, }", 24, "lacks");
    refuses("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24, "twice");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (2, -3), }", 24, "shape");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (2 3), }", 24, "shape");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': 6, }", 24, "shape");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,6), }", 24, "dimensions");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,), }", 24, "too large");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", 0, "damaged");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (6148914691236517205, 3), }", 0, "more elements");
    refuses(HEADER_F4 "garbage", 24, "goes on");
    refuses("", 24, "dictionary");
}

static void damaged_files(const char *isa) {
    (void)isa;
    unsigned char file[512];
    const size_t size = build(file, 1, HEADER_F4, 24);
    refuses(HEADER_F4, 23, "truncated");
    refuses(HEADER_F4, 25, "too long");
    for (size_t length = 0; length < size; length++)
        refuses_bytes(file, length, length < 10 ? "not a .npy file" : "truncated");
    file[6] = 3;
    refuses_bytes(file, size, "version");
    file[6] = 1;
    file[0] = 'x';
    refuses_bytes(file, size, "not a .npy file");
}

/* Any single byte of a header changed: refused, or read as what it then says; never data from outside. */
static void any_byte_changed(const char *isa) {
    (void)isa;
    unsigned char file[512];
    const size_t size = build(file, 1, HEADER_F4, 24);
    const size_t repetitions = harness_pick(100, 2000, 20000);
    for (size_t i = 0; i < repetitions; i++) {
        unsigned char changed[512];
        char error[64];
        npy_array array;
        memcpy(changed, file, size);
        changed[random_size(0, size - 25)] = (unsigned char)random_u64();
        if (read_bytes(changed, size, &array, error, sizeof error))
            assert_memory_equal(array.data, file + size - 24, 24);
        npy_free(&array);
    }
}

static void wrong_type_or_shape(const char *isa) {
    (void)isa;
    unsigned char file[512];
    char path[32], error[512];
    npy_array array;
    const size_t right[] = {2, 3}, wrong[] = {3, 2};
    write_file(path, file, build(file, 1, HEADER_F4, 24));
    assert_true(npy_read_as(path, NPY_F4, 2, right, &array, error, sizeof error));
    npy_free(&array);
    assert_false(npy_read_as(path, NPY_F4, 2, wrong, &array, error, sizeof error));
    assert_false(npy_read_as(path, NPY_F4, 1, right, &array, error, sizeof error));
    assert_false(npy_read_as(path, NPY_I4, 2, right, &array, error, sizeof error));
    assert_non_null(strstr(error, "type or shape"));
    unlink(path);
    assert_false(npy_read(path, &array, error, sizeof error));
    assert_non_null(strstr(error, "cannot be opened"));
    assert_false(npy_read("/", &array, error, sizeof error));
}

int main(void) {
    static const harness_unit units[] = {ONCE(good_files), ONCE(damaged_headers), ONCE(damaged_files),
                                         ONCE(any_byte_changed), ONCE(wrong_type_or_shape)};
    return HARNESS_MAIN("npy", units);
}
