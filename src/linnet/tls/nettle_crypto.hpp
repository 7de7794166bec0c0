// SPDX-License-Identifier: Apache-2.0
// The cryptography of OSCORE by nettle, for hosts.
#pragma once

#include "linnet/oscore/crypto.hpp"

namespace linnet::tls {

/// Has every algorithm of oscore/algorithm.hpp. Without state: one object serves any number of threads.
class NettleCrypto final : public oscore::Crypto {
 public:
  [[nodiscard]] bool has(oscore::Algorithm algorithm) const noexcept override;
  [[nodiscard]] bool seal(oscore::Algorithm algorithm, ByteView key, ByteView nonce, ByteView aad,
                          ByteSpan text) noexcept override;
  [[nodiscard]] bool open(oscore::Algorithm algorithm, ByteView key, ByteView nonce, ByteView aad,
                          ByteSpan text) noexcept override;
  void hmac(ByteView key, std::span<const ByteView> parts, Hash& out) noexcept override;
};

}  // namespace linnet::tls
