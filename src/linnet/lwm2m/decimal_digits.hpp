// SPDX-License-Identifier: Apache-2.0
// Unsigned decimal numbers as the texts of LwM2M have them: digits only, no leading zero.
#pragma once

#include <cstdint>
#include <string_view>

#include "linnet/base/result.hpp"

namespace linnet::lwm2m {

/// A number from 0 to `max`: one or more digits and nothing else. kMalformed otherwise.
[[nodiscard]] constexpr Result<std::uint64_t> parse_digits(std::string_view text,
                                                           std::uint64_t max) noexcept {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return fail(Errc::kMalformed);
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return fail(Errc::kMalformed);
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (max - digit) / 10 || digit > max) return fail(Errc::kMalformed);
    value = value * 10 + digit;
  }
  return value;
}

}  // namespace linnet::lwm2m
