// SPDX-License-Identifier: Apache-2.0
// Texts, bytes and multiple resources of bounded size, kept in place.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "linnet/base/bytes.hpp"

namespace linnet::client {

/// A UTF-8 text of up to N bytes.
template <std::size_t N>
class Text {
 public:
  static constexpr std::size_t kCapacity = N;

  constexpr Text() noexcept = default;
  constexpr Text(std::string_view text) noexcept { assign(text); }  // NOLINT(google-explicit-constructor)

  /// False, and nothing changed, where it does not fit.
  constexpr bool assign(std::string_view text) noexcept {
    if (text.size() > N) return false;
    std::copy(text.begin(), text.end(), bytes_.begin());
    size_ = static_cast<std::uint16_t>(text.size());
    return true;
  }
  constexpr void clear() noexcept { size_ = 0; }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {bytes_.data(), size_}; }
  friend constexpr bool operator==(const Text& a, const Text& b) noexcept { return a.view() == b.view(); }

 private:
  std::uint16_t size_ = 0;     // first, for what serves texts of all sizes (storage.cpp)
  std::array<char, N> bytes_;  // those behind `size_` are nothing
};

/// Up to N bytes.
template <std::size_t N>
class Bytes {
 public:
  static constexpr std::size_t kCapacity = N;

  /// False, and nothing changed, where they do not fit.
  constexpr bool assign(ByteView bytes) noexcept {
    if (bytes.size() > N) return false;
    std::copy(bytes.begin(), bytes.end(), bytes_.begin());
    size_ = static_cast<std::uint16_t>(bytes.size());
    return true;
  }
  /// The same behind what is there.
  constexpr bool append(ByteView bytes) noexcept {
    if (bytes.size() > N - size_) return false;
    std::copy(bytes.begin(), bytes.end(), bytes_.begin() + size_);
    size_ = static_cast<std::uint16_t>(size_ + bytes.size());
    return true;
  }
  constexpr void clear() noexcept { size_ = 0; }
  [[nodiscard]] constexpr ByteView view() const noexcept { return {bytes_.data(), size_}; }
  friend bool operator==(const Bytes& a, const Bytes& b) noexcept { return equal(a.view(), b.view()); }

 private:
  std::uint16_t size_ = 0;  // first, as in Text
  std::array<std::uint8_t, N> bytes_;
};

/// A text that someone else keeps, of any length; where it is empty the resource is not there.
class ConstantText : public std::string_view {
 public:
  using std::string_view::basic_string_view;
  constexpr ConstantText(std::string_view text) noexcept  // NOLINT(google-explicit-constructor)
      : std::string_view(text) {}
};

/// A multiple resource with instances 0 to N-1, each there or not.
template <typename T, std::size_t N>
class Multiple {
 public:
  static_assert(N > 0 && N <= 32);
  static constexpr std::size_t kCapacity = N;
  using Element = T;

  constexpr Multiple() noexcept = default;
  constexpr Multiple(std::initializer_list<T> values) noexcept {
    std::size_t i = 0;
    for (const T& value : values) {
      if (i < N) set(i++, value);
    }
  }

  [[nodiscard]] constexpr bool has(std::size_t i) const noexcept {
    return i < N && (present_ >> i & 1U) != 0;
  }
  [[nodiscard]] constexpr const T& operator[](std::size_t i) const noexcept { return values_[i]; }
  constexpr T& set(std::size_t i, const T& value) noexcept { return add(i) = value; }
  /// An instance with the value that it had, or had once.
  constexpr T& add(std::size_t i) noexcept {
    present_ |= 1U << i;
    return values_[i];
  }
  /// The lowest instance that is `i` or above, which is set to it; null for none.
  constexpr T* next(std::uint16_t& i) noexcept {
    for (; i < N; ++i) {
      if ((present_ >> i & 1U) != 0) return &values_[i];
    }
    return nullptr;
  }
  constexpr void erase(std::size_t i) noexcept { present_ &= ~(1U << i); }
  constexpr void clear() noexcept { present_ = 0; }
  [[nodiscard]] constexpr std::uint32_t present() const noexcept { return present_; }
  friend bool operator==(const Multiple& a, const Multiple& b) noexcept {
    if (a.present_ != b.present_) return false;
    for (std::size_t i = 0; i < N; ++i) {
      if (a.has(i) && !(a.values_[i] == b.values_[i])) return false;
    }
    return true;
  }

 private:
  std::uint32_t present_ = 0;
  std::array<T, N> values_{};
};

}  // namespace linnet::client
