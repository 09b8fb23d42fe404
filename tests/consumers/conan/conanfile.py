# SPDX-License-Identifier: MIT
"""What `conan create` of libaft's recipe runs: an engine that requires the package."""

import pathlib

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout


class ConsumerRecipe(ConanFile):
    settings = "os", "compiler", "build_type", "arch"
    generators = "CMakeDeps", "CMakeToolchain"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def build(self):
        cmake = CMake(self)
        cmake.configure(build_script_folder="../cmake_package")
        cmake.build()

    def test(self):
        if can_run(self):
            for name in ("consumer", "consumer_cpp"):
                self.run(str(pathlib.Path(self.build_folder, name)), env="conanrun")
