// SPDX-License-Identifier: Apache-2.0
// A few bytes by value: keys, identifiers, ID Contexts.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "linnet/base/bytes.hpp"

namespace linnet::oscore {

/// Zero to N bytes. All zero is empty.
template <std::size_t N>
class ShortBytes {
  static_assert(N <= UINT8_MAX);

 public:
  constexpr ShortBytes() noexcept = default;
  /// False, and empty, when `bytes` are more than N.
  bool assign(ByteView bytes) noexcept {
    size_ = 0;
    return append(bytes);
  }
  bool append(ByteView bytes) noexcept {
    if (bytes.size() > N - size_) return false;
    if (!bytes.empty()) std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
    size_ = static_cast<std::uint8_t>(size_ + bytes.size());
    return true;
  }
  /// `size` bytes (at most N) to be filled in place.
  [[nodiscard]] ByteSpan resize(std::size_t size) noexcept {
    size_ = static_cast<std::uint8_t>(size);
    return ByteSpan(bytes_).first(size);
  }
  /// Leaves no trace of a secret.
  void wipe() noexcept {
    volatile std::uint8_t* const first = bytes_.data();  // so that no compiler leaves it out
    for (std::size_t i = 0; i < N; ++i) first[i] = 0;
    size_ = 0;
  }
  [[nodiscard]] ByteView view() const noexcept { return ByteView(bytes_).first(size_); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  std::array<std::uint8_t, N> bytes_{};
  std::uint8_t size_ = 0;
};

}  // namespace linnet::oscore
