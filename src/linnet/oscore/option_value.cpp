// SPDX-License-Identifier: Apache-2.0
#include "linnet/oscore/option_value.hpp"

#include "linnet/oscore/cbor_writer.hpp"

namespace linnet::oscore {

namespace {

constexpr unsigned kSizeMask = 0x07;
constexpr unsigned kKidFlag = 0x08;
constexpr unsigned kKidContextFlag = 0x10;
constexpr unsigned kReserved = 0xE0;

}  // namespace

Result<OptionValue> OptionValue::decode(ByteView value) noexcept {
  OptionValue decoded;
  if (value.empty()) return decoded;
  if (value.size() > UINT8_MAX) return fail(Errc::kMalformed);
  ByteReader in(value);
  const unsigned flags = *in.u8();
  const std::size_t piv_size = flags & kSizeMask;
  if ((flags & kReserved) != 0 || piv_size > kMaxPartialIvSize) return fail(Errc::kMalformed);
  if (flags == 0) return fail(Errc::kMalformed);  // no flag is set: the value is empty
  if (piv_size != 0) {
    const Result<std::uint64_t> piv = in.uint(piv_size);
    if (!piv || (piv_size > 1 && *piv >> (8 * (piv_size - 1)) == 0)) return fail(Errc::kMalformed);
    decoded.piv = *piv;
  }
  if ((flags & kKidContextFlag) != 0) {
    const Result<std::uint8_t> size = in.u8();
    const Result<ByteView> bytes = in.bytes(size.value_or(UINT8_MAX));
    if (!size || !bytes) return fail(Errc::kMalformed);
    decoded.kid_context = *bytes;
  }
  if ((flags & kKidFlag) != 0)
    decoded.kid = in.rest();
  else if (!in.empty())
    return fail(Errc::kMalformed);
  return decoded;
}

Result<std::size_t> OptionValue::encode(ByteSpan out) const noexcept {
  ByteWriter writer(out);
  const ShortBytes<kMaxPartialIvSize> piv_bytes = piv ? encoded(*piv) : ShortBytes<kMaxPartialIvSize>();
  const unsigned flags =
      static_cast<unsigned>(piv_bytes.size()) | (kid ? kKidFlag : 0U) | (kid_context ? kKidContextFlag : 0U);
  if (flags == 0) return 0U;
  writer.u8(static_cast<std::uint8_t>(flags));
  writer.bytes(piv_bytes.view());
  if (kid_context) {
    if (kid_context->size() > UINT8_MAX) return fail(Errc::kNoSpace);
    writer.u8(static_cast<std::uint8_t>(kid_context->size()));
    writer.bytes(*kid_context);
  }
  if (kid) writer.bytes(*kid);
  return writer.finish();
}

Result<std::size_t> wrap(ByteView id_context, ByteSpan out) noexcept {
  ByteWriter writer(out);
  cbor_bytes(writer, id_context);
  return writer.finish();
}

std::optional<ByteView> unwrap(ByteView kid_context) noexcept {
  ByteReader in(kid_context);
  const unsigned head = in.u8().value_or(0);
  if (head >> 5 != kCborBytes) return std::nullopt;
  std::size_t size = head & 0x1FU;
  if (size == 24) size = in.u8().value_or(0);
  if (size > UINT8_MAX || in.remaining() != size || size == 0) return std::nullopt;
  return in.rest();
}

}  // namespace linnet::oscore
