# SPDX-License-Identifier: MIT
"""Conan 2 recipe: `conan create .` builds libaft from this folder and tests it with tests/consumers/conan."""

import pathlib
import re

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy

required_conan_version = ">=2.4"


class AftRecipe(ConanFile):
    name = "aft"
    license = "MIT"
    description = "Attention Free Transformer layers on CPUs, the same to the last bit on every instruction set"
    topics = ("attention", "simd", "inference")
    package_type = "library"
    languages = ["C"]
    implements = ["auto_shared_fpic"]
    settings = "os", "compiler", "build_type", "arch"
    # exp=sleef calls the SLEEF that the system has.
    options = {"shared": [True, False], "fPIC": [True, False], "exp": ["builtin", "sleef"]}
    default_options = {"shared": False, "fPIC": True, "exp": "builtin"}
    exports_sources = "CMakeLists.txt", "LICENSE", "NOTICE", "cmake/*", "dispatch/*", "include/*", "kernels/*"
    test_package_folder = "tests/consumers/conan"

    def set_version(self):
        text = pathlib.Path(self.recipe_folder, "CMakeLists.txt").read_text(encoding="utf-8")
        self.version = re.search(r"^project\(aft VERSION ([0-9.]+)", text, re.MULTILINE)[1]

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables.update(AFT_EXP=str(self.options.exp), AFT_TESTS="OFF", AFT_BENCH="OFF")
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        for name in ("LICENSE", "NOTICE"):
            copy(self, name, self.source_folder, str(pathlib.Path(self.package_folder, "licenses")))
        CMake(self).install()

    def package_info(self):
        self.cpp_info.libs = ["aft"]
        if self.options.exp == "sleef" and not self.options.shared:
            self.cpp_info.system_libs = ["sleef"]
