// SPDX-License-Identifier: Apache-2.0
// The cipher suites, groups and signatures that linnet takes and offers (TS 5.2.3, 5.2.8): the mandatory ones
// and AES-128-GCM; version 1.2, and 1.3 where a server of connections is asked for it. Nothing below 255
// bits, no SHA-1, no compression, no renegotiation.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>

#include "linnet/tls/gnutls.hpp"

namespace linnet::tls {

/// By their numbers in IANA's registry, which resource 16 of object 0 uses too.
enum class Suite : std::uint16_t {
  kPskGcm = 0x00A8,     ///< TLS_PSK_WITH_AES_128_GCM_SHA256
  kPskCbc = 0x00AE,     ///< TLS_PSK_WITH_AES_128_CBC_SHA256
  kPskCcm8 = 0xC0A8,    ///< TLS_PSK_WITH_AES_128_CCM_8
  kEcdsaCbc = 0xC023,   ///< TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256
  kEcdsaGcm = 0xC02B,   ///< TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
  kEcdsaCcm8 = 0xC0AE,  ///< TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8
};

/// All of a key exchange, in the order of preference.
inline constexpr std::array kPskSuites{Suite::kPskCcm8, Suite::kPskGcm, Suite::kPskCbc};
inline constexpr std::array kEcdsaSuites{Suite::kEcdsaCcm8, Suite::kEcdsaGcm, Suite::kEcdsaCbc};

enum class Transport : std::uint8_t { kDatagram, kStream };

/// How an end may prove who it is.
struct Proofs {
  bool psk = false;
  bool raw_public_key = false;  ///< RFC 7250; the session needs the flag GNUTLS_ENABLE_RAWPK
  bool certificate = false;
};

/// The newest version that is spoken; the oldest is 1.2.
enum class Newest : std::uint8_t { kVersion12, kVersion13 };

/// The suite of that number, nothing for one that linnet has not.
[[nodiscard]] std::optional<Suite> suite_of(std::uint16_t number) noexcept;

/// The suites of `allowed` that suit `proofs`, in the order given, as a priority string of GnuTLS; all of
/// them where `allowed` is empty. Ciphers are chosen apart from key exchanges: a peer that may use both PSK
/// and ECDHE gets every combination of what is named.
[[nodiscard]] std::string priority_text(Transport transport, const Proofs& proofs,
                                        std::span<const Suite> allowed = {},
                                        Newest newest = Newest::kVersion12);

/// The same, compiled, to be shared by any number of sessions. The error is a sentence for people.
[[nodiscard]] std::expected<PriorityCache, std::string> priorities(Transport transport, const Proofs& proofs,
                                                                   std::span<const Suite> allowed = {},
                                                                   Newest newest = Newest::kVersion12);

}  // namespace linnet::tls
