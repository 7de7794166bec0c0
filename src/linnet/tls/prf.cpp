// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/prf.hpp"

#include <nettle/hmac.h>

#include <algorithm>

namespace linnet::tls {

void prf(ByteView secret, std::string_view label, std::initializer_list<ByteView> seed,
         ByteSpan out) noexcept {
  struct Scratch {
    hmac_sha256_ctx hmac;
    std::array<std::uint8_t, SHA256_DIGEST_SIZE> chain, block;
    ~Scratch() {
      wipe({reinterpret_cast<std::uint8_t*>(&hmac), sizeof hmac});
      wipe(chain);
      wipe(block);
    }
  } scratch;
  hmac_sha256_set_key(&scratch.hmac, secret.size(), secret.data());
  const auto add_seed = [&] {
    hmac_sha256_update(&scratch.hmac, label.size(), as_bytes(label).data());
    for (const ByteView part : seed) hmac_sha256_update(&scratch.hmac, part.size(), part.data());
  };
  add_seed();
  hmac_sha256_digest(&scratch.hmac, scratch.chain.size(), scratch.chain.data());  // A(1)
  while (!out.empty()) {
    hmac_sha256_update(&scratch.hmac, scratch.chain.size(), scratch.chain.data());
    add_seed();
    hmac_sha256_digest(&scratch.hmac, scratch.block.size(), scratch.block.data());
    const std::size_t taken = std::min(out.size(), scratch.block.size());
    std::copy_n(scratch.block.begin(), taken, out.begin());
    out = out.subspan(taken);
    if (out.empty()) return;
    hmac_sha256_update(&scratch.hmac, scratch.chain.size(), scratch.chain.data());
    hmac_sha256_digest(&scratch.hmac, scratch.chain.size(), scratch.chain.data());
  }
}

}  // namespace linnet::tls
