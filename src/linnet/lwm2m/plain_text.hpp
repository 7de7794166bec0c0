// SPDX-License-Identifier: Apache-2.0
// Text from outside that can be logged, shown and put into JSON as it is.
#pragma once

#include <algorithm>
#include <string_view>

#include "linnet/lwm2m/codec_rules.hpp"

namespace linnet::lwm2m {

/// Well-formed UTF-8 without control characters.
[[nodiscard]] inline bool is_plain_text(std::string_view text) noexcept {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  return std::ranges::none_of(text, control) && valid_utf8(as_bytes(text));
}

}  // namespace linnet::lwm2m
