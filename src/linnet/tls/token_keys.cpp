// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/token_keys.hpp"

#include <gnutls/pkcs11.h>

#include <algorithm>
#include <array>
#include <list>
#include <mutex>
#include <span>

namespace linnet::tls {

namespace {

constexpr std::string_view kScheme = "pkcs11:";
constexpr std::string_view kPinAttributes[]{"pin-value=", "pin-source="};

struct OpenKey {
  std::string uri;
  server::SecretBytes pin;
};

/// What was opened. A key goes on asking for its PIN, so that a row stays where it is.
class OpenKeys {
 public:
  OpenKey& add(const std::string& uri, server::SecretBytes pin) {
    const std::lock_guard lock(mutex_);
    return rows_.emplace_back(uri, std::move(pin));
  }
  void drop_last() {
    const std::lock_guard lock(mutex_);
    rows_.pop_back();
  }
  [[nodiscard]] OpenKey* find(std::string_view uri) {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(rows_, uri, &OpenKey::uri);
    return found == rows_.end() ? nullptr : &*found;
  }

 private:
  std::mutex mutex_;
  std::list<OpenKey> rows_;
};

OpenKeys& open_keys() {
  static OpenKeys keys;
  return keys;
}

/// The library's gnutls_pin_callback_t.
int give_pin(void* key, int attempt, const char* /*uri*/, const char* /*label*/, unsigned flags, char* pin,
             std::size_t room) {
  const server::SecretBytes& own = static_cast<const OpenKey*>(key)->pin;
  const bool wrong = attempt > 0 || (flags & GNUTLS_PIN_WRONG) != 0;
  if (wrong || own.empty() || own.size() >= room) return GNUTLS_E_PKCS11_PIN_ERROR;
  std::ranges::copy(own, pin);
  pin[own.size()] = '\0';
  return 0;
}

std::expected<PrivateKey, std::string> import(OpenKey& opened) {
  auto key = make<PrivateKey>(gnutls_privkey_init);
  if (!key) return std::unexpected("no memory");
  gnutls_privkey_set_pin_function(key.get(), give_pin, &opened);
  if (const int error = gnutls_privkey_import_url(key.get(), opened.uri.c_str(), 0); error < 0) {
    return std::unexpected("the key in the token: " + sentence(error));
  }
  return key;
}

}  // namespace

bool is_token_uri(std::string_view text) noexcept {
  return text.starts_with(kScheme);
}

std::expected<void, std::string> open_token_key(const std::string& uri, server::SecretBytes pin) {
  for (const std::string_view attribute : kPinAttributes) {
    if (uri.find(attribute) == uri.npos) continue;
    return std::unexpected("a URI of PKCS#11 is seen by everybody: it must have no " +
                           std::string(attribute.substr(0, attribute.size() - 1)));
  }
  OpenKey& opened = open_keys().add(uri, std::move(pin));
  const auto key = import(opened);
  if (key) return {};
  open_keys().drop_last();
  return std::unexpected(key.error());
}

std::expected<PrivateKey, std::string> token_key(std::string_view uri) {
  OpenKey* const opened = open_keys().find(uri);
  if (opened == nullptr) return std::unexpected("the key in the token has not been opened");
  return import(*opened);
}

std::expected<TokenWrapping, std::string> TokenWrapping::make(std::string_view uri) {
  auto key = token_key(uri);
  if (!key) return std::unexpected(std::move(key).error());
  if (gnutls_privkey_get_pk_algorithm(key->get(), nullptr) != GNUTLS_PK_RSA)
    return std::unexpected("the key in the token is not of RSA, which is what encrypts there");
  auto open = tls::make<PublicKey>(gnutls_pubkey_init);
  if (!open) return std::unexpected("no memory");
  std::array<unsigned char, 32> hash{};
  std::size_t size = hash.size();
  int error = gnutls_pubkey_import_privkey(open.get(), key->get(), 0, 0);
  if (error >= 0) error = gnutls_pubkey_get_key_id(open.get(), GNUTLS_KEYID_USE_SHA256, hash.data(), &size);
  if (error < 0) return std::unexpected("the public key in the token: " + sentence(error));
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string id;
  for (const unsigned char byte : std::span(hash).first(8)) {
    id += kDigits[byte >> 4U];
    id += kDigits[byte & 15U];
  }
  return TokenWrapping(*std::move(key), std::move(open), std::move(id));
}

std::expected<std::vector<std::uint8_t>, std::string> TokenWrapping::wrap(ByteView bytes) const {
  const gnutls_datum_t plain = datum(bytes);
  OwnedDatum out;
  if (const int error = gnutls_pubkey_encrypt_data(open_.get(), 0, &plain, out.out()); error < 0)
    return std::unexpected(sentence(error));
  return std::vector<std::uint8_t>(out.bytes().begin(), out.bytes().end());
}

std::expected<server::SecretBytes, std::string> TokenWrapping::unwrap(ByteView wrapped) const {
  const gnutls_datum_t input = datum(wrapped);
  OwnedDatum out;
  if (const int error = gnutls_privkey_decrypt_data(key_.get(), 0, &input, out.out()); error < 0)
    return std::unexpected("the token does not decrypt it: " + sentence(error));
  return server::SecretBytes(out.bytes().begin(), out.bytes().end());
}

}  // namespace linnet::tls
