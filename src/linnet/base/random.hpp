// SPDX-License-Identifier: Apache-2.0
// Where unpredictable numbers come from: the platform gives them, a test gives the same ones twice.
#pragma once

#include <cstdint>

namespace linnet {

/// Tokens, Message IDs and retransmission jitter draw from here (RFC 7252 §11.4). On a real
/// system this is a cryptographic generator; in a simulation it is seeded.
class Random {
 public:
  virtual std::uint32_t next() noexcept = 0;

  /// A number in [0, bound), bound > 0; the bias of the modulus is below bound / 2^32.
  [[nodiscard]] std::uint32_t below(std::uint32_t bound) noexcept { return next() % bound; }

 protected:
  ~Random() = default;
};

}  // namespace linnet
