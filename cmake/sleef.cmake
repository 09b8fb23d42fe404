# SPDX-License-Identifier: MIT
# Which names the installed SLEEF has, and whether its exp has the bits that libaft promises.
#
# SLEEF 3 marks the functions with the same bits on every CPU by finz_; SLEEF 4 drops the mark, all its functions being so.

list(GET AFT_ISAS 1 isa)
set(definitions AFT_VEC_HEADER="kernels/vec/vec_${isa}.h" AFT_EXP_HEADER="kernels/vec/exp_sleef.h")
list(TRANSFORM definitions PREPEND -D)

function(aft_try_exp result output)
  try_run(AFT_EXP_RAN AFT_EXP_COMPILED ${PROJECT_BINARY_DIR}/check_exp ${PROJECT_SOURCE_DIR}/cmake/check_exp.c
          CMAKE_FLAGS -DINCLUDE_DIRECTORIES=${PROJECT_SOURCE_DIR}
          COMPILE_DEFINITIONS ${definitions} -std=c11 -O1 ${AFT_EXACT_MATH} ${AFT_FLAGS_${isa}} ${ARGN}
          LINK_LIBRARIES aft::sleef
          COMPILE_OUTPUT_VARIABLE compile_output RUN_OUTPUT_VARIABLE run_output)
  if(NOT AFT_EXP_COMPILED)
    set(${result} "does not compile" PARENT_SCOPE)
    set(${output} "${compile_output}" PARENT_SCOPE)
  elseif(AFT_EXP_RAN EQUAL 0)
    set(${result} "same" PARENT_SCOPE)
  else()
    set(${result} "differs" PARENT_SCOPE)
    set(${output} "${run_output}" PARENT_SCOPE)
  endif()
endfunction()

if(NOT DEFINED AFT_SLEEF_NAMES)
  set(names FINZ)
  if(NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR)
    aft_try_exp(outcome output -DAFT_SLEEF_NAMES_FINZ)
    if(outcome STREQUAL "does not compile")
      set(names PLAIN)
      aft_try_exp(outcome output -DAFT_SLEEF_NAMES_PLAIN)
    endif()
    if(NOT outcome STREQUAL "same")
      message(FATAL_ERROR "The exp of the installed SLEEF (${isa}): ${outcome}. Results would not have the bits that libaft "
                          "promises. Configure with -DAFT_EXP=builtin, or install SLEEF 3.5 or later.\n${output}")
    endif()
  endif()
  set(AFT_SLEEF_NAMES ${names} CACHE INTERNAL "FINZ or PLAIN; found together with a comparison of the bits")
endif()
