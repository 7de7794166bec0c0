// SPDX-License-Identifier: Apache-2.0
// A keyed hash for tables whose keys come from the network: without the key nobody can choose names
// that fall together.
#pragma once

#include <cstdint>
#include <cstring>

#include "linnet/base/bytes.hpp"
#include "linnet/base/random.hpp"

namespace linnet::server {

class Hasher {
 public:
  /// Draws the key.
  void init(Random& random) noexcept {
    for (std::uint64_t& half : key_) half = std::uint64_t{random.next()} << 32U | random.next();
    key_[0] |= 1;
  }

  [[nodiscard]] std::uint32_t operator()(ByteView bytes) const noexcept {
    std::uint64_t state = key_[1] ^ bytes.size();
    const std::uint8_t* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left > 8; left -= 8, at += 8) state = mix(state ^ load(at, 8), key_[0]);
    if (left != 0) state = mix(state ^ load(at, left), key_[0]);
    state = mix(state, key_[0] ^ key_[1]);
    return static_cast<std::uint32_t>(state ^ state >> 32U);
  }

 private:
  __extension__ using Wide = unsigned __int128;

  [[nodiscard]] static std::uint64_t load(const std::uint8_t* at, std::size_t size) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, at, size);
    return word;
  }
  [[nodiscard]] static std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
    const Wide product = static_cast<Wide>(a ^ 0x9E3779B97F4A7C15U) * (b | 1U);
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  }

  std::uint64_t key_[2] = {1, 0};
};

}  // namespace linnet::server
