/* SPDX-License-Identifier: MIT */
/* Names for the numbers in the Main ID Register, MIDR_EL1, of Arm cores. */
#ifndef AFT_BENCH_MACHINE_ARM_CORES_H
#define AFT_BENCH_MACHINE_ARM_CORES_H

#include <cstdint>
#include <string>

namespace bench {

/* As "ARM"; "implementer 0x99" where it is not known. */
std::string arm_implementer_name(std::uint64_t implementer);

/* As "Neoverse-N1"; "ARM part 0x999" where it is not known. */
std::string arm_core_name(std::uint64_t implementer, std::uint64_t part);

} // namespace bench

#endif
