// SPDX-License-Identifier: Apache-2.0
// What the compiler calls where doubles are added, subtracted and compared, under the names of the run-time
// ABI of the Arm architecture (§4.1.2). Nothing else is done with doubles; they travel in the registers of
// 64-bit integers.
#include "double_arithmetic.hpp"

namespace {

constexpr int compares(std::uint64_t a, std::uint64_t b, unsigned wanted) noexcept {
  return (static_cast<unsigned>(board::order(a, b)) & wanted) != 0 ? 1 : 0;
}

constexpr unsigned kLess = static_cast<unsigned>(board::Order::kLess);
constexpr unsigned kEqual = static_cast<unsigned>(board::Order::kEqual);
constexpr unsigned kGreater = static_cast<unsigned>(board::Order::kGreater);

}  // namespace

extern "C" {

std::uint64_t __aeabi_dadd(std::uint64_t a, std::uint64_t b) {
  return board::add(a, b);
}
std::uint64_t __aeabi_dsub(std::uint64_t a, std::uint64_t b) {
  return __aeabi_dadd(a, b ^ board::kSign);
}
int __aeabi_dcmpeq(std::uint64_t a, std::uint64_t b) {
  return compares(a, b, kEqual);
}
int __aeabi_dcmplt(std::uint64_t a, std::uint64_t b) {
  return compares(a, b, kLess);
}
int __aeabi_dcmple(std::uint64_t a, std::uint64_t b) {
  return compares(a, b, kLess | kEqual);
}
int __aeabi_dcmpge(std::uint64_t a, std::uint64_t b) {
  return compares(a, b, kGreater | kEqual);
}
int __aeabi_dcmpgt(std::uint64_t a, std::uint64_t b) {
  return compares(a, b, kGreater);
}
}
