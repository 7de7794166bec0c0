// SPDX-License-Identifier: Apache-2.0
// JSON text, token by token (RFC 8259): a pull reader without recursion and the writing of
// strings. Inside `lwm2m`.
#pragma once

#include "linnet/base/bytes.hpp"
#include "linnet/lwm2m/value.hpp"

namespace linnet::lwm2m {

/// A string as it stands between its quotes: valid UTF-8 with valid escapes.
class JsonString {
 public:
  JsonString(ByteView raw, bool escaped) noexcept : raw_(raw), escaped_(escaped) {}

  [[nodiscard]] bool is(std::string_view text) const noexcept;
  [[nodiscard]] bool ends_with(char c) const noexcept;
  /// The string itself: the input, or in `scratch` where it has escapes. kTooLarge where it does not fit.
  [[nodiscard]] Result<std::string_view> text(ByteSpan scratch) const noexcept;

 private:
  ByteView raw_;
  bool escaped_;
};

/// Walks a JSON text. The caller says what must come next; anything else is Errc::kMalformed or
/// kTruncated (4.00), or kWrongType (4.00) where it is a value of another kind.
class JsonReader {
 public:
  static constexpr std::size_t kMaxNesting = 16;  ///< of a value that is skipped; deeper is kTooLarge

  explicit JsonReader(ByteView text) noexcept : text_(text) {}

  /// An object or array that is being read.
  struct Container {
    char close;
    bool first = true;
  };

  [[nodiscard]] Result<Container> open_object() noexcept { return open('{', '}'); }
  [[nodiscard]] Result<Container> open_array() noexcept { return open('[', ']'); }
  /// True where another member or element follows; takes the comma or the closing bracket.
  [[nodiscard]] Result<bool> more(Container& container) noexcept;
  /// The name of a member and the colon behind it.
  [[nodiscard]] Result<JsonString> key() noexcept;

  [[nodiscard]] Result<JsonString> string() noexcept;
  /// A string (kString, unescaped into `scratch` where it must be), a number or a boolean.
  [[nodiscard]] Result<Value> value(ByteSpan scratch) noexcept;
  /// Passes over one value of any kind.
  [[nodiscard]] Result<void> skip() noexcept;
  /// Nothing but white space may be left.
  [[nodiscard]] Result<void> end() noexcept;

 private:
  [[nodiscard]] char peek() noexcept;  // the next character that is no white space, 0 at the end
  [[nodiscard]] bool accept(std::string_view word) noexcept;
  [[nodiscard]] Result<Container> open(char opening, char closing) noexcept;
  [[nodiscard]] Result<Value> number() noexcept;
  [[nodiscard]] std::unexpected<Error> unexpected() noexcept;

  ByteView text_;
  std::size_t at_ = 0;
};

/// Appends `text`, which is UTF-8, in quotes and with the shortest escapes.
void write_json_string(ByteWriter& out, std::string_view text) noexcept;

}  // namespace linnet::lwm2m
