// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/option.hpp"

#include "linnet/coap/features.hpp"
#include "linnet/coap/option_header.hpp"

namespace linnet::coap {

namespace {

constexpr OptionProperties row(OptionNumber number, OptionUse use, std::uint16_t min_length,
                               std::uint16_t max_length) noexcept {
  return {number, static_cast<std::uint16_t>(static_cast<unsigned>(use) & 15U),
          static_cast<std::uint16_t>(min_length & 1U), static_cast<std::uint16_t>(max_length & 0x7FFU)};
}

/// What is understood only with block-wise transfer.
constexpr OptionUse blockwise(OptionUse use, OptionUse otherwise) noexcept {
  return kBlockwise ? use : otherwise;
}

using enum OptionUse;

// RFC 7252 §5.10 table 4, and those of the documents named in option.hpp; ascending by number.
constexpr OptionProperties kProperties[] = {
    row(OptionNumber::kIfMatch, kRefused, 0, 8),
    row(OptionNumber::kUriHost, kSingle, 1, 255),
    row(OptionNumber::kEtag, blockwise(kEtag, kList), 1, 8),
    row(OptionNumber::kIfNoneMatch, kRefused, 0, 0),
    row(OptionNumber::kObserve, kObserve, 0, 3),
    row(OptionNumber::kUriPort, kSingle, 0, 2),
    row(OptionNumber::kLocationPath, kList, 0, 255),
    row(OptionNumber::kOscore, kRefused, 0, 255),
    row(OptionNumber::kUriPath, kList, 0, 255),
    row(OptionNumber::kContentFormat, kContentFormat, 0, 2),
    row(OptionNumber::kMaxAge, kMaxAge, 0, 4),
    row(OptionNumber::kUriQuery, kList, 0, 255),
    row(OptionNumber::kHopLimit, kSingle, 1, 1),
    row(OptionNumber::kAccept, kAccept, 0, 2),
    row(OptionNumber::kLocationQuery, kList, 0, 255),
    row(OptionNumber::kBlock2, blockwise(kBlock2, kRefused), 0, 3),
    row(OptionNumber::kBlock1, blockwise(kBlock1, kRefused), 0, 3),
    row(OptionNumber::kSize2, blockwise(kSize2, kSingle), 0, 4),
    row(OptionNumber::kProxyUri, kProxy, 1, 1034),
    row(OptionNumber::kProxyScheme, kProxy, 1, 255),
    row(OptionNumber::kSize1, blockwise(kSize1, kSingle), 0, 4),
    row(OptionNumber::kEcho, kChallenges ? kEcho : kSingle, 1, 40),
    row(OptionNumber::kNoResponse, kNoResponse, 0, 1),
    row(OptionNumber::kRequestTag, kList, 0, 8),
    row(OptionNumber{UINT16_MAX}, kRefused, 0, 0),  // the end
};

// Delta and length say so in their nibble when they go on in one or two bytes.
constexpr std::uint32_t kOneByte = 13;
constexpr std::uint32_t kTwoBytes = 14;
constexpr std::uint32_t kReserved = 15;
constexpr std::uint32_t kMissing = INT32_MAX;  // larger than any number of an option, and any message
constexpr std::uint32_t kOneByteBias = 13;
constexpr std::uint32_t kTwoBytesBias = 269;

/// The number that a nibble and its extension stand for; kMissing when bytes are missing.
std::uint32_t extended(std::uint32_t nibble, const std::uint8_t*& at, const std::uint8_t* end) noexcept {
  if (nibble < kOneByte) return nibble;
  const std::uint32_t size = nibble - kOneByte + 1;
  if (nibble == kReserved || static_cast<std::size_t>(end - at) < size) return kMissing;
  const std::uint8_t* const extension = at;
  at += size;
  if (nibble == kOneByte) return kOneByteBias + extension[0];
  return kTwoBytesBias + (static_cast<std::uint32_t>(extension[0]) << 8 | extension[1]);
}

std::uint32_t nibble(std::uint32_t value) noexcept {
  if (value < kOneByteBias) return value;
  return value < kTwoBytesBias ? kOneByte : kTwoBytes;
}

void write_extension(ByteWriter& out, std::uint32_t value) noexcept {
  if (value >= kTwoBytesBias)
    out.uint(value - kTwoBytesBias, 2);
  else if (value >= kOneByteBias)
    out.u8(static_cast<std::uint8_t>(value - kOneByteBias));
}

}  // namespace

const std::uint8_t* read_option(const std::uint8_t* at, const std::uint8_t* end, Option& option) noexcept {
  const std::uint32_t head = *at++;
  const std::uint32_t number = static_cast<std::uint32_t>(option.number) + extended(head >> 4, at, end);
  const std::uint32_t size = extended(head & 15U, at, end);
  if (number > UINT16_MAX || size > static_cast<std::size_t>(end - at)) return nullptr;
  option.number = static_cast<OptionNumber>(number);
  option.value = ByteView(at, size);
  return at + size;
}

void write_option_header(ByteWriter& out, std::uint16_t delta, std::size_t value_size) noexcept {
  if (value_size > kTwoBytesBias + 0xFFFF) return out.fail_now();
  const auto size = static_cast<std::uint32_t>(value_size);
  out.u8(static_cast<std::uint8_t>(nibble(delta) << 4 | nibble(size)));
  write_extension(out, delta);
  write_extension(out, size);
}

OptionTable::OptionTable() noexcept : row_(kProperties) {}

const OptionProperties* OptionTable::next(OptionNumber number) noexcept {
  while (row_->number < number) ++row_;
  return row_->number == number ? row_ : nullptr;
}

std::uint32_t Option::uint() const noexcept {
  std::size_t zeros = 0;
  while (zeros < value.size() && value[zeros] == 0) ++zeros;
  if (value.size() - zeros > 4) return UINT32_MAX;
  std::uint32_t number_read = 0;
  for (const std::uint8_t byte : value.subspan(zeros)) number_read = number_read << 8 | byte;
  return number_read;
}

Options::Iterator& Options::Iterator::operator++() noexcept {
  at_ = at_ != end_ ? read_option(at_, end_, current_) : nullptr;
  return *this;
}

std::optional<Option> Options::find(OptionNumber number) const noexcept {
  for (const Option& option : *this) {
    if (option.number == number) return option;
    if (option.number > number) break;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> Options::find_uint(OptionNumber number) const noexcept {
  const std::optional<Option> option = find(number);
  if (!option) return std::nullopt;
  return option->uint();
}

}  // namespace linnet::coap
