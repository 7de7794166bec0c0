// SPDX-License-Identifier: Apache-2.0
// Why an object definition was refused, for the person who wrote it.
#pragma once

#include <cstddef>
#include <expected>
#include <string>

namespace linnet::registry {

struct LoadError {
  std::string file;
  std::size_t line = 0;  ///< from 1; 0 where the file as a whole is meant
  std::string reason;    ///< an English phrase without a full stop

  /// `vendor.xml:12: unknown type "Strin"`
  [[nodiscard]] std::string to_string() const {
    return line == 0 ? file + ": " + reason : file + ":" + std::to_string(line) + ": " + reason;
  }
};

template <typename T>
using Loaded = std::expected<T, LoadError>;

}  // namespace linnet::registry
