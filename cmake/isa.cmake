# SPDX-License-Identifier: MIT
# The instruction sets of each architecture: one line an ISA (name, compiler flags). A file of kernels/ is compiled once for
# each of them.

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
  set(AFT_ISAS scalar avx2 avx512)
  set(AFT_FLAGS_scalar "")
  set(AFT_FLAGS_avx2 -mavx2 -mfma)
  set(AFT_FLAGS_avx512 -mavx512f -mavx512vl -mavx512dq -mavx512bw -mavx2 -mfma -mprefer-vector-width=512)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
  set(AFT_ISAS scalar neon)
  set(AFT_FLAGS_scalar "")
  set(AFT_FLAGS_neon "")
else()
  set(AFT_ISAS scalar)
  set(AFT_FLAGS_scalar "")
endif()

if(AFT_EXP STREQUAL "sleef" AND NOT AFT_ISAS STREQUAL "scalar")
  include(${CMAKE_CURRENT_LIST_DIR}/aftSleef.cmake)
  if(NOT TARGET aft::sleef)
    message(FATAL_ERROR "AFT_EXP=sleef: neither SLEEF's CMake package nor, by pkg-config, sleef.pc was found. Install SLEEF "
                        "3.5 or later (Debian: libsleef-dev, pkg-config), or configure with -DAFT_EXP=builtin.")
  endif()
  include(${CMAKE_CURRENT_LIST_DIR}/sleef.cmake)
endif()

# Compiles SOURCE once for each ISA and links the objects into TARGET.
function(aft_add_isa_objects target source)
  cmake_path(GET source STEM stem)
  foreach(isa IN LISTS AFT_ISAS)
    set(objects ${target}_${stem}_${isa})
    add_library(${objects} OBJECT ${source})
    target_include_directories(${objects} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
    set(exp builtin)
    target_compile_options(${objects} PRIVATE ${AFT_WARNINGS} ${AFT_EXACT_MATH} -fno-math-errno ${AFT_FLAGS_${isa}})
    set_target_properties(${objects} PROPERTIES C_STANDARD 11 C_EXTENSIONS OFF C_VISIBILITY_PRESET hidden
                                                POSITION_INDEPENDENT_CODE ${AFT_PIC})
    if(TARGET aft::sleef AND NOT isa STREQUAL "scalar")
      set(exp sleef)
      target_compile_definitions(${objects} PRIVATE AFT_SLEEF_NAMES_${AFT_SLEEF_NAMES})
      target_link_libraries(${objects} PRIVATE aft::sleef)
    endif()
    target_compile_definitions(${objects} PRIVATE AFT_VEC_HEADER="kernels/vec/vec_${isa}.h"
                                                  AFT_EXP_HEADER="kernels/vec/exp_${exp}.h")
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
    target_compile_definitions(${target} PRIVATE AFT_HAVE_${isa})
  endforeach()
  if(TARGET aft::sleef)
    target_link_libraries(${target} PRIVATE aft::sleef)
  endif()
endfunction()
