// SPDX-License-Identifier: Apache-2.0
// CBOR data items one after the other (RFC 8949): a pull reader that takes all well-formed input
// and a writer of preferred serialization (§4.1). Inside `lwm2m`.
#pragma once

#include <array>

#include "linnet/lwm2m/item_reader.hpp"

namespace linnet::lwm2m {

enum class CborMajor : std::uint8_t { kUnsigned, kNegative, kBytes, kText, kArray, kMap, kTag, kSimple };

/// Tags may stand before any item. Gives kInteger, kUnsigned, kFloat, kBoolean, kString or kOpaque, and
/// kTime for an integer under tag 1. Tags 2 to 5 (bignum, decimal fraction, bigfloat) give numbers.
class CborReader final : public ItemReader {
 public:
  static constexpr std::size_t kMaxDepth = 10;  ///< of containers, one in the other; deeper is kTooLarge
  static constexpr int kMaxTags = 4;            ///< on one item; more are kTooLarge

  explicit CborReader(ByteView bytes) noexcept : at_(bytes.data()), end_(at_ + bytes.size()) {}

  Item next() noexcept override;
  void read(ByteSpan scratch) noexcept override;

 private:
  [[nodiscard]] bool head() noexcept;
  [[nodiscard]] bool head_behind_tags() noexcept;
  [[nodiscard]] ByteView take() noexcept;
  void take_chunks(CborMajor major, ByteWriter& joined) noexcept;
  void read_number() noexcept;
  void read_simple() noexcept;
  void read_bignum() noexcept;
  void read_fraction(ByteSpan scratch) noexcept;

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  const std::uint8_t* chunks_ = nullptr;  // of the string that was read, null where it is in one piece
  std::uint64_t argument_ = 0;            // of the last head, as what follows
  CborMajor major_{};
  std::uint8_t info_ = 0;  // the low five bits
  std::uint8_t tag_ = 0;   // the last one before the item, 0 for none and for one that means nothing
  bool started_ = false;
  std::array<std::uint32_t, kMaxDepth> left_;  // items of each open container, or what comes next in it
};

void write_cbor_head(ByteWriter& out, CborMajor major, std::uint64_t argument) noexcept;
void write_cbor_integer(ByteWriter& out, std::int64_t v) noexcept;
/// Half, single or double: the shortest that is exact; every NaN is 0xf97e00.
void write_cbor_double(ByteWriter& out, double v) noexcept;
void write_cbor_text(ByteWriter& out, std::string_view v) noexcept;
/// A value of any type; a Time as the integer that it is, an Objlnk as its text.
void write_cbor_value(ByteWriter& out, const Value& value) noexcept;

}  // namespace linnet::lwm2m
