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

std::uint64_t little_endian(ByteView bytes) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) word = word << 8 | bytes[i];
  return word;
}

}  // namespace

std::uint64_t siphash(const SipKey& key, ByteView message) noexcept {
  // The letters of "somepseudorandomlygeneratedbytes".
  State state{key[0] ^ 0x736F6D6570736575U, key[1] ^ 0x646F72616E646F6DU, key[0] ^ 0x6C7967656E657261U,
              key[1] ^ 0x7465646279746573U};
  const std::uint64_t length = std::uint64_t{message.size()} << 56;
  for (; message.size() >= 8; message = message.subspan(8)) state.absorb(little_endian(message.first(8)));
  state.absorb(little_endian(message) | length);
  state.c ^= 0xFF;
  state.rounds(4);
  return state.a ^ state.b ^ state.c ^ state.d;
}

}  // namespace linnet::coap
