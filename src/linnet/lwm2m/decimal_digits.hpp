// SPDX-License-Identifier: Apache-2.0
// Unsigned decimal numbers as the texts of LwM2M have them: digits only, no leading zero.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "linnet/base/bytes.hpp"

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

inline void write_digits(ByteWriter& out, std::uint64_t value) noexcept {
  std::array<char, 20> digits;
  std::size_t first = digits.size();
  do {
    digits[--first] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  out.text({digits.data() + first, digits.size() - first});
}

}  // namespace linnet::lwm2m
