// SPDX-License-Identifier: Apache-2.0
#include "credentials.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

#include "linnet/store/secret_source.hpp"
#include "linnet/tls/suites.hpp"
#include "linnet/tls/token_keys.hpp"

namespace linnet::device {

using client::CertificateUsage;
using client::SecurityMode;

namespace {

constexpr std::size_t kMaxIdentity = 128;  // TS 5.2.8.1
constexpr std::size_t kMaxKey = 64;

OrRefusal<tls::OwnedBytes> bytes_of(const std::string& text, const std::string& flag) {
  const auto bytes = store::hex_or_file(text, flag);
  if (!bytes) return refuse(bytes.error().code, bytes.error().message);
  return tls::OwnedBytes(bytes->begin(), bytes->end());
}

OrRefusal<std::vector<tls::OwnedBytes>> blocks_of(const std::string& path,
                                                  std::initializer_list<std::string_view> labels) {
  std::ifstream file(path, std::ios::binary);
  const tls::OwnedBytes bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file || bytes.empty()) return refuse(Errc::kIo, path + " cannot be read, or is empty");
  for (const std::string_view label : labels) {
    if (auto blocks = tls::pem_or_der(bytes, label); !blocks.empty()) return blocks;
  }
  return refuse(Errc::kMalformed, path + " holds no " + std::string(*labels.begin()));
}

OrRefusal<tls::OwnedBytes> block_of(const std::string& path, std::initializer_list<std::string_view> labels) {
  auto blocks = blocks_of(path, labels);
  if (!blocks) return std::unexpected(blocks.error());
  return std::move(blocks->front());
}

OrRefusal<void> take_psk(const CredentialArguments& typed, Credentials& to) {
  if (typed.psk_identity.empty() || typed.psk_identity.size() > kMaxIdentity) {
    return refuse(Errc::kInvalidArgument, "--psk-identity has 1 to 128 bytes");
  }
  auto key = bytes_of(typed.psk_key, "--psk-key");
  if (!key) return std::unexpected(key.error());
  if (key->empty() || key->size() > kMaxKey)
    return refuse(Errc::kInvalidArgument, "--psk-key has 1 to 64 bytes");
  to.mode = SecurityMode::kPsk;
  to.identity.assign(typed.psk_identity.begin(), typed.psk_identity.end());
  to.secret_key = *std::move(key);
  return {};
}

OrRefusal<void> take_certificate(const CredentialArguments& typed, Credentials& to) {
  to.mode = SecurityMode::kCertificate;
  auto certificate = block_of(typed.certificate, {"CERTIFICATE"});
  if (!certificate) return std::unexpected(certificate.error());
  to.identity = *std::move(certificate);
  if (!typed.trust.empty()) {
    auto anchors = blocks_of(typed.trust, {"CERTIFICATE"});
    if (!anchors) return std::unexpected(anchors.error());
    to.anchors = *std::move(anchors);
  }
  if (typed.usage) to.usage = static_cast<CertificateUsage>(*typed.usage);
  if (!typed.server_key.empty()) {
    auto server = block_of(typed.server_key, {"CERTIFICATE", "PUBLIC KEY"});
    if (!server) return std::unexpected(server.error());
    to.server_public_key = *std::move(server);
    if (!to.usage) to.usage = CertificateUsage::kDomainIssued;
  } else if (!to.anchors.empty()) {
    to.server_public_key = to.anchors.front();
    if (!to.usage) to.usage = CertificateUsage::kTrustAnchor;
  } else {
    return refuse(
        Errc::kInvalidArgument,
        "--cert takes --trust FILE, the authority of the server's certificate, or --server-key FILE");
  }
  return {};
}

OrRefusal<void> take_raw_key(const CredentialArguments& typed, Credentials& to) {
  if (typed.server_key.empty()) {
    return refuse(Errc::kInvalidArgument,
                  "--key takes --server-key FILE, the public key of the server, or --cert FILE");
  }
  to.mode = SecurityMode::kRawPublicKey;
  auto server = block_of(typed.server_key, {"PUBLIC KEY"});
  if (!server) return std::unexpected(server.error());
  to.server_public_key = *std::move(server);
  return {};
}

/// The key stays in its token: what object 0 holds is its URI.
OrRefusal<void> take_token_key(const CredentialArguments& typed, Credentials& to) {
  server::SecretBytes pin;
  if (!typed.pin.empty()) {
    auto read = store::read_secret_line(typed.pin, "the PIN of the token");
    if (!read) return refuse(read.error().code, "--pin " + read.error().message);
    pin = *std::move(read);
  }
  if (const auto opened = tls::open_token_key(typed.key, std::move(pin)); !opened) {
    return refuse(Errc::kInvalidArgument, "--key: " + opened.error());
  }
  const ByteView uri = as_bytes(typed.key);
  to.secret_key.assign(uri.begin(), uri.end());
  return {};
}

OrRefusal<void> take_key(const CredentialArguments& typed, Credentials& to) {
  if (typed.key.empty()) return refuse(Errc::kInvalidArgument, "--cert takes --key FILE, its private key");
  if (tls::is_token_uri(typed.key)) {
    if (auto taken = take_token_key(typed, to); !taken) return taken;
    const auto key = tls::import_private_key(to.secret_key);
    if (!key) return refuse(Errc::kInvalidArgument, "--key: " + key.error());
    if (to.mode == SecurityMode::kRawPublicKey) to.identity = tls::subject_public_key_info(key->get());
    return {};
  }
  auto secret = block_of(typed.key, {"PRIVATE KEY", "EC PRIVATE KEY"});
  if (!secret) return std::unexpected(secret.error());
  const auto key = tls::import_private_key(*secret);
  if (!key) return refuse(Errc::kInvalidArgument, typed.key + ": " + key.error());
  to.secret_key = *std::move(secret);
  if (to.mode == SecurityMode::kRawPublicKey) to.identity = tls::subject_public_key_info(key->get());
  return {};
}

OrRefusal<std::uint16_t> suite_number(const std::string& text) {
  const bool hexadecimal = text.starts_with("0x");
  const char* end = text.data() + text.size();
  std::uint16_t number = 0;
  const auto [stopped, error] =
      std::from_chars(text.data() + (hexadecimal ? 2 : 0), end, number, hexadecimal ? 16 : 10);
  if (error != std::errc{} || stopped != end || !tls::suite_of(number)) {
    return refuse(Errc::kUnsupported,
                  "--ciphersuite '" + text +
                      "': a number of IANA's registry, one of 0xC0A8, 0xA8 and 0xAE (PSK), "
                      "0xC0AE, 0xC02B and 0xC023 (ECDHE_ECDSA)");
  }
  return number;
}

/// A value of an OSCORE instance; what was not typed leaves it as it is.
template <typename Bytes>
OrRefusal<void> take_bytes(const std::optional<std::string>& typed, const std::string& flag, Bytes& to) {
  if (!typed) return {};
  auto bytes = bytes_of(*typed, flag);
  if (!bytes) return std::unexpected(bytes.error());
  if (!to.assign(*bytes)) {
    return refuse(Errc::kTooLarge, flag + " has at most " + std::to_string(Bytes::kCapacity) + " bytes");
  }
  return {};
}

template <typename Bytes>
OrRefusal<void> take_bytes(const std::optional<std::string>& typed, const std::string& flag,
                           std::optional<Bytes>& to) {
  return typed ? take_bytes(typed, flag, to.emplace()) : OrRefusal<void>();
}

}  // namespace

