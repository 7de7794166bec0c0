// SPDX-License-Identifier: Apache-2.0
// Why the simulated device does not do what a person or a script asked of it.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "linnet/base/result.hpp"

namespace linnet::device {

struct Refusal {
  Errc code;
  std::string text;  ///< a sentence without a full stop that says what to do instead
};

template <typename T>
using OrRefusal = std::expected<T, Refusal>;

[[nodiscard]] inline std::unexpected<Refusal> refuse(Errc code, std::string text) {
  return std::unexpected(Refusal{code, std::move(text)});
}

}  // namespace linnet::device
