// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/chaskey.hpp"

#include <bit>

namespace linnet::coap {

void chaskey_permute(ChaskeyBlock& block) noexcept {
  auto [a, b, c, d] = block;
  for (int rounds = 12; rounds != 0; --rounds) {
    a += b;
    b = std::rotl(b, 5) ^ a;
    a = std::rotl(a, 16);
    c += d;
    d = std::rotl(d, 8) ^ c;
    a += d;
    d = std::rotl(d, 13) ^ a;
    c += b;
    b = std::rotl(b, 7) ^ c;
    c = std::rotl(c, 16);
  }
  block = {a, b, c, d};
}

}  // namespace linnet::coap
