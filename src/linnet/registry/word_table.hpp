// SPDX-License-Identifier: Apache-2.0
// The words of a file format for the values of an enumeration.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace linnet::registry {

template <typename T>
struct Word {
  std::string_view text;
  T value;
};

template <typename T, std::size_t N>
[[nodiscard]] std::optional<T> value_of(const std::array<Word<T>, N>& words, std::string_view text) {
  const auto word = std::ranges::find(words, text, &Word<T>::text);
  if (word == words.end()) return std::nullopt;
  return word->value;
}

/// `words` must have the value.
template <typename T, std::size_t N>
[[nodiscard]] std::string_view text_of(const std::array<Word<T>, N>& words, T value) {
  return std::ranges::find(words, value, &Word<T>::value)->text;
}

}  // namespace linnet::registry
