// SPDX-License-Identifier: Apache-2.0
// The range of a resource as object definitions write it: "0..100", "0-4", "16,32,48", "0..255 bytes".
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "linnet/lwm2m/value.hpp"

namespace linnet::registry {

/// Which values a resource takes. Numbers are bounded by value, text and bytes by length. What is
/// written in no form that is understood bounds nothing.
class ValueRange {
 public:
  ValueRange() = default;
  [[nodiscard]] static ValueRange parse(std::string_view text, lwm2m::DataType type);

  [[nodiscard]] bool accepts(const lwm2m::Value& value) const noexcept;
  /// `wanted` where it lies inside, else the nearest bound.
  [[nodiscard]] double nearest(double wanted) const noexcept;

 private:
  struct Span {
    double low, high;  ///< both belong to it
  };

  std::vector<Span> spans_;  ///< empty: no bounds
};

}  // namespace linnet::registry
