// SPDX-License-Identifier: Apache-2.0
// Errors as values: what every fallible function of linnet returns.
#pragma once

#include <bit>
#include <cstdint>
#include <expected>
#include <memory>
#include <type_traits>
#include <utility>

namespace linnet {

/// Why something failed. The floors below `net` report nothing else.
enum class Errc : std::uint8_t {
  kMalformed = 1,    ///< bytes or text that no rule of the format allows
  kTruncated,        ///< input ended inside an element
  kTooLarge,         ///< a named bound would be exceeded
  kNoSpace,          ///< the buffer or arena handed over is full
  kNotFound,         ///< no such object, instance, resource, registration, link
  kExists,           ///< it is there already
  kNotAllowed,       ///< the operation is not supported by what it names (R, W, E marks)
  kUnauthorized,     ///< the peer lacks the right
  kUnsupported,      ///< a format, option or version that is not understood
  kWrongType,        ///< a value of another data type than the resource's
  kInvalidArgument,  ///< the caller asked for something that cannot be
  kBusy,             ///< a bound on things under way is reached; later it will do
  kTimeout,          ///< no answer in the time the protocol gives
  kReset,            ///< the peer rejected the message (RFC 7252 §4.2)
  kClosed,           ///< the link, engine or file is gone
  kIo,               ///< the operating system or a store refused
};

/// An error and, where a peer must be told, the CoAP response code to tell it
/// (RFC 7252 §12.1.2 as a byte, 0 when there is none).
struct alignas(std::uint16_t) Error {  // as a whole, so that it travels in a register
  Errc code;
  std::uint8_t response = 0;

  friend constexpr bool operator==(const Error&, const Error&) = default;
};

/// What a Result keeps of an error: 0 for none, so that a processor needs one register and one
/// comparison for what std::expected spreads over three bytes of memory.
namespace packed_error {
using Bits = std::uint16_t;
[[nodiscard, gnu::always_inline]] constexpr Bits pack(Error error) noexcept {
  return std::bit_cast<Bits>(error);
}
[[nodiscard, gnu::always_inline]] constexpr Error unpack(unsigned bits) noexcept {
  return std::bit_cast<Error>(static_cast<Bits>(bits));
}
}  // namespace packed_error

/// A value or an Error, with the members of std::expected<T, Error> that linnet uses. What is not
/// copied as bytes is a std::expected.
template <typename T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

template <typename T>
  requires(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>)
class [[nodiscard]] Result<T> {
 public:
  using value_type = T;

  template <typename U = T>
    requires(std::is_constructible_v<T, U> && !std::is_same_v<std::remove_cvref_t<U>, Result>)
  constexpr explicit(!std::is_convertible_v<U, T>) Result(U&& value) noexcept
      : slot_(std::forward<U>(value)), error_(0) {}
  constexpr Result(
      std::unexpected<Error> error) noexcept  // NOLINT(google-explicit-constructor): as std::expected
      : slot_(), error_(packed_error::pack(error.error())) {}

  [[nodiscard]] constexpr bool has_value() const noexcept { return error_ == 0; }
  [[nodiscard]] constexpr explicit operator bool() const noexcept { return error_ == 0; }
  // Only where there is a value.
  [[nodiscard]] constexpr const T& operator*() const noexcept { return slot_.value; }
  [[nodiscard]] constexpr T& operator*() noexcept { return slot_.value; }
  [[nodiscard]] constexpr const T* operator->() const noexcept { return std::addressof(slot_.value); }
  [[nodiscard]] constexpr T* operator->() noexcept { return std::addressof(slot_.value); }
  [[nodiscard]] constexpr const T& value() const noexcept { return slot_.value; }
  template <typename U>
  [[nodiscard]] constexpr T value_or(U&& other) const noexcept {
    return error_ == 0 ? slot_.value : static_cast<T>(std::forward<U>(other));
  }
  /// Only where there is none.
  [[nodiscard, gnu::always_inline]] constexpr Error error() const noexcept {
    return packed_error::unpack(error_);
  }

  friend constexpr bool operator==(const Result& a, const Result& b) noexcept {
    return a.error_ == b.error_ && (a.error_ != 0 || a.slot_.value == b.slot_.value);
  }

 private:
  // A number needs no union, which a compiler would keep in memory.
  struct None {};
  union Slot {
    constexpr Slot() noexcept : none() {}
    template <typename U>  // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): made of a value alone
    constexpr explicit Slot(U&& given) noexcept : value(std::forward<U>(given)) {}
    None none;
    T value;
  };
  struct Number {
    constexpr Number() noexcept = default;
    template <typename U>  // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): made of a value alone
    constexpr explicit Number(U&& given) noexcept : value(static_cast<T>(std::forward<U>(given))) {}
    T value{};
  };
  std::conditional_t<std::is_scalar_v<T>, Number, Slot> slot_;
  packed_error::Bits error_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  constexpr Result() noexcept = default;
  constexpr Result(
      std::unexpected<Error> error) noexcept  // NOLINT(google-explicit-constructor): as std::expected
      : error_(packed_error::pack(error.error())) {}

  [[nodiscard]] constexpr bool has_value() const noexcept { return error_ == 0; }
  [[nodiscard]] constexpr explicit operator bool() const noexcept { return error_ == 0; }
  /// Only where there is one.
  [[nodiscard, gnu::always_inline]] constexpr Error error() const noexcept {
    return packed_error::unpack(error_);
  }

  friend constexpr bool operator==(const Result&, const Result&) noexcept = default;

 private:
  unsigned error_ = 0;  // a whole register
};

/// `return fail(Errc::kTruncated);` in any function that returns a Result.
[[nodiscard]] constexpr std::unexpected<Error> fail(Errc code, std::uint8_t response = 0) noexcept {
  return std::unexpected<Error>(Error{code, response});
}

/// A short English phrase, never null, for logs and messages to people.
[[nodiscard]] const char* to_string(Errc code) noexcept;

}  // namespace linnet
