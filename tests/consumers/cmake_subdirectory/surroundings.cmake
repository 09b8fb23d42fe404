# SPDX-License-Identifier: MIT
# What a subdirectory may change for the project that adds it: every variable in reach and the properties of the folder.

set(folder_properties COMPILE_DEFINITIONS COMPILE_OPTIONS INCLUDE_DIRECTORIES LINK_DIRECTORIES LINK_OPTIONS TESTS)

# Variables as NAME_variable_<name>, properties as NAME_property_<name>, all in the caller's scope.
macro(note_surroundings name)
  get_cmake_property(noted VARIABLES)
  list(FILTER noted EXCLUDE REGEX "^(before|after)_(variable|property)_|^noted|^CMAKE_(WARN|ERROR)_DEPRECATED$")
  foreach(noted_one IN LISTS noted)
    set(${name}_variable_${noted_one} "${${noted_one}}")
  endforeach()
  foreach(noted_one IN LISTS folder_properties)
    get_directory_property(${name}_property_${noted_one} ${noted_one})
  endforeach()
endmacro()

# Ends with an error unless all is as it was, but for variables in the cache: the library's own, what find_package and
# pkg-config note of SLEEF, and a language C that was not there.
function(compare_surroundings before after)
  set(changed)
  get_cmake_property(names VARIABLES)
  list(FILTER names INCLUDE REGEX "^(${before}|${after})_(variable|property)_")
  list(TRANSFORM names REPLACE "^(${before}|${after})_" "")
  list(REMOVE_DUPLICATES names)
  foreach(name IN LISTS names)
    if(NOT "${${before}_${name}}" STREQUAL "${${after}_${name}}")
      list(APPEND changed ${name})
    endif()
  endforeach()
  list(FILTER changed EXCLUDE REGEX "^variable_(AFT_|aft_)")
  list(FILTER changed EXCLUDE REGEX "^variable_(sleef_DIR|(PKG_CONFIG|__pkg_config|pkgcfg_lib_AFT_SLEEF)_.*|prefix_result)$")
  if(NOT "C" IN_LIST LANGUAGES)
    list(FILTER changed EXCLUDE REGEX "^variable_CMAKE_C_(COMPILER|FLAGS)")
  endif()
  if(changed)
    list(JOIN changed "\n  " changed)
    message(FATAL_ERROR "add_subdirectory(libaft) changed:\n  ${changed}")
  endif()
endfunction()
