// SPDX-License-Identifier: Apache-2.0
// The arguments of Execute (Core 1.1 §6.3.5): `0='a',1,2='b'`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "linnet/base/bytes.hpp"

namespace linnet::lwm2m {

/// One argument: a digit and, where `=` follows, a value. A view into the text.
struct ExecuteArgument {
  std::uint8_t digit = 0;  ///< 0 to 9
  std::optional<std::string_view> value;

  friend constexpr bool operator==(const ExecuteArgument&, const ExecuteArgument&) = default;
};

/// Gives the arguments one by one; each digit may stand once. Double quotes around a value are
/// taken too (`0="U"`, as Registration Update Trigger is often written), and any text inside that is
/// not a control character or the quote itself.
class ExecuteArgumentReader {
 public:
  explicit constexpr ExecuteArgumentReader(std::string_view text) noexcept : rest_(text) {}
  /// The next one, nothing behind the last, or kMalformed or kTruncated with 4.00.
  [[nodiscard]] Result<std::optional<ExecuteArgument>> next() noexcept;

 private:
  [[nodiscard]] Result<void> take(ExecuteArgument& argument) noexcept;

  std::string_view rest_;
  std::uint16_t seen_ = 0;  // a bit for each digit
};

/// Appends an argument, with a comma before it where `out` holds one already (`first` is false).
/// kInvalidArgument, and nothing written, for a digit over 9 or a value with a character that the
/// grammar has not (blank, quotes, backslash, beyond ASCII).
[[nodiscard]] Result<void> write_execute_argument(ByteWriter& out, const ExecuteArgument& argument,
                                                  bool first) noexcept;

}  // namespace linnet::lwm2m
