// SPDX-License-Identifier: Apache-2.0
// 64-bit numbers divided by small ones. A 32-bit processor has no instruction for it, and the general
// routine of its compiler is nine times as large as this.
#pragma once

#include <cstddef>
#include <cstdint>

#include "linnet/base/outlined.hpp"

namespace linnet {

struct Quotient {
  std::uint64_t quotient;
  std::uint32_t remainder;
};

/// `divisor` must not be 0.
[[nodiscard]] LINNET_OUTLINED constexpr Quotient divide(std::uint64_t dividend,
                                                        std::uint16_t divisor) noexcept {
  if constexpr (sizeof(std::size_t) >= sizeof(std::uint64_t)) {
    return {dividend / divisor, static_cast<std::uint32_t>(dividend % divisor)};
  }
  std::uint64_t quotient = 0;
  std::uint32_t rest = 0;
  for (int i = 0; i < 4; ++i) {
    rest = rest << 16 | static_cast<std::uint32_t>(dividend >> 48);
    dividend <<= 16;
    quotient = quotient << 16 | rest / divisor;
    rest %= divisor;
  }
  return {quotient, rest};
}

}  // namespace linnet
