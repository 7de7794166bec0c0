// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/suites.hpp"

#include <algorithm>
#include <string_view>

namespace linnet::tls {

namespace {

struct Parts {
  Suite suite;
  bool psk;
  std::string_view cipher;
  std::string_view mac;
};

constexpr std::array kParts{
    Parts{Suite::kPskCcm8, true, "AES-128-CCM-8", "AEAD"},
    Parts{Suite::kPskGcm, true, "AES-128-GCM", "AEAD"},
    Parts{Suite::kPskCbc, true, "AES-128-CBC", "SHA256"},
    Parts{Suite::kEcdsaCcm8, false, "AES-128-CCM-8", "AEAD"},
    Parts{Suite::kEcdsaGcm, false, "AES-128-GCM", "AEAD"},
    Parts{Suite::kEcdsaCbc, false, "AES-128-CBC", "SHA256"},
};

constexpr const Parts& parts_of(Suite suite) noexcept {
  return *std::ranges::find(kParts, suite, &Parts::suite);
}

void add(std::string& text, std::string_view item) {
  std::string element = ":+";
  element += item;
  const std::size_t at = text.find(element);
  const bool there =
      at != std::string::npos && (at + element.size() == text.size() || text[at + element.size()] == ':');
  if (!there) text += element;
}

}  // namespace

std::optional<Suite> suite_of(std::uint16_t number) noexcept {
  const auto found = std::ranges::find(kParts, static_cast<Suite>(number), &Parts::suite);
  if (found == kParts.end()) return std::nullopt;
  return found->suite;
}

std::string priority_text(Transport transport, const Proofs& proofs, std::span<const Suite> allowed,
                          Newest newest) {
  std::string text = "NONE:+COMP-NULL";
  add(text, transport == Transport::kDatagram ? "VERS-DTLS1.2" : "VERS-TLS1.2");
  const auto take = [&](Suite suite) {
    const Parts& parts = parts_of(suite);
    if (parts.psk ? !proofs.psk : !proofs.raw_public_key && !proofs.certificate) return;
    add(text, parts.psk ? "PSK" : "ECDHE-ECDSA");
    add(text, parts.cipher);
    add(text, parts.mac);
  };
  std::ranges::for_each(allowed, take);
  if (allowed.empty()) {
    std::ranges::for_each(kPskSuites, take);
    std::ranges::for_each(kEcdsaSuites, take);
  }
  for (const std::string_view item :
       {"GROUP-SECP256R1", "GROUP-X25519", "GROUP-SECP384R1", "SIGN-ECDSA-SHA256", "SIGN-ECDSA-SHA384"}) {
    add(text, item);
  }
  if (newest == Newest::kVersion13) {
    // Of version 1.3, which names signatures with their curves, and pre-shared keys beside Diffie-Hellman.
    add(text, "VERS-TLS1.3");
    if (proofs.psk) add(text, "ECDHE-PSK");
    add(text, "SIGN-ECDSA-SECP256R1-SHA256");
    add(text, "SIGN-ECDSA-SECP384R1-SHA384");
  }
  if (proofs.raw_public_key) {
    add(text, "CTYPE-SRV-RAWPK");
    add(text, "CTYPE-CLI-RAWPK");
  }
  if (proofs.certificate) {
    add(text, "CTYPE-SRV-X509");
    add(text, "CTYPE-CLI-X509");
  }
  return text;
}

std::expected<PriorityCache, std::string> priorities(Transport transport, const Proofs& proofs,
                                                     std::span<const Suite> allowed, Newest newest) {
  gnutls_priority_t made = nullptr;
  const std::string text = priority_text(transport, proofs, allowed, newest);
  if (const int error = gnutls_priority_init(&made, text.c_str(), nullptr); error < 0)
    return std::unexpected(sentence(error));
  return PriorityCache(made);
}

}  // namespace linnet::tls
