// SPDX-License-Identifier: Apache-2.0
// How keys and nonces come from what both endpoints share (RFC 8613 §3.2, §5.2).
#pragma once

#include <optional>

#include "linnet/base/result.hpp"
#include "linnet/oscore/crypto.hpp"
#include "linnet/oscore/short_bytes.hpp"

namespace linnet::oscore {

inline constexpr std::size_t kMaxIdSize = kMaxNonceSize - 6;
inline constexpr std::size_t kMaxIdContext = 40;  ///< bytes: R2, made in 16, and 24 of the peer's

/// A Sender Sequence Number, on the wire a Partial IV of 1 to 5 bytes without leading zeros.
using PartialIv = std::uint64_t;
inline constexpr PartialIv kMaxPartialIv = (PartialIv{1} << 40) - 1;
inline constexpr std::size_t kMaxPartialIvSize = 5;
/// Its bytes, as the option and the AAD carry them.
[[nodiscard]] ShortBytes<kMaxPartialIvSize> encoded(PartialIv piv) noexcept;

/// What a security context is derived from (RFC 8613 §3.2). Sender and recipient are the endpoint's own:
/// its peer has them the other way round.
struct InputParameters {
  Algorithm algorithm = Algorithm::kAesCcm16Tag64Key128;
  ShortBytes<64> master_secret;
  ShortBytes<32> master_salt;
  ShortBytes<kMaxIdSize> sender_id;
  ShortBytes<kMaxIdSize> recipient_id;
  std::optional<ShortBytes<kMaxIdContext>> id_context;
};

/// What all messages of a context need. Its owner wipes it.
struct Keys {
  Algorithm algorithm = Algorithm::kAesCcm16Tag64Key128;
  ShortBytes<kMaxKeySize> sender;
  ShortBytes<kMaxKeySize> recipient;
  ShortBytes<kMaxNonceSize> common_iv;

  void wipe() noexcept;
};

/// kUnsupported: an algorithm that `crypto` does not have; kInvalidArgument: an identifier too long for it,
/// the same one for both (no nonce would be used once only), or no Master Secret.
[[nodiscard]] Result<Keys> derive(Crypto& crypto, const InputParameters& input,
                                  const std::optional<ShortBytes<kMaxIdContext>>& id_context) noexcept;

/// The nonce of `piv` made by the endpoint with this identifier (RFC 8613 §5.2).
[[nodiscard]] ShortBytes<kMaxNonceSize> nonce_of(const Keys& keys, ByteView id, PartialIv piv) noexcept;

}  // namespace linnet::oscore
