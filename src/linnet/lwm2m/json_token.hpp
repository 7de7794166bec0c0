// SPDX-License-Identifier: Apache-2.0
// JSON text, item by item (RFC 8259): a pull reader without recursion and the writing of strings. Inside
// `lwm2m`.
#pragma once

#include <array>

#include "linnet/lwm2m/item_reader.hpp"

namespace linnet::lwm2m {

/// A copy goes on from where the reader is.
class JsonReader final : public ItemReader {
 public:
  static constexpr std::size_t kMaxDepth = 18;  ///< of containers, one in the other; deeper is kTooLarge

  explicit JsonReader(std::string_view text) noexcept : at_(text.data()), end_(at_ + text.size()) {}

  Item next() noexcept override;
  void read(ByteSpan scratch) noexcept override;

 private:
  [[nodiscard]] char peek() noexcept;        // the next character that is no white space, 0 at the end
  [[nodiscard]] bool take(char c) noexcept;  // where this is it
  [[nodiscard]] bool accept(const char* word) noexcept;
  Item string() noexcept;
  Item stop() noexcept;  // by a character that cannot be here

  const char* at_;
  const char* end_;
  std::array<char, kMaxDepth> close_;  // what ends each open container
  bool fresh_ = true;                  // nothing of the innermost one was read yet
  bool behind_key_ = false;
  bool escaped_ = false;  // `value_` is a string as it stands between its quotes
};

/// Appends `text`, which is UTF-8, in quotes and with the shortest escapes.
void write_json_string(ByteWriter& out, std::string_view text) noexcept;

}  // namespace linnet::lwm2m
