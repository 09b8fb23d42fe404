# SPDX-License-Identifier: MIT
# The library from scripts/amalgamate's aft.c in place of its sources: what tests/amalgam runs tests and programs with. A
# shared one, so that another build of the same file can take its place (LD_LIBRARY_PATH).

find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(dist ${PROJECT_BINARY_DIR}/dist)
file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/dispatch/* ${PROJECT_SOURCE_DIR}/kernels/*)
add_custom_command(OUTPUT ${dist}/aft.c ${dist}/aft.h
                   COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/scripts/amalgamate --output ${dist}
                   DEPENDS ${sources} ${PROJECT_SOURCE_DIR}/scripts/amalgamate ${PROJECT_SOURCE_DIR}/scripts/aft.c.in
                           ${PROJECT_SOURCE_DIR}/include/aft.h ${PROJECT_SOURCE_DIR}/cmake/isa.cmake)
set(CMAKE_SKIP_RPATH ON) # the caller names the folder
add_library(aft SHARED ${dist}/aft.c)
target_include_directories(aft PUBLIC ${PROJECT_SOURCE_DIR}/include)
