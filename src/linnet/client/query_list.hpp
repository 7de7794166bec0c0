// SPDX-License-Identifier: Apache-2.0
// The Uri-Query options of a request of the device's own, one behind the other in a buffer.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "linnet/base/bytes.hpp"

namespace linnet::client {

class QueryList {
 public:
  static constexpr std::size_t kMaxQueries = 6;
  static constexpr std::size_t kMaxQuery = 255;  ///< bytes of one option (RFC 7252 §5.10)

  explicit QueryList(ByteSpan buffer) noexcept : out(buffer) {}

  /// What was written to `out` since the one before is one more.
  void end() noexcept;
  [[nodiscard]] std::span<const std::string_view> queries() const noexcept {
    return std::span(all_).first(count_);
  }

  /// None is longer than kMaxQuery.
  [[nodiscard]] bool fits() const noexcept { return fits_; }

  ByteWriter out;

 private:
  bool fits_ = true;
  std::size_t start_ = 0;
  std::size_t count_ = 0;
  std::array<std::string_view, kMaxQueries> all_;
};

}  // namespace linnet::client
