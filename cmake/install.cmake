# SPDX-License-Identifier: MIT
# Installs the library, its headers, a CMake package and aft.pc. Nothing installed names a folder of the build, and the
# tree may be moved.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

install(FILES include/aft.h include/aft_openmp.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES LICENSE NOTICE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(TARGETS aft EXPORT aftTargets INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/aft)
install(EXPORT aftTargets NAMESPACE aft:: DESTINATION ${package_folder})
set(AFT_LINKS_SLEEF FALSE)
if(TARGET aft::sleef AND NOT BUILD_SHARED_LIBS)
  set(AFT_LINKS_SLEEF TRUE)
  install(FILES cmake/aftSleef.cmake DESTINATION ${package_folder})
endif()
configure_package_config_file(cmake/aftConfig.cmake.in aftConfig.cmake INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(aftConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/aftConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/aftConfigVersion.cmake
        DESTINATION ${package_folder})

# A folder of the installation may be absolute; then it does not move.
file(RELATIVE_PATH AFT_PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
cmake_path(APPEND AFT_PC_INCLUDEDIR "\${prefix}" ${CMAKE_INSTALL_INCLUDEDIR})
cmake_path(APPEND AFT_PC_LIBDIR "\${prefix}" ${CMAKE_INSTALL_LIBDIR})
set(AFT_PC_PRIVATE)
if(TARGET aft::sleef)
  set(AFT_PC_PRIVATE sleef)
endif()
configure_file(cmake/aft.pc.in aft.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/aft.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
