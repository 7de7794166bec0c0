// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/siphash.hpp"

#include <bit>

namespace linnet::coap {

namespace {

struct State {
  std::uint64_t a, b, c, d;

  void round() noexcept {
    a += b;
    b = std::rotl(b, 13) ^ a;
    a = std::rotl(a, 32);
    c += d;
    d = std::rotl(d, 16) ^ c;
    a += d;
    d = std::rotl(d, 21) ^ a;
    c += b;
    b = std::rotl(b, 17) ^ c;
    c = std::rotl(c, 32);
  }
  void rounds(int count) noexcept {
    while (count-- > 0) round();
  }
  void absorb(std::uint64_t word) noexcept {
    d ^= word;
    rounds(2);
    a ^= word;
  }
};

}  // namespace

std::uint64_t siphash(const SipKey& key, std::uint64_t word) noexcept {
  constexpr std::uint64_t kSize = std::uint64_t{sizeof word} << 56;
  // The letters of "somepseudorandomlygeneratedbytes".
  State state{key[0] ^ 0x736F6D6570736575U, key[1] ^ 0x646F72616E646F6DU, key[0] ^ 0x6C7967656E657261U,
              key[1] ^ 0x7465646279746573U};
  state.absorb(word);
  state.absorb(kSize);
  state.c ^= 0xFF;
  state.rounds(4);
  return state.a ^ state.b ^ state.c ^ state.d;
}

}  // namespace linnet::coap
