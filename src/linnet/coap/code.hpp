// SPDX-License-Identifier: Apache-2.0
// Message types, method and response codes (RFC 7252 §3, §12.1; RFC 7959, 8132, 8323, 8516).
#pragma once

#include <cstdint>

namespace linnet::coap {

enum class Type : std::uint8_t { kConfirmable, kNonConfirmable, kAcknowledgement, kReset };

/// The code byte: three bits of class, five of detail. Values that are not listed may come from
/// the network and stay what they are.
enum class Code : std::uint8_t {
  kEmpty = 0x00,
  kGet = 0x01,
  kPost = 0x02,
  kPut = 0x03,
  kDelete = 0x04,
  kFetch = 0x05,
  kPatch = 0x06,
  kIPatch = 0x07,
  kCreated = 0x41,
  kDeleted = 0x42,
  kValid = 0x43,
  kChanged = 0x44,
  kContent = 0x45,
  kContinue = 0x5F,
  kBadRequest = 0x80,
  kUnauthorized = 0x81,
  kBadOption = 0x82,
  kForbidden = 0x83,
  kNotFound = 0x84,
  kMethodNotAllowed = 0x85,
  kNotAcceptable = 0x86,
  kRequestEntityIncomplete = 0x88,
  kConflict = 0x89,
  kPreconditionFailed = 0x8C,
  kRequestEntityTooLarge = 0x8D,
  kUnsupportedContentFormat = 0x8F,
  kUnprocessableEntity = 0x96,
  kTooManyRequests = 0x9D,
  kInternalServerError = 0xA0,
  kNotImplemented = 0xA1,
  kBadGateway = 0xA2,
  kServiceUnavailable = 0xA3,
  kGatewayTimeout = 0xA4,
  kProxyingNotSupported = 0xA5,
  kCsm = 0xE1,  ///< signalling messages of reliable transports (RFC 8323 §5)
  kPing = 0xE2,
  kPong = 0xE3,
  kRelease = 0xE4,
  kAbort = 0xE5,
};

[[nodiscard]] constexpr std::uint8_t code_class(Code code) noexcept {
  return static_cast<std::uint8_t>(code) >> 5;
}
[[nodiscard]] constexpr std::uint8_t code_detail(Code code) noexcept {
  return static_cast<std::uint8_t>(code) & 0x1F;
}
[[nodiscard]] constexpr bool is_request(Code code) noexcept {
  return code_class(code) == 0 && code != Code::kEmpty;
}
[[nodiscard]] constexpr bool is_response(Code code) noexcept {
  return code_class(code) >= 2 && code_class(code) <= 5;
}
[[nodiscard]] constexpr bool is_signal(Code code) noexcept {
  return code_class(code) == 7;
}
[[nodiscard]] constexpr bool is_success(Code code) noexcept {
  return code_class(code) == 2;
}

}  // namespace linnet::coap
