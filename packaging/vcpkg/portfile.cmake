# SPDX-License-Identifier: MIT
# An overlay port of libaft for vcpkg: `vcpkg install aft --overlay-ports=packaging/vcpkg`, from a checkout of libaft.
#
# UNTESTED: documentation of what a port needs. No test runs it. What it configures and installs is tested with CMake alone
# (tests/consumers/cmake_package).

set(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../..")

vcpkg_cmake_configure(SOURCE_PATH "${SOURCE_PATH}" OPTIONS -DAFT_EXP=builtin -DAFT_TESTS=OFF -DAFT_BENCH=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/aft)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE" "${SOURCE_PATH}/NOTICE")