OrRefusal<std::optional<client::OscoreInstance>> OscoreArguments::read() const {
  const bool any = sender_id || recipient_id || secret || salt || id_context || algorithm;
  if (!any) return std::nullopt;
  if (!sender_id || !recipient_id || !secret) {
    return refuse(Errc::kInvalidArgument,
                  "OSCORE takes --oscore-secret, --oscore-sender-id and --oscore-recipient-id");
  }
  client::OscoreInstance instance;
  const OrRefusal<void> taken[] = {take_bytes(secret, "--oscore-secret", instance.master_secret),
                                   take_bytes(sender_id, "--oscore-sender-id", instance.sender_id),
                                   take_bytes(recipient_id, "--oscore-recipient-id", instance.recipient_id),
                                   take_bytes(salt, "--oscore-salt", instance.master_salt),
                                   take_bytes(id_context, "--oscore-id-context", instance.id_context)};
  for (const OrRefusal<void>& one : taken) {
    if (!one) return std::unexpected(one.error());
  }
  const auto number =
      algorithm.value_or(static_cast<std::int32_t>(linnet::oscore::Algorithm::kAesCcm16Tag64Key128));
  const auto* const row = linnet::oscore::properties(static_cast<linnet::oscore::Algorithm>(number));
  if (row == nullptr) {
    return refuse(Errc::kUnsupported, "--oscore-algorithm " + std::to_string(number) +
                                          ": a number of COSE's registry, one of 1, 2, 3, 10 to 13, 24, "
                                          "30 to 33");
  }
  const std::size_t longest = std::max(instance.sender_id.view().size(), instance.recipient_id.view().size());
  if (longest > row->max_id_size() || instance.sender_id == instance.recipient_id) {
    return refuse(Errc::kInvalidArgument, "the two ids of an OSCORE context differ and have at most " +
                                              std::to_string(row->max_id_size()) + " bytes");
  }
  if (instance.master_secret.view().empty())
    return refuse(Errc::kInvalidArgument, "--oscore-secret has 1 to 32 bytes");
  if (algorithm) instance.aead_algorithm = algorithm;
  return instance;
}

OrRefusal<Credentials> CredentialArguments::read() const {
  Credentials result;
  const bool psk = !psk_identity.empty() || !psk_key.empty();
  const bool keys = !key.empty() || !certificate.empty() || !server_key.empty();
  if (psk && keys) {
    return refuse(Errc::kInvalidArgument, "a device has a pre-shared key, or keys of its own, not both");
  }
  OrRefusal<void> taken;
  if (psk) {
    taken = take_psk(*this, result);
  } else if (keys) {
    taken = certificate.empty() ? take_raw_key(*this, result) : take_certificate(*this, result);
    if (taken) taken = take_key(*this, result);
  }
  if (!taken) return std::unexpected(taken.error());
  auto context = oscore.read();
  if (!context) return std::unexpected(context.error());
  result.oscore = *std::move(context);
  if (oscore.stored) result.first_use = linnet::oscore::FirstUse::kStored;
  result.sni = sni;
  if (suites.size() > client::SecurityParameters::kMaxSuites) {
    return refuse(Errc::kTooLarge, "there are more than 8 cipher suites");
  }
  for (const std::string& text : suites) {
    const auto number = suite_number(text);
    if (!number) return std::unexpected(number.error());
    result.suites.push_back(*number);
  }
  return result;
}

}  // namespace linnet::device
