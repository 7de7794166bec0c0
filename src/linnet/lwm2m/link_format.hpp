// SPDX-License-Identifier: Apache-2.0
// CoRE Link Format (RFC 6690): a pull parser over text and a writer, for Register payloads and
// Discover answers.
//
// What the parser takes beyond the grammar: blanks (space, tab, CR, LF) around links, attributes
// and the `=`, and blanks inside a target, as the example of the transport document has them
// (`</lwm2m /1/0>`, TS 6.4.1). They stay in the view; who reads paths out of a target skips them,
// since no valid URI contains one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "linnet/base/bytes.hpp"
#include "linnet/lwm2m/decimal_digits.hpp"
#include "linnet/lwm2m/path.hpp"
#include "linnet/lwm2m/version.hpp"

namespace linnet::lwm2m {

inline constexpr std::size_t kMaxLinkAttributes = 32;  ///< more in one link is kTooLarge

/// One `;name`, `;name=value` or `;name="value"`. Views into the text that was parsed.
struct LinkAttribute {
  std::string_view name;
  std::string_view value;  ///< without the quotes, backslash escapes still in it
  bool quoted = false;

  /// The value with its escapes resolved, into `out`; kNoSpace when it does not fit.
  [[nodiscard]] Result<std::string_view> unescape(ByteSpan out) const noexcept;
};

/// Walks the attributes of a link that LinkReader has checked.
class LinkAttributes {
 public:
  explicit constexpr LinkAttributes(std::string_view text) noexcept : rest_(text) {}
  /// The next one, or nothing behind the last.
  [[nodiscard]] std::optional<LinkAttribute> next() noexcept;

 private:
  std::string_view rest_;
};

/// One link: a view into the text that was parsed.
struct Link {
  std::string_view target;           ///< what stands between `<` and `>`
  std::string_view attributes_text;  ///< from the first `;` on, empty for none

  [[nodiscard]] LinkAttributes attributes() const noexcept { return LinkAttributes(attributes_text); }
  /// The first attribute of that name (RFC 8288 §3: later ones do not count).
  [[nodiscard]] std::optional<LinkAttribute> find(std::string_view name) const noexcept;
};

/// Gives the links of a list one by one, each checked as a whole, in one pass over the text.
class LinkReader {
 public:
  explicit constexpr LinkReader(std::string_view text) noexcept : rest_(text) {}
  /// The next link, nothing behind the last, or kMalformed, kTruncated or kTooLarge with 4.00.
  [[nodiscard]] Result<std::optional<Link>> next() noexcept;

 private:
  std::string_view rest_;
  bool started_ = false;
};

/// Appends links to a ByteWriter, which says at its end whether all of it fitted.
class LinkWriter {
 public:
  /// `prefix` ("/lwm2m", empty for none) stands before each path, and must outlive the writer.
  explicit LinkWriter(ByteWriter& out, std::string_view prefix = {}) noexcept : out_(out), prefix_(prefix) {}

  /// Starts a link; the attributes that follow are its own. The root path under a prefix is the prefix alone.
  void link(const Path& path) noexcept;
  void link(std::string_view target) noexcept;

  [[gnu::always_inline]] void attribute(std::string_view name) noexcept { begin(name.data(), name.size()); }
  /// `value` must be a token: none of blank, quote, comma, semicolon, backslash.
  [[gnu::always_inline]] void attribute(std::string_view name, std::string_view value) noexcept {
    out_with_value(name).text(value);
  }
  [[gnu::always_inline]] void attribute(std::string_view name, std::uint64_t value) noexcept {
    write_digits(out_with_value(name), value);
  }
  [[gnu::always_inline]] void attribute(std::string_view name, Version version) noexcept {
    version.write(out_with_value(name));
  }
  /// A quoted string; quotes and backslashes in `value` are escaped.
  [[gnu::always_inline]] void quoted(std::string_view name, std::string_view value) noexcept {
    attribute(name);
    quote(value.data(), value.size());
  }

  [[nodiscard]] std::string_view prefix() const noexcept { return prefix_; }
  [[nodiscard]] ByteWriter& out() noexcept { return out_; }
  /// An attribute up to its value, which the caller writes.
  [[nodiscard, gnu::always_inline]] ByteWriter& out_with_value(std::string_view name) noexcept {
    return begin_value(name.data(), name.size());
  }

 private:
  // Two words in registers, where a text would travel through memory.
  void begin(const char* name, std::size_t size) noexcept;
  ByteWriter& begin_value(const char* name, std::size_t size) noexcept;
  void quote(const char* value, std::size_t size) noexcept;
  void separate() noexcept;

  ByteWriter& out_;
  bool started_ = false;
  std::string_view prefix_;
};

}  // namespace linnet::lwm2m
