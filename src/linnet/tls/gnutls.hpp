// SPDX-License-Identifier: Apache-2.0
// GnuTLS' objects as owned values, its errors as sentences, and bytes between it and linnet.
#pragma once

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include "linnet/base/bytes.hpp"

namespace linnet::tls {

/// Calls one of the library's deinit functions, which all wipe what was secret.
template <auto kDeinit>
struct Deinit {
  template <typename T>
  void operator()(T* object) const noexcept {
    kDeinit(object);
  }
};

template <typename Handle, auto kDeinit>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Deinit<kDeinit>>;

using Session = Owned<gnutls_session_t, gnutls_deinit>;
using CertificateCredentials = Owned<gnutls_certificate_credentials_t, gnutls_certificate_free_credentials>;
using PskServerCredentials = Owned<gnutls_psk_server_credentials_t, gnutls_psk_free_server_credentials>;
using PskClientCredentials = Owned<gnutls_psk_client_credentials_t, gnutls_psk_free_client_credentials>;
using PublicKey = Owned<gnutls_pubkey_t, gnutls_pubkey_deinit>;
using PrivateKey = Owned<gnutls_privkey_t, gnutls_privkey_deinit>;
using Certificate = Owned<gnutls_x509_crt_t, gnutls_x509_crt_deinit>;
using Cipher = Owned<gnutls_aead_cipher_hd_t, gnutls_aead_cipher_deinit>;
using PriorityCache = Owned<gnutls_priority_t, gnutls_priority_deinit>;

/// What `init` made, with up to two arguments of its own behind the handle: make<Session>(gnutls_init,
/// flags). Null when the library refused, which is for want of memory or for arguments that cannot be.
template <typename T, typename Init, typename... Arguments>
[[nodiscard]] T make(Init init, Arguments... arguments) noexcept {
  typename T::pointer handle = nullptr;
  if (init(&handle, arguments...) != GNUTLS_E_SUCCESS) return nullptr;
  return T(handle);
}

/// The SHA-256 of a public key, by the library's function for what has it (gnutls_..._get_key_id).
using KeyId = std::array<unsigned char, 32>;
template <typename Handle>
[[nodiscard]] std::optional<KeyId> key_id(int (*get)(Handle, unsigned, unsigned char*, std::size_t*),
                                          Handle handle) noexcept {
  KeyId id{};
  std::size_t size = id.size();
  if (get(handle, GNUTLS_KEYID_USE_SHA256, id.data(), &size) < 0) return std::nullopt;
  return id;
}

/// What a negative result of the library means, for people: never empty.
[[nodiscard]] std::string sentence(int error);

/// A view for one call. The library takes inputs without const, and does not write to them.
[[nodiscard]] inline gnutls_datum_t datum(ByteView bytes) noexcept {
  return {.data = const_cast<unsigned char*>(bytes.data()), .size = static_cast<unsigned>(bytes.size())};
}
[[nodiscard]] inline ByteView view(const gnutls_datum_t& datum) noexcept {
  return {datum.data, datum.size};
}

/// A datum that the library allocated for the caller: wiped and freed here.
class OwnedDatum {
 public:
  OwnedDatum() noexcept = default;
  OwnedDatum(const OwnedDatum&) = delete;
  OwnedDatum& operator=(const OwnedDatum&) = delete;
  ~OwnedDatum();

  /// Where the library may write one, once.
  [[nodiscard]] gnutls_datum_t* out() noexcept { return &datum_; }
  [[nodiscard]] ByteView bytes() const noexcept { return view(datum_); }

 private:
  gnutls_datum_t datum_{};
};

}  // namespace linnet::tls
