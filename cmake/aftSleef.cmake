# SPDX-License-Identifier: MIT
# The target aft::sleef, if SLEEF is there: for the build, and, installed, for those who link the static library.
#
# SLEEF ships a CMake package from 3.6 on, before that a pkg-config file.

if(NOT TARGET aft::sleef)
  find_package(sleef CONFIG QUIET)
  if(NOT sleef_FOUND)
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
      pkg_check_modules(AFT_SLEEF QUIET IMPORTED_TARGET GLOBAL sleef)
    endif()
  endif()
  if(sleef_FOUND OR AFT_SLEEF_FOUND)
    add_library(aft::sleef INTERFACE IMPORTED GLOBAL)
    set_target_properties(aft::sleef PROPERTIES INTERFACE_LINK_LIBRARIES
                                                $<IF:$<BOOL:${sleef_FOUND}>,sleef::sleef,PkgConfig::AFT_SLEEF>)
  endif()
endif()
