// SPDX-License-Identifier: Apache-2.0
#include "linnet/card/ber.hpp"

namespace linnet::card {

namespace {

constexpr std::uint8_t kLongTag = 0x1F;
constexpr std::uint8_t kMore = 0x80;
constexpr std::size_t kMaxTagSize = 3;

Result<std::uint32_t> next_tag(ByteReader& in) noexcept {
  const auto first = in.u8();
  if (!first) return std::unexpected(first.error());
  std::uint32_t tag = *first;
  if ((*first & kLongTag) != kLongTag) return tag;
  for (std::size_t size = 1; size < kMaxTagSize; ++size) {
    const auto byte = in.u8();
    if (!byte) return std::unexpected(byte.error());
    tag = tag << 8 | *byte;
    if ((*byte & kMore) == 0) return tag;
  }
  return fail(Errc::kMalformed);
}

Result<std::size_t> next_length(ByteReader& in) noexcept {
  const auto first = in.u8();
  if (!first) return std::unexpected(first.error());
  if ((*first & kMore) == 0) return std::size_t{*first};
  const std::size_t width = *first & 0x7FU;
  if (width == 0 || width > 2) return fail(Errc::kMalformed);
  const auto length = in.uint(width);
  if (!length) return std::unexpected(length.error());
  return static_cast<std::size_t>(*length);
}

}  // namespace

Result<BerElement> next_element(ByteReader& in) noexcept {
  const auto tag = next_tag(in);
  if (!tag) return std::unexpected(tag.error());
  const auto length = next_length(in);
  if (!length) return std::unexpected(length.error());
  const auto value = in.bytes(*length);
  if (!value) return std::unexpected(value.error());
  return BerElement{*tag, *value};
}

Result<void> for_each_element(ByteView bytes, FunctionRef<Result<void>(const BerElement&)> take) noexcept {
  ByteReader in(bytes);
  while (!in.empty()) {
    if (*in.peek() == 0x00 || *in.peek() == 0xFF) return {};
    const auto element = next_element(in);
    if (!element) return std::unexpected(element.error());
    if (const auto taken = take(*element); !taken) return taken;
  }
  return {};
}

Result<ByteView> find_element(ByteView bytes, std::uint32_t tag) noexcept {
  ByteReader in(bytes);
  while (!in.empty()) {
    const auto element = next_element(in);
    if (!element) return std::unexpected(element.error());
    if (element->tag == tag) return element->value;
  }
  return fail(Errc::kNotFound);
}

}  // namespace linnet::card
