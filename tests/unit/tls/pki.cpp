// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/tls/pki.hpp"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <gtest/gtest.h>

#include <array>
#include <ctime>

namespace linnet::tls::test {

namespace {

using X509Key = Owned<gnutls_x509_privkey_t, gnutls_x509_privkey_deinit>;

void ok(int result) {
  if (result < 0) ADD_FAILURE() << sentence(result);
}

OwnedBytes owned(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

OwnedBytes hash(gnutls_digest_algorithm_t algorithm, ByteView bytes) {
  OwnedBytes out(gnutls_hash_get_len(algorithm));
  ok(gnutls_hash_fast(algorithm, bytes.data(), bytes.size(), out.data()));
  return out;
}

Certificate unsigned_certificate(const Wish& wish, const KeyPair& keys) {
  auto certificate = make<Certificate>(gnutls_x509_crt_init);
  gnutls_x509_crt_t raw = certificate.get();
  const auto key = import_public_key(keys.spki);
  auto half = make<PublicKey>(gnutls_pubkey_init);
  const gnutls_datum_t spki = datum(keys.spki);
  ok(gnutls_pubkey_import(half.get(), &spki, GNUTLS_X509_FMT_DER));
  ok(gnutls_x509_crt_set_version(raw, 3));
  ok(gnutls_x509_crt_set_pubkey(raw, half.get()));
  std::array<std::uint8_t, 8> serial{};
  ok(gnutls_rnd(GNUTLS_RND_NONCE, serial.data(), serial.size()));
  serial[0] = 1;
  ok(gnutls_x509_crt_set_serial(raw, serial.data(), serial.size()));
  ok(gnutls_x509_crt_set_activation_time(raw, wish.from));
  ok(gnutls_x509_crt_set_expiration_time(raw, wish.until));
  ok(gnutls_x509_crt_set_dn(raw, ("CN=" + (wish.authority ? wish.name : std::string("server"))).c_str(),
                            nullptr));
  if (wish.authority) {
    ok(gnutls_x509_crt_set_basic_constraints(raw, 1, -1));
    ok(gnutls_x509_crt_set_key_usage(raw, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN));
  } else {
    ok(gnutls_x509_crt_set_subject_alt_name(raw, GNUTLS_SAN_DNSNAME, wish.name.data(),
                                            static_cast<unsigned>(wish.name.size()), GNUTLS_FSAN_SET));
    ok(gnutls_x509_crt_set_key_usage(raw, GNUTLS_KEY_DIGITAL_SIGNATURE));
    ok(gnutls_x509_crt_set_key_purpose_oid(
        raw, wish.for_clients ? GNUTLS_KP_TLS_WWW_CLIENT : GNUTLS_KP_TLS_WWW_SERVER, 0));
  }
  return certificate;
}

Identity finished(Certificate certificate, gnutls_x509_crt_t issuer, gnutls_privkey_t signer, KeyPair keys) {
  ok(gnutls_x509_crt_privkey_sign(certificate.get(), issuer, signer, GNUTLS_DIG_SHA256, 0));
  OwnedDatum der;
  ok(gnutls_x509_crt_export2(certificate.get(), GNUTLS_X509_FMT_DER, der.out()));
  // Read back, so that what the library keeps beside the bytes is there.
  auto again = import_certificate(der.bytes());
  return {owned(der.bytes()), *std::move(again), std::move(keys)};
}

// DER by hand, as the library reads OCSP responses and makes none.
OwnedBytes tagged(std::uint8_t tag, std::initializer_list<OwnedBytes> parts) {
  OwnedBytes content;
  for (const OwnedBytes& part : parts) content.insert(content.end(), part.begin(), part.end());
  OwnedBytes out{tag};
  if (content.size() < 0x80) {
    out.push_back(static_cast<std::uint8_t>(content.size()));
  } else {
    out.insert(out.end(), {0x82, static_cast<std::uint8_t>(content.size() >> 8),
                           static_cast<std::uint8_t>(content.size())});
  }
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

OwnedBytes generalized_time(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 16> text{};
  (void)std::strftime(text.data(), text.size(), "%Y%m%d%H%M%SZ", &parts);
  return tagged(0x18, {owned(as_bytes(text.data()))});
}

}  // namespace

KeyPair::KeyPair(gnutls_ecc_curve_t curve) {
  const auto key = make<X509Key>(gnutls_x509_privkey_init);
  ok(gnutls_x509_privkey_generate(key.get(), GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(curve), 0));
  OwnedDatum pkcs8;
  ok(gnutls_x509_privkey_export2_pkcs8(key.get(), GNUTLS_X509_FMT_DER, nullptr, GNUTLS_PKCS_PLAIN,
                                       pkcs8.out()));
  secret = owned(pkcs8.bytes());
  handle = make<PrivateKey>(gnutls_privkey_init);
  const gnutls_datum_t data = datum(secret);
  ok(gnutls_privkey_import_x509_raw(handle.get(), &data, GNUTLS_X509_FMT_DER, nullptr, 0));
  spki = subject_public_key_info(handle.get());
}

Identity self_signed(const Wish& wish, KeyPair keys) {
  Certificate certificate = unsigned_certificate(wish, keys);
  gnutls_x509_crt_t raw = certificate.get();
  gnutls_privkey_t signer = keys.handle.get();
  return finished(std::move(certificate), raw, signer, std::move(keys));
}

Identity issued(const Identity& issuer, const Wish& wish, KeyPair keys) {
  Certificate certificate = unsigned_certificate(wish, keys);
  return finished(std::move(certificate), issuer.handle.get(), issuer.keys.handle.get(), std::move(keys));
}

Identity authority(const std::string& name) {
  return self_signed({.name = name,
                      .from = kPresent.seconds - 1000 * kDay,
                      .until = kPresent.seconds + 1000 * kDay,
                      .authority = true});
}

OwnedBytes ocsp_response(const Identity& subject, const Identity& issuer, const Identity& signer,
                         bool revoked, std::int64_t updated) {
  const auto sequence = [](std::initializer_list<OwnedBytes> parts) { return tagged(0x30, parts); };
  const auto octets = [](OwnedBytes bytes) { return tagged(0x04, {std::move(bytes)}); };
  const OwnedBytes sha1{0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A};
  const OwnedBytes ecdsa_sha256{0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02};
  const OwnedBytes basic{0x06, 0x09, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01};

  OwnedDatum name;
  ok(gnutls_x509_crt_get_raw_issuer_dn(subject.handle.get(), name.out()));
  OwnedBytes serial(20);
  std::size_t size = serial.size();
  ok(gnutls_x509_crt_get_serial(subject.handle.get(), serial.data(), &size));
  serial.resize(size);
  constexpr std::size_t kPoint = 65;  // of P-256, at the end of its SubjectPublicKeyInfo
  const auto key_hash = [](const Identity& of) {
    return hash(GNUTLS_DIG_SHA1, ByteView(of.keys.spki).last(kPoint));
  };
  const OwnedBytes status =
      revoked ? tagged(0xA1, {generalized_time(updated - kDay)}) : OwnedBytes{0x80, 0x00};
  const OwnedBytes id = sequence({sequence({sha1, {0x05, 0x00}}), octets(hash(GNUTLS_DIG_SHA1, name.bytes())),
                                  octets(key_hash(issuer)), tagged(0x02, {serial})});
  const OwnedBytes single =
      sequence({id, status, generalized_time(updated), tagged(0xA0, {generalized_time(updated + kDay)})});
  const OwnedBytes data =
      sequence({tagged(0xA2, {octets(key_hash(signer))}), generalized_time(updated), sequence({single})});
  const gnutls_datum_t to_sign = datum(data);
  OwnedDatum signature;
  ok(gnutls_privkey_sign_data(signer.keys.handle.get(), GNUTLS_DIG_SHA256, 0, &to_sign, signature.out()));
  const OwnedBytes whole =
      sequence({data, sequence({ecdsa_sha256}), tagged(0x03, {{0x00}, owned(signature.bytes())})});
  return sequence({{0x0A, 0x01, 0x00}, tagged(0xA0, {sequence({basic, octets(whole)})})});
}

OwnedBytes revocation_list(const Identity& issuer, const std::vector<const Identity*>& revoked,
                           std::int64_t updated) {
  const auto list = make<Owned<gnutls_x509_crl_t, gnutls_x509_crl_deinit>>(gnutls_x509_crl_init);
  ok(gnutls_x509_crl_set_version(list.get(), 2));
  ok(gnutls_x509_crl_set_this_update(list.get(), updated));
  ok(gnutls_x509_crl_set_next_update(list.get(), updated + kDay));
  for (const Identity* one : revoked) ok(gnutls_x509_crl_set_crt(list.get(), one->handle.get(), updated));
  ok(gnutls_x509_crl_privkey_sign(list.get(), issuer.handle.get(), issuer.keys.handle.get(),
                                  GNUTLS_DIG_SHA256, 0));
  OwnedDatum der;
  ok(gnutls_x509_crl_export2(list.get(), GNUTLS_X509_FMT_DER, der.out()));
  return owned(der.bytes());
}

OwnedBytes sha256(ByteView bytes) {
  return hash(GNUTLS_DIG_SHA256, bytes);
}

}  // namespace linnet::tls::test
