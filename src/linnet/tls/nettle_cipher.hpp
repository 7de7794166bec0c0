// SPDX-License-Identifier: Apache-2.0
// AES of a card's secure channel by nettle, for hosts.
#pragma once

#include "linnet/card/secure_channel.hpp"

namespace linnet::tls {

/// Without state: one object serves any number of threads.
class NettleCipher final : public card::Cipher {
 public:
  void cmac(ByteView key, std::span<const ByteView> parts, card::Block& out) noexcept override;
  void encrypt(ByteView key, const card::Block& iv, ByteSpan text) noexcept override;
  void decrypt(ByteView key, const card::Block& iv, ByteSpan text) noexcept override;
};

}  // namespace linnet::tls
