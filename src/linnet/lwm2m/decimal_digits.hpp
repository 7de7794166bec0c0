// SPDX-License-Identifier: Apache-2.0
// Unsigned decimal numbers as the texts of LwM2M have them: digits only, no leading zero.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "linnet/base/bytes.hpp"
#include "linnet/base/outlined.hpp"
#include "linnet/base/quotient.hpp"

namespace linnet::lwm2m {

/// A number from 0 to `max`: one or more digits and nothing else. kMalformed otherwise.
[[nodiscard]] LINNET_OUTLINED constexpr Result<std::uint32_t> parse_digits(std::string_view text,
                                                                           std::uint32_t max) noexcept {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return fail(Errc::kMalformed);
  std::uint32_t value = 0;
  for (const char c : text) {
    const unsigned digit = static_cast<unsigned char>(c) - unsigned{'0'};
    const std::uint64_t longer = std::uint64_t{value} * 10 + digit;
    if (digit > 9 || longer > max) return fail(Errc::kMalformed);
    value = static_cast<std::uint32_t>(longer);
  }
  return value;
}

LINNET_OUTLINED inline void write_digits(ByteWriter& out, std::uint64_t value) noexcept {
  std::array<char, 20> digits;
  std::size_t first = digits.size();
  do {
    const Quotient tenth = divide(value, 10);
    digits[--first] = static_cast<char>('0' + tenth.remainder);
    value = tenth.quotient;
  } while (value != 0);
  out.text({digits.data() + first, digits.size() - first});
}

}  // namespace linnet::lwm2m
