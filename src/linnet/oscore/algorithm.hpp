// SPDX-License-Identifier: Apache-2.0
// The AEAD algorithms that a security context may name (RFC 9053 §4, the COSE algorithms registry).
#pragma once

#include <cstddef>
#include <cstdint>

namespace linnet::oscore {

/// Numbers of the registry; its AES-CCM-16-64-128 has a length field of 16 bits, a tag of 64 and a key of
/// 128, and is the default and mandatory (RFC 8613 §3.2).
enum class Algorithm : std::int32_t {
  kAesGcm128 = 1,
  kAesGcm192 = 2,
  kAesGcm256 = 3,
  kAesCcm16Tag64Key128 = 10,
  kAesCcm16Tag64Key256 = 11,
  kAesCcm64Tag64Key128 = 12,
  kAesCcm64Tag64Key256 = 13,
  kChaCha20Poly1305 = 24,
  kAesCcm16Tag128Key128 = 30,
  kAesCcm16Tag128Key256 = 31,
  kAesCcm64Tag128Key128 = 32,
  kAesCcm64Tag128Key256 = 33,
};

/// HKDF with SHA-256 (RFC 9053 §5.1): the only key derivation that is known here.
inline constexpr std::int32_t kHkdfSha256 = -10;

inline constexpr std::size_t kMaxKeySize = 32;    ///< bytes, of every algorithm above
inline constexpr std::size_t kMaxNonceSize = 13;  ///< bytes
inline constexpr std::size_t kMaxTagSize = 16;    ///< bytes

struct AlgorithmProperties {
  Algorithm algorithm;
  std::uint8_t key_size;  ///< bytes, as are the others
  std::uint8_t nonce_size;
  std::uint8_t tag_size;

  /// The longest Sender ID: what the nonce leaves for it (RFC 8613 §3.3).
  [[nodiscard]] constexpr std::size_t max_id_size() const noexcept { return nonce_size - 6U; }
};

/// The row of a known algorithm, or null.
[[nodiscard]] const AlgorithmProperties* properties(Algorithm algorithm) noexcept;

}  // namespace linnet::oscore
