// SPDX-License-Identifier: Apache-2.0
// Options: numbers, the table of their properties, and iteration over encoded ones (RFC 7252 §5.4,
// §5.10; RFC 7641, 7959, 7967, 8768, 9175).
#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "linnet/base/bytes.hpp"

namespace linnet::coap {

enum class OptionNumber : std::uint16_t {
  kIfMatch = 1,
  kUriHost = 3,
  kEtag = 4,
  kIfNoneMatch = 5,
  kObserve = 6,
  kUriPort = 7,
  kLocationPath = 8,
  kOscore = 9,
  kUriPath = 11,
  kContentFormat = 12,
  kMaxAge = 14,
  kUriQuery = 15,
  kHopLimit = 16,
  kAccept = 17,
  kLocationQuery = 20,
  kBlock2 = 23,
  kBlock1 = 27,
  kSize2 = 28,
  kProxyUri = 35,
  kProxyScheme = 39,
  kSize1 = 60,
  kEcho = 252,
  kNoResponse = 258,
  kRequestTag = 292,
};

// The properties are bits of the number itself (RFC 7252 §5.4.6).
[[nodiscard]] constexpr bool is_critical(OptionNumber n) noexcept {
  return (static_cast<unsigned>(n) & 1U) != 0;
}
[[nodiscard]] constexpr bool is_unsafe(OptionNumber n) noexcept {
  return (static_cast<unsigned>(n) & 2U) != 0;
}
[[nodiscard]] constexpr bool is_no_cache_key(OptionNumber n) noexcept {
  return (static_cast<unsigned>(n) & 0x1EU) == 0x1C;
}

/// What an endpoint does with an option.
enum class OptionUse : std::uint8_t {
  kList,     ///< passed on; may be repeated
  kEtag,     ///< the first one is taken; may be repeated
  kRefused,  ///< not acted on, and not to be passed over
  kSingle,   ///< passed on
  kProxy,
  kEcho,
  kContentFormat,  // from here on those of format uint
  kMaxAge,
  kAccept,
  kObserve,  // the first that a cache key leaves out
  kNoResponse,
  kBlock2,
  kBlock1,  // the last that a cache key leaves out
  kSize2,
  kSize1,
};

/// One row of the option table.
struct OptionProperties {
  OptionNumber number;
  std::uint16_t use : 4;         ///< OptionUse
  std::uint16_t min_length : 1;  ///< bytes
  std::uint16_t max_length : 11;
};

/// Finds the rows of options that come in ascending order, as those of a message do.
class OptionTable {
 public:
  OptionTable() noexcept;
  /// The row of a known option, or null; no number is smaller than the one before.
  [[nodiscard]] const OptionProperties* next(OptionNumber number) noexcept;

 private:
  const OptionProperties* row_;
};
/// The row of a known option, or null.
[[nodiscard]] inline const OptionProperties* properties(OptionNumber number) noexcept {
  return OptionTable().next(number);
}

/// One option of a message; the value is a view into it.
struct Option {
  OptionNumber number{};
  ByteView value;

  [[nodiscard]] std::string_view text() const noexcept { return as_text(value); }
  /// Format uint: big endian, leading zeros allowed; more than 4 bytes gives UINT32_MAX.
  [[nodiscard]] std::uint32_t uint() const noexcept;
};

/// Encoded options that have been checked by Message::decode, in ascending order.
class Options {
 public:
  class Iterator {
   public:
    Iterator() noexcept = default;
    explicit Iterator(ByteView encoded) noexcept : at_(encoded.data()), end_(at_ + encoded.size()) {
      ++*this;
    }
    [[nodiscard]] const Option& operator*() const noexcept { return current_; }
    [[nodiscard]] const Option* operator->() const noexcept { return &current_; }
    Iterator& operator++() noexcept;
    friend bool operator==(const Iterator& a, std::default_sentinel_t) noexcept { return a.at_ == nullptr; }

   private:
    const std::uint8_t* at_ =
        nullptr;  // where the option behind the current one starts; null behind the last
    const std::uint8_t* end_ = nullptr;
    Option current_;
  };

  explicit Options(ByteView encoded) noexcept : encoded_(encoded) {}

  [[nodiscard]] Iterator begin() const noexcept { return Iterator(encoded_); }
  [[nodiscard]] static constexpr std::default_sentinel_t end() noexcept { return {}; }
  /// The first option of that number.
  [[nodiscard]] std::optional<Option> find(OptionNumber number) const noexcept;
  [[nodiscard]] std::optional<std::uint32_t> find_uint(OptionNumber number) const noexcept;
  [[nodiscard]] ByteView encoded() const noexcept { return encoded_; }

 private:
  ByteView encoded_;
};

}  // namespace linnet::coap
