// SPDX-License-Identifier: Apache-2.0
// Errors as values: what every fallible function of linnet returns.
#pragma once

#include <cstdint>
#include <expected>

namespace linnet {

/// Why something failed. The floors below `net` report nothing else.
enum class Errc : std::uint8_t {
  kMalformed,        ///< bytes or text that no rule of the format allows
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
struct Error {
  Errc code;
  std::uint8_t response = 0;

  friend constexpr bool operator==(const Error&, const Error&) = default;
};

template <typename T>
using Result = std::expected<T, Error>;

/// `return fail(Errc::kTruncated);` in any function that returns a Result.
[[nodiscard]] constexpr std::unexpected<Error> fail(Errc code, std::uint8_t response = 0) noexcept {
  return std::unexpected<Error>(Error{code, response});
}

/// A short English phrase, never null, for logs and messages to people.
[[nodiscard]] const char* to_string(Errc code) noexcept;

}  // namespace linnet
