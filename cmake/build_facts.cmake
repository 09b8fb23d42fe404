# SPDX-License-Identifier: MIT
# Run by each build of the bench (cmake -P): writes what the build is as a C++ string literal of JSON into OUTPUT, if that
# changed. Given: SOURCE (the repository), COMMANDS (compile_commands.json), OUTPUT, VERSION, COMPILER, BUILD_TYPE,
# SLEEF_VERSION and BENCHMARK_VERSION (either may be empty).
cmake_minimum_required(VERSION 3.22)

function(json_string result text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  set(${result} "\"${text}\"" PARENT_SCOPE)
endfunction()

function(json_string_or_null result text)
  set(json null)
  if(NOT text STREQUAL "")
    json_string(json "${text}")
  endif()
  set(${result} "${json}" PARENT_SCOPE)
endfunction()

# The commit, and whether files beside documents differ from it; both null where git cannot tell.
function(find_commit commit dirty)
  set(${commit} null PARENT_SCOPE)
  set(${dirty} null PARENT_SCOPE)
  find_program(git NAMES git NO_CACHE)
  if(NOT git OR NOT EXISTS "${SOURCE}/.git") # what is unpacked within another repository is not of its commit
    return()
  endif()
  execute_process(COMMAND ${git} -C ${SOURCE} describe --always --abbrev=12 RESULT_VARIABLE failed OUTPUT_VARIABLE name
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(COMMAND ${git} -C ${SOURCE} diff --name-only HEAD -- ":!*.md" RESULT_VARIABLE diff_failed
                  OUTPUT_VARIABLE changed ERROR_QUIET)
  if(failed OR diff_failed)
    return()
  endif()
  json_string(name "${name}")
  set(${commit} "${name}" PARENT_SCOPE)
  if(changed STREQUAL "")
    set(${dirty} false PARENT_SCOPE)
  else()
    set(${dirty} true PARENT_SCOPE)
  endif()
endfunction()

# Flags of a command: without the compiler, the files and what names a folder, which another machine lacks.
function(flags_of result command)
  separate_arguments(words UNIX_COMMAND "${command}")
  list(POP_FRONT words)
  set(flags)
  set(skip FALSE)
  foreach(word IN LISTS words)
    if(skip)
      set(skip FALSE)
    elseif(word MATCHES "^-(o|c|isystem|I)$")
      set(skip TRUE)
    elseif(NOT word MATCHES "/")
      list(APPEND flags "${word}")
    endif()
  endforeach()
  list(JOIN flags " " flags)
  set(${result} "${flags}" PARENT_SCOPE)
endfunction()

# One object for each source file of the library and each instruction set that it is compiled for.
function(files_json result)
  file(READ "${COMMANDS}" commands)
  string(JSON count LENGTH "${commands}")
  math(EXPR last "${count} - 1")
  set(objects)
  foreach(index RANGE ${last})
    string(JSON command GET "${commands}" ${index} command)
    if(NOT command MATCHES " -o [^ ]*CMakeFiles/aft(_table_[a-z0-9_]+)?\\.dir/")
      continue()
    endif()
    set(isa)
    if(command MATCHES "kernels/vec/vec_([a-z0-9_]+)\\.h")
      set(isa ${CMAKE_MATCH_1})
    endif()
    string(JSON file GET "${commands}" ${index} file)
    file(RELATIVE_PATH file "${SOURCE}" "${file}")
    flags_of(flags "${command}")
    json_string(file "${file}")
    json_string_or_null(isa "${isa}")
    json_string(flags "${flags}")
    list(APPEND objects "{\"file\": ${file}, \"isa\": ${isa}, \"flags\": ${flags}}")
  endforeach()
  list(JOIN objects ",\n" objects)
  set(${result} "[\n${objects}]" PARENT_SCOPE)
endfunction()

find_commit(commit dirty)
files_json(files)
json_string(version "${VERSION}")
json_string(compiler "${COMPILER}")
json_string(type "${BUILD_TYPE}")
json_string_or_null(sleef_version "${SLEEF_VERSION}")
json_string_or_null(benchmark_version "${BENCHMARK_VERSION}")
file(WRITE "${OUTPUT}.new" "R\"json({
\"libaft\": {\"version\": ${version}, \"commit\": ${commit}, \"dirty\": ${dirty}, \"sleef_version\": ${sleef_version}},
\"build\": {\"compiler\": ${compiler}, \"type\": ${type}, \"benchmark_library\": ${benchmark_version}, \"files\": ${files}}
})json\"
")
file(COPY_FILE "${OUTPUT}.new" "${OUTPUT}" ONLY_IF_DIFFERENT)
file(REMOVE "${OUTPUT}.new")
