/* SPDX-License-Identifier: MIT */
/* The format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
#include "npy.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "npy.c copies little-endian data as it lies in the file"
#endif

#define MAGIC "\x93NUMPY"
#define MAGIC_BYTES 6u
#define PREFIX_V1 (MAGIC_BYTES + 2u + 2u) /* magic, version, length of the header in 2 bytes */
#define PREFIX_V2 (MAGIC_BYTES + 2u + 4u) /* the same in 4 bytes */

typedef struct reader {
    const char *path;
    const unsigned char *bytes; /* the whole file */
    size_t size;
    const char *at, *end; /* what is left of the header */
    char *error;
    size_t error_size;
} reader;

static const struct {
    const char *name;
    size_t bytes;
} types[] = {[NPY_F4] = {"<f4", 4}, [NPY_F8] = {"<f8", 8}, [NPY_I4] = {"<i4", 4}, [NPY_U1] = {"|u1", 1}};

__attribute__((format(printf, 2, 3))) static bool refuse(const reader *r, const char *format, ...) {
    char reason[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    snprintf(r->error, r->error_size, "%s: %s", r->path, reason);
    return false;
}

static void skip_spaces(reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n'))
        r->at++;
}

static bool take(reader *r, const char *token) {
    skip_spaces(r);
    const size_t length = strlen(token);
    if ((size_t)(r->end - r->at) < length || memcmp(r->at, token, length) != 0)
        return false;
    r->at += length;
    return true;
}

static bool parse_type(reader *r, npy_array *array) {
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char quoted[8];
        snprintf(quoted, sizeof quoted, "'%s'", types[i].name);
        if (take(r, quoted)) {
            array->type = (npy_type)i;
            return true;
        }
    }
    return refuse(r,
                  "its type is not one of <f4, <f8, <i4, |u1 (at '%.6s'); save it as little-endian float32, float64, "
                  "int32 or uint8",
                  r->at);
}

static bool parse_order(reader *r) {
    if (take(r, "False"))
        return true;
    return refuse(r, "fortran_order is not False; save it with numpy.ascontiguousarray");
}

static bool parse_size(reader *r, size_t *size) {
    skip_spaces(r);
    const char *const first = r->at;
    *size = 0;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
        const size_t digit = (size_t)(*r->at - '0');
        if (*size > (SIZE_MAX - digit) / 10)
            return refuse(r, "a dimension of its shape is too large for this machine; the header is damaged");
        *size = *size * 10 + digit;
    }
    return r->at > first || refuse(r, "its shape is not a tuple of sizes; the header is damaged");
}

static bool parse_shape(reader *r, npy_array *array) {
    if (!take(r, "("))
        return refuse(r, "its shape is not a tuple; the header is damaged");
    array->dimensions = 0;
    while (!take(r, ")")) {
        if (array->dimensions == NPY_MAX_DIMENSIONS)
            return refuse(r, "it has more than %d dimensions; reshape it", NPY_MAX_DIMENSIONS);
        if (!parse_size(r, &array->shape[array->dimensions++]))
            return false;
        if (!take(r, ",") && (r->at == r->end || *r->at != ')'))
            return refuse(r, "its shape is not a tuple of sizes; the header is damaged");
    }
    return true;
}

static bool parse_header(reader *r, npy_array *array) {
    bool has_type = false, has_order = false, has_shape = false;
    if (!take(r, "{"))
        return refuse(r, "its header is not a dictionary; the file is damaged");
    while (!take(r, "}")) {
        bool *seen = NULL, parsed = false;
        if (take(r, "'descr':")) {
            seen = &has_type;
            parsed = parse_type(r, array);
        } else if (take(r, "'fortran_order':")) {
            seen = &has_order;
            parsed = parse_order(r);
        } else if (take(r, "'shape':")) {
            seen = &has_shape;
            parsed = parse_shape(r, array);
        } else {
            return refuse(r, "its header has an unknown or damaged key at '%.*s'",
                          r->end - r->at > 16 ? 16 : (int)(r->end - r->at), r->at);
        }
        if (!parsed)
            return false;
        if (*seen)
            return refuse(r, "its header gives a key twice; the file is damaged");
        *seen = true;
        take(r, ",");
    }
    skip_spaces(r);
    if (r->at != r->end)
        return refuse(r, "its header goes on after the dictionary; the file is damaged");
    if (!has_type || !has_order || !has_shape)
        return refuse(r, "its header lacks 'descr', 'fortran_order' or 'shape'; the file is damaged");
    return true;
}

