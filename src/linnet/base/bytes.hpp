// SPDX-License-Identifier: Apache-2.0
// Bytes that someone else owns: views, a bounds-checked reader and a writer into a given buffer.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "linnet/base/outlined.hpp"
#include "linnet/base/result.hpp"

namespace linnet {

using ByteView = std::span<const std::uint8_t>;
using ByteSpan = std::span<std::uint8_t>;

/// The same bytes seen as octets or as text; the owner stays the owner.
[[nodiscard]] inline ByteView as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view as_text(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

[[nodiscard]] inline bool equal(ByteView a, ByteView b) noexcept {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

/// Reads big-endian fields from the front of a view. Every call checks the length first and
/// fails with Errc::kTruncated, leaving the position where it was.
class ByteReader {
 public:
  explicit constexpr ByteReader(ByteView bytes) noexcept : bytes_(bytes) {}

  [[nodiscard]] constexpr bool empty() const noexcept { return position_ == bytes_.size(); }
  [[nodiscard]] constexpr std::size_t position() const noexcept { return position_; }
  [[nodiscard]] constexpr std::size_t remaining() const noexcept { return bytes_.size() - position_; }
  [[nodiscard]] constexpr ByteView rest() const noexcept { return bytes_.subspan(position_); }

  [[nodiscard]] constexpr Result<ByteView> bytes(std::size_t count) noexcept {
    if (count > remaining()) return fail(Errc::kTruncated);
    const ByteView taken = bytes_.subspan(position_, count);
    position_ += count;
    return taken;
  }
  /// An unsigned big-endian number of `width` bytes, 0 to 8; an empty one is 0.
  [[nodiscard]] constexpr Result<std::uint64_t> uint(std::size_t width) noexcept {
    if (width > 8) return fail(Errc::kTooLarge);
    if (width > remaining()) return fail(Errc::kTruncated);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value = value << 8 | bytes_[position_++];
    return value;
  }
  [[nodiscard]] constexpr Result<std::uint8_t> u8() noexcept {
    if (empty()) return fail(Errc::kTruncated);
    return bytes_[position_++];
  }
  /// The next byte without taking it.
  [[nodiscard]] constexpr Result<std::uint8_t> peek() const noexcept {
    if (empty()) return fail(Errc::kTruncated);
    return bytes_[position_];
  }

 private:
  ByteView bytes_;
  std::size_t position_ = 0;
};

/// Appends to a buffer that was handed over. When something does not fit, nothing of it is
/// written, `ok()` turns false and stays so: a writer may be checked once, at the end.
class ByteWriter {
 public:
  constexpr ByteWriter() noexcept = default;  ///< into no room at all
  LINNET_OUTLINED explicit constexpr ByteWriter(ByteSpan buffer) noexcept : buffer_(buffer) {}

  [[nodiscard]] constexpr bool ok() const noexcept { return ok_; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr std::size_t free() const noexcept { return ok_ ? buffer_.size() - size_ : 0; }
  [[nodiscard]] constexpr ByteSpan written() const noexcept { return buffer_.first(size_); }
  /// What is still free, to be filled in place and then taken with `advance`.
  [[nodiscard]] constexpr ByteSpan space() const noexcept { return buffer_.subspan(size_, free()); }

  LINNET_OUTLINED constexpr void u8(std::uint8_t value) noexcept {
    if (reserve(1)) buffer_[size_++] = value;
  }
  [[gnu::always_inline]] void bytes(ByteView value) noexcept { append(value.data(), value.size()); }
  [[gnu::always_inline]] void text(std::string_view value) noexcept { append(value.data(), value.size()); }
  /// The low `width` bytes (0 to 8) of `value`, big endian.
  LINNET_OUTLINED constexpr void uint(std::uint64_t value, std::size_t width) noexcept {
    if (!reserve(width)) return;
    for (std::size_t i = width; i-- > 0;) buffer_[size_++] = static_cast<std::uint8_t>(value >> (8 * i));
  }
  constexpr void advance(std::size_t count) noexcept {
    if (reserve(count)) size_ += count;
  }
  /// Drops everything behind `size`, which must not be larger than what was written.
  constexpr void truncate(std::size_t size) noexcept {
    if (size <= size_) size_ = size;
  }
  constexpr void fail_now() noexcept { ok_ = false; }

  /// The size written, or Errc::kNoSpace.
  [[nodiscard]] constexpr Result<std::size_t> finish() const noexcept {
    if (!ok_) return fail(Errc::kNoSpace);
    return size_;
  }

 private:
  /// Two words in registers, where a view would travel through memory.
  LINNET_OUTLINED void append(const void* bytes, std::size_t count) noexcept {
    if (!reserve(count) || count == 0) return;
    std::memcpy(buffer_.data() + size_, bytes, count);
    size_ += count;
  }
  constexpr bool reserve(std::size_t count) noexcept {
    if (!ok_ || count > buffer_.size() - size_) ok_ = false;
    return ok_;
  }

  ByteSpan buffer_;
  std::size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace linnet
