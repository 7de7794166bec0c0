// SPDX-License-Identifier: Apache-2.0
// Memory straight from the operating system: zero, and real only where it is touched.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

namespace linnet::net {

/// Owns a mapping. Large tables are reserved whole and cost what is used of them.
class Pages {
 public:
  Pages() noexcept = default;
  /// Throws std::bad_alloc. Asks for huge pages: a table that is looked up at random by a million
  /// peers spends most of its time on address translation otherwise.
  explicit Pages(std::size_t bytes);
  Pages(Pages&& other) noexcept : memory_(std::exchange(other.memory_, {})) {}
  Pages& operator=(Pages&& other) noexcept {
    std::swap(memory_, other.memory_);
    return *this;
  }
  ~Pages();

  /// Leaves it out of core dumps.
  void keep_private() const noexcept;
  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return memory_; }
  /// The memory as `count` elements whose zero bytes are a valid value.
  template <typename T>
  [[nodiscard]] std::span<T> as(std::size_t count) const noexcept {
    static_assert(std::is_trivially_copyable_v<T>);
    return {reinterpret_cast<T*>(memory_.data()), count};
  }

 private:
  std::span<std::byte> memory_;
};

}  // namespace linnet::net