static bool count_elements(const reader *r, npy_array *array) {
    const size_t limit = SIZE_MAX / types[array->type].bytes;
    array->count = 1;
    for (size_t i = 0; i < array->dimensions; i++) {
        if (array->shape[i] != 0 && array->count > limit / array->shape[i])
            return refuse(r, "its shape has more elements than memory has addresses; the header is damaged");
        array->count *= array->shape[i];
    }
    return true;
}

static bool parse_file(reader *r, npy_array *array) {
    if (r->size < PREFIX_V1 || memcmp(r->bytes, MAGIC, MAGIC_BYTES) != 0)
        return refuse(r, "not a .npy file (it does not begin with \\x93NUMPY); save it with numpy.save");
    const unsigned major = r->bytes[MAGIC_BYTES];
    if (major != 1 && major != 2)
        return refuse(r, "version %u of the format; only 1 and 2 are read: save it with numpy.save", major);
    const size_t prefix = major == 1 ? PREFIX_V1 : PREFIX_V2;
    size_t header = 0;
    for (size_t i = prefix; i > MAGIC_BYTES + 2 && r->size >= prefix; i--)
        header = header << 8 | r->bytes[i - 1];
    if (r->size < prefix || header > r->size - prefix)
        return refuse(r, "truncated inside its header; fetch the file again");
    r->at = (const char *)r->bytes + prefix;
    r->end = r->at + header;
    if (!parse_header(r, array) || !count_elements(r, array))
        return false;
    const size_t have = r->size - prefix - header, need = array->count * types[array->type].bytes;
    if (have != need)
        return refuse(r, "%s: its shape needs %zu bytes of data and %zu follow; fetch the file again",
                      have < need ? "truncated" : "too long", need, have);
    array->data = malloc(need ? need : 1);
    if (!array->data)
        return refuse(r, "no memory for its %zu bytes", need);
    memcpy(array->data, r->bytes + prefix + header, need);
    return true;
}

static unsigned char *load_file(const reader *r, size_t *size) {
    FILE *const file = fopen(r->path, "rb");
    if (!file) {
        refuse(r, "cannot be opened; is the path right?");
        return NULL;
    }
    unsigned char *bytes = NULL;
    long length = -1;
    if (fseek(file, 0, SEEK_END) == 0 && (length = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0)
        bytes = malloc((size_t)length + 1);
    if (bytes && fread(bytes, 1, (size_t)length, file) != (size_t)length) {
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    if (!bytes)
        refuse(r, "cannot be read");
    *size = (size_t)length;
    return bytes;
}

bool npy_read(const char *path, npy_array *array, char *error, size_t error_size) {
    reader r = {.path = path, .error = error, .error_size = error_size};
    *array = (npy_array){0};
    unsigned char *const bytes = load_file(&r, &r.size);
    if (!bytes)
        return false;
    bytes[r.size] = '\0'; /* messages may quote the tail of a header */
    r.bytes = bytes;
    const bool read = parse_file(&r, array);
    free(bytes);
    return read;
}

bool npy_read_as(const char *path, npy_type type, size_t dimensions, const size_t *shape, npy_array *array, char *error,
                 size_t error_size) {
    if (!npy_read(path, array, error, error_size))
        return false;
    const bool same_shape =
        array->dimensions == dimensions && memcmp(array->shape, shape, dimensions * sizeof *shape) == 0;
    if (array->type == type && same_shape)
        return true;
    const reader r = {.path = path, .error = error, .error_size = error_size};
    npy_free(array);
    return refuse(&r, "holds another type or shape than the %s expected here; make it anew", types[type].name);
}

void npy_free(npy_array *array) {
    free(array->data);
    *array = (npy_array){0};
}
