// SPDX-License-Identifier: Apache-2.0
// SipHash-1-3 (Aumasson, Bernstein) over whole 64-bit words: a keyed hash, so that no peer can
// choose addresses or names that meet in one slot of a table.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>

namespace linnet::net {

using HashKey = std::array<std::uint64_t, 2>;

[[nodiscard]] constexpr std::uint64_t siphash(const HashKey& key,
                                              std::span<const std::uint64_t> words) noexcept {
  std::uint64_t a = key[0] ^ 0x736f6d6570736575U;
  std::uint64_t b = key[1] ^ 0x646f72616e646f6dU;
  std::uint64_t c = key[0] ^ 0x6c7967656e657261U;
  std::uint64_t d = key[1] ^ 0x7465646279746573U;
  const auto round = [&]() noexcept {
    a += b, b = std::rotl(b, 13) ^ a, a = std::rotl(a, 32);
    c += d, d = std::rotl(d, 16) ^ c;
    a += d, d = std::rotl(d, 21) ^ a;
    c += b, b = std::rotl(b, 17) ^ c, c = std::rotl(c, 32);
  };
  const auto absorb = [&](std::uint64_t word) noexcept {
    d ^= word;
    round();
    a ^= word;
  };
  for (const std::uint64_t word : words) absorb(word);
  absorb(static_cast<std::uint64_t>(words.size() * 8) << 56);
  c ^= 0xFF;
  round(), round(), round();
  return a ^ b ^ c ^ d;
}

}  // namespace linnet::net
