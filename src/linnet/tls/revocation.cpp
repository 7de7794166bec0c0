// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/revocation.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace linnet::tls {

namespace {

constexpr std::size_t kMaxSerial = 64;    // RFC 5280 §4.1.2.2 has 20 bytes
constexpr std::size_t kMostSigners = 16;  // of one list that are remembered
/// When a list was made and until when it is good is not asked of the library, which judges it all the same.
constexpr unsigned kDates =
    GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED | GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE;

OwnedBytes owned(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

OwnedBytes serial_of(gnutls_x509_crt_t certificate) {
  OwnedBytes serial(kMaxSerial);
  std::size_t size = serial.size();
  if (gnutls_x509_crt_get_serial(certificate, serial.data(), &size) < 0) return {};
  serial.resize(size);
  return serial;
}

/// Serials are compared as text: GCC 12 takes the comparison of two vectors of bytes for an overread.
std::string_view as_serial(const OwnedBytes& serial) noexcept {
  return as_text(serial);
}

/// Whether what `issuer` signed, and not only what it is called, is this certificate.
bool issued_by(gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer) {
  unsigned status = 0;
  return gnutls_x509_crt_check_issuer(certificate, issuer) != 0 &&
         gnutls_x509_crt_verify(certificate, &issuer, 1, GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status) >= 0 &&
         status == 0;
}

/// Of one name there may be several; null for none.
gnutls_x509_crt_t issuer_of(gnutls_x509_crt_t certificate, std::span<const gnutls_x509_crt_t> chain,
                            gnutls_x509_crt_t anchor) {
  if (issued_by(certificate, anchor)) return anchor;
  const auto found = std::ranges::find_if(chain, [&](gnutls_x509_crt_t other) {
    return gnutls_x509_crt_equals(other, certificate) == 0 && issued_by(certificate, other);
  });
  return found == chain.end() ? nullptr : *found;
}

bool has_critical_extension(gnutls_x509_crl_t list) {
  for (unsigned i = 0;; ++i) {
    std::array<char, 128> oid;
    std::size_t size = oid.size();
    unsigned critical = 0;
    const int got = gnutls_x509_crl_get_extension_info(list, i, oid.data(), &size, &critical);
    if (got == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) return false;
    if (got < 0 || critical != 0) return true;
  }
}

}  // namespace

std::expected<RevocationLists::Shared, std::string> RevocationLists::read(std::span<const OwnedBytes> files) {
  std::shared_ptr<RevocationLists> made(new RevocationLists);
  for (const OwnedBytes& file : files) {
    const std::vector<OwnedBytes> lists = pem_or_der(file, "X509 CRL");
    if (lists.empty()) return std::unexpected("no list of revoked certificates");
    for (const OwnedBytes& der : lists) {
      auto list = read_one(der);
      if (!list) return std::unexpected(std::move(list).error());
      made->lists_.push_back(*std::move(list));
    }
  }
  return made;
}

std::expected<RevocationLists::List, std::string> RevocationLists::read_one(ByteView der) {
  List list{.handle = make<Handle>(gnutls_x509_crl_init), .issuer = {}, .serials = {}};
  if (!list.handle) return std::unexpected("no memory");
  auto* const handle = list.handle.get();
  const gnutls_datum_t data = datum(der);
  if (const int got = gnutls_x509_crl_import(handle, &data, GNUTLS_X509_FMT_DER); got < 0)
    return std::unexpected("no list of revoked certificates: " + sentence(got));
  if (has_critical_extension(handle))
    return std::unexpected("a list with a critical extension, which is no whole list of its issuer's own");
  OwnedDatum issuer;
  if (const int got = gnutls_x509_crl_get_raw_issuer_dn(handle, issuer.out()); got < 0)
    return std::unexpected("a list of nobody: " + sentence(got));
  list.issuer = owned(issuer.bytes());
  list.until = std::max<std::int64_t>(gnutls_x509_crl_get_next_update(handle), 0);
  gnutls_x509_crl_iter_t at = nullptr;
  const auto free = [](gnutls_x509_crl_iter_t* iterator) {
    if (*iterator != nullptr) gnutls_x509_crl_iter_deinit(*iterator);
  };
  const std::unique_ptr<gnutls_x509_crl_iter_t, decltype(free)> end(&at, free);
  for (;;) {
    OwnedBytes serial(kMaxSerial);
    std::size_t size = serial.size();
    const int got = gnutls_x509_crl_iter_crt_serial(handle, &at, serial.data(), &size, nullptr);
    if (got == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) break;
    if (got < 0) return std::unexpected("a list with an entry that is none: " + sentence(got));
    serial.resize(size);
    list.serials.push_back(std::move(serial));
  }
  std::ranges::sort(list.serials, {}, as_serial);
  return list;
}

RevocationLists::Verdict RevocationLists::judge(std::span<const gnutls_x509_crt_t> chain,
                                                gnutls_x509_crt_t anchor) const {
  if (lists_.empty() || chain.empty()) return Verdict::kNotRevoked;
  gnutls_x509_crt_t certificate = chain.front();
  for (std::size_t steps = 0; steps <= chain.size(); ++steps) {
    if (gnutls_x509_crt_equals(certificate, anchor) != 0) return Verdict::kNotRevoked;
    auto* const issuer = issuer_of(certificate, chain, anchor);
    if (issuer == nullptr) return Verdict::kUnknown;
    if (const Verdict verdict = judge_one(certificate, issuer); verdict != Verdict::kNotRevoked)
      return verdict;
    certificate = issuer;
  }
  return Verdict::kUnknown;
}

RevocationLists::Verdict RevocationLists::judge_one(gnutls_x509_crt_t certificate,
                                                    gnutls_x509_crt_t issuer) const {
  OwnedDatum name;
  if (gnutls_x509_crt_get_raw_issuer_dn(certificate, name.out()) < 0) return Verdict::kUnknown;
  const OwnedBytes serial = serial_of(certificate);
  bool named = false;
  bool genuine = false;
  for (const List& list : lists_) {
    if (!equal(list.issuer, name.bytes())) continue;
    named = true;
    if (!signed_by(list, issuer)) continue;
    genuine = true;
    if (std::ranges::binary_search(list.serials, as_serial(serial), {}, as_serial)) return Verdict::kRevoked;
  }
  return named && !genuine ? Verdict::kUnknown : Verdict::kNotRevoked;
}

bool RevocationLists::signed_by(const List& list, gnutls_x509_crt_t issuer) const {
  OwnedBytes key = subject_public_key_info(issuer);
  const std::scoped_lock lock(mutex_);
  const auto known = std::ranges::find(list.signers, key, &std::pair<OwnedBytes, bool>::first);
  if (known != list.signers.end()) return known->second;
  unsigned status = 0;
  const int done =
      gnutls_x509_crl_verify(list.handle.get(), &issuer, 1, GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status);
  // "Invalid" stands beside each reason.
  const unsigned beside = (status & kDates) == 0 ? 0 : kDates | GNUTLS_CERT_INVALID;
  const bool good = done >= 0 && (status & ~beside) == 0;
  if (list.signers.size() < kMostSigners) list.signers.emplace_back(std::move(key), good);
  return good;
}

std::size_t RevocationLists::certificates() const noexcept {
  std::size_t all = 0;
  for (const List& list : lists_) all += list.serials.size();
  return all;
}

std::size_t RevocationLists::out_of_date(UnixTime now) const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
      lists_, [&](const List& list) { return list.until != 0 && list.until < now.seconds; }));
}

}  // namespace linnet::tls
