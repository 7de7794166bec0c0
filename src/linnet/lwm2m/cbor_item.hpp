// SPDX-License-Identifier: Apache-2.0
// CBOR data items one after the other (RFC 8949): a pull reader that takes all well-formed input
// and a writer of preferred serialization (§4.1). Inside `lwm2m`.
#pragma once

#include "linnet/base/bytes.hpp"
#include "linnet/lwm2m/value.hpp"

namespace linnet::lwm2m {

enum class CborMajor : std::uint8_t { kUnsigned, kNegative, kBytes, kText, kArray, kMap, kTag, kSimple };

/// The initial byte of an item and the argument behind it.
struct CborHead {
  CborMajor major;
  std::uint8_t info;       ///< the low five bits
  std::uint64_t argument;  ///< 0 for an indefinite length and for a break

  [[nodiscard]] constexpr bool indefinite() const noexcept { return info == 31; }
  [[nodiscard]] constexpr bool is_break() const noexcept { return major == CborMajor::kSimple && info == 31; }
};

/// An array or map that is being read.
struct CborContainer {
  std::uint64_t left;  ///< items of an array, pairs of a map; unused where indefinite
  bool indefinite;
};

/// Errors are Errc::kMalformed or kTruncated (4.00), kWrongType (4.00) for an item of a kind that
/// was not asked for, and kTooLarge (4.13) beyond the bounds named here or the scratch handed over.
class CborReader {
 public:
  static constexpr std::size_t kMaxNesting = 8;  ///< of containers in an item that is skipped
  static constexpr int kMaxTags = 4;             ///< on one item

  explicit CborReader(ByteView bytes) noexcept : bytes_(bytes) {}

  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }

  /// Opens an array or a map, tags before it ignored.
  [[nodiscard]] Result<CborContainer> open(CborMajor array_or_map) noexcept;
  /// True where another item (pair) of the container follows; takes the break at its end.
  [[nodiscard]] Result<bool> more(CborContainer& container) noexcept;

  /// A number, boolean or string with any tags. Strings are views of the input or, in chunks, of
  /// `scratch`. Gives kInteger, kUnsigned, kFloat, kBoolean, kString or kOpaque, and kTime for an
  /// integer under tag 1. Tags 2 to 5 (bignum, decimal fraction, bigfloat) give numbers.
  [[nodiscard]] Result<Value> value(ByteSpan scratch) noexcept;

  /// Passes over one item of any kind.
  [[nodiscard]] Result<void> skip() noexcept { return skip(0); }

 private:
  [[nodiscard]] Result<CborHead> head() noexcept;
  [[nodiscard]] Result<void> skip(std::size_t nesting) noexcept;
  [[nodiscard]] Result<void> skip_string(const CborHead& opened) noexcept;
  [[nodiscard]] Result<CborHead> head_behind_tags(std::uint64_t& tag) noexcept;
  [[nodiscard]] Result<ByteView> string(const CborHead& head, ByteSpan scratch) noexcept;
  [[nodiscard]] Result<ByteView> chunk(std::uint64_t size, bool text) noexcept;
  [[nodiscard]] Result<Value> untagged(const CborHead& head, ByteSpan scratch) noexcept;
  [[nodiscard]] Result<Value> bignum(const CborHead& head, bool negative, ByteSpan scratch) noexcept;
  [[nodiscard]] Result<Value> fraction(const CborHead& head, bool decimal, ByteSpan scratch) noexcept;

  ByteReader bytes_;
};

void write_cbor_head(ByteWriter& out, CborMajor major, std::uint64_t argument) noexcept;
void write_cbor_integer(ByteWriter& out, std::int64_t v) noexcept;
/// Half, single or double: the shortest that is exact; every NaN is 0xf97e00.
void write_cbor_double(ByteWriter& out, double v) noexcept;
void write_cbor_text(ByteWriter& out, std::string_view v) noexcept;
void write_cbor_bytes(ByteWriter& out, ByteView v) noexcept;
inline void write_cbor_boolean(ByteWriter& out, bool v) noexcept {
  out.u8(v ? 0xF5 : 0xF4);
}

}  // namespace linnet::lwm2m
