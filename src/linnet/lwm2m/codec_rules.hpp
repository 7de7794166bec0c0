// SPDX-License-Identifier: Apache-2.0
// What the content formats have in common: their errors, typing of decoded values, UTF-8 and the text of an
// Objlnk. Inside `lwm2m`.
#pragma once

#include <array>

#include "linnet/lwm2m/codec.hpp"
#include "linnet/lwm2m/float_bits.hpp"

namespace linnet::lwm2m {

// The response codes that a payload can earn (RFC 7252 §5.9.2).
inline constexpr std::uint8_t kResponseBadRequest = 0x80;         // 4.00
inline constexpr std::uint8_t kResponseNotAcceptable = 0x86;      // 4.06
inline constexpr std::uint8_t kResponseTooLarge = 0x8D;           // 4.13
inline constexpr std::uint8_t kResponseUnsupportedFormat = 0x8F;  // 4.15

[[nodiscard]] constexpr std::unexpected<Error> malformed() noexcept {
  return fail(Errc::kMalformed, kResponseBadRequest);
}
[[nodiscard]] constexpr std::unexpected<Error> truncated() noexcept {
  return fail(Errc::kTruncated, kResponseBadRequest);
}
[[nodiscard]] constexpr std::unexpected<Error> wrong_type() noexcept {
  return fail(Errc::kWrongType, kResponseBadRequest);
}
[[nodiscard]] constexpr std::unexpected<Error> too_large() noexcept {
  return fail(Errc::kTooLarge, kResponseTooLarge);
}
[[nodiscard]] constexpr std::unexpected<Error> not_acceptable() noexcept {
  return fail(Errc::kUnsupported, kResponseNotAcceptable);
}
[[nodiscard]] constexpr std::unexpected<Error> unsupported_format() noexcept {
  return fail(Errc::kUnsupported, kResponseUnsupportedFormat);
}

/// Makes `value` one of the type `wanted`, kNone leaving it as it is. An integer for a Float is rounded where
/// it must be: the formats have one kind of number. A String for an Objlnk is read as its text: Leshan 2.0
/// sends it as `vs` or `sv`.
[[nodiscard]] Result<void> make_typed(Value& value, DataType wanted) noexcept;

/// Well-formed UTF-8 (RFC 3629): no overlong form, no surrogate, nothing above U+10FFFF.
[[nodiscard]] bool valid_utf8(ByteView text) noexcept;

/// "10:3" (Core 1.1 appendix C); both IDs 0 to 65535.
void write_objlnk(ByteWriter& out, Objlnk link) noexcept;

/// The longest text form of an Objlnk.
inline constexpr std::size_t kMaxObjlnkText = 11;

/// An Objlnk as a short text of its own.
class ObjlnkText {
 public:
  explicit ObjlnkText(Objlnk link) noexcept;
  [[nodiscard]] std::string_view view() const noexcept { return as_text(ByteView(text_).first(size_)); }

 private:
  std::array<std::uint8_t, kMaxObjlnkText> text_{};
  std::size_t size_ = 0;
};

}  // namespace linnet::lwm2m
