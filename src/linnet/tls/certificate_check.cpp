// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/certificate_check.hpp"

#include <gnutls/ocsp.h>
#include <gnutls/x509.h>

#include <algorithm>
#include <ctime>

namespace linnet::tls {

using client::Alert;
using client::CertificateUsage;

namespace {

constexpr std::size_t kMaxPath = 8;
constexpr std::int64_t kLongestStatus =
    15LL * 86'400;  // of a status that does not say when the next one comes

using OcspResponse = Owned<gnutls_ocsp_resp_t, gnutls_ocsp_resp_deinit>;
using Path = std::vector<gnutls_x509_crt_t>;

bool holds(gnutls_x509_crt_t certificate, const CertificateRules& rules) {
  OwnedDatum der;
  if (gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_DER, der.out()) < 0) return false;
  return matches(der.bytes(), rules.wanted, rules.matching) ||
         matches(subject_public_key_info(certificate), rules.wanted, rules.matching);
}

bool same(gnutls_x509_crt_t a, gnutls_x509_crt_t b) {
  return gnutls_x509_crt_equals(a, b) != 0;
}

/// From the first of `chain` up to one of `anchors`; empty where there is no way.
Path path_to(const Path& chain, const Path& anchors) {
  Path path{chain.front()};
  while (path.size() < kMaxPath) {
    gnutls_x509_crt_t last = path.back();
    if (std::ranges::any_of(anchors, [&](gnutls_x509_crt_t anchor) { return same(anchor, last); })) {
      return path;
    }
    const auto issues = [&](gnutls_x509_crt_t issuer) {
      return gnutls_x509_crt_check_issuer(last, issuer) != 0;
    };
    if (const auto anchor = std::ranges::find_if(anchors, issues); anchor != anchors.end()) {
      path.push_back(*anchor);
      return path;
    }
    const auto next = std::ranges::find_if(chain, [&](gnutls_x509_crt_t certificate) {
      return std::ranges::find(path, certificate) == path.end() && issues(certificate);
    });
    if (next == chain.end()) return {};
    path.push_back(*next);
  }
  return {};
}

/// Signatures, constraints and what the certificates may be used for; no dates, which are ours to look at.
std::optional<Alert> check_path(const Path& path) {
  gnutls_x509_crt_t anchor = path.back();
  unsigned status = 0;
  const int done = gnutls_x509_crt_list_verify(path.data(), static_cast<unsigned>(path.size()), &anchor, 1,
                                               nullptr, 0, GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status);
  if (done < 0 || (status & GNUTLS_CERT_SIGNER_NOT_FOUND) != 0) return Alert::kUnknownCa;
  if (status != 0) return Alert::kBadCertificate;
  if (gnutls_x509_crt_check_key_purpose(path.front(), GNUTLS_KP_TLS_WWW_SERVER, 0) == 0) {
    return Alert::kUnsupportedCertificate;
  }
  const auto strong = [](gnutls_x509_crt_t certificate) { return strong_enough(certificate); };
  if (!std::ranges::all_of(path, strong)) return Alert::kUnsupportedCertificate;
  return std::nullopt;
}

std::optional<Alert> check_dates(const Path& path, UnixTime now) {
  const auto valid = [now](gnutls_x509_crt_t certificate) {
    return gnutls_x509_crt_get_activation_time(certificate) <= now.seconds &&
           now.seconds <= gnutls_x509_crt_get_expiration_time(certificate);
  };
  if (!std::ranges::all_of(path, valid)) return Alert::kCertificateExpired;
  return std::nullopt;
}

/// A response must speak of this certificate, be signed by or for its issuer, and be of the present.
std::optional<Alert> check_stapled(ByteView stapled, gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer,
                                   const std::optional<UnixTime>& now) {
  const auto response = make<OcspResponse>(gnutls_ocsp_resp_init);
  const gnutls_datum_t data = datum(stapled);
  if (gnutls_ocsp_resp_import(response.get(), &data) < 0 ||
      gnutls_ocsp_resp_get_status(response.get()) != GNUTLS_OCSP_RESP_SUCCESSFUL ||
      gnutls_ocsp_resp_check_crt(response.get(), 0, certificate) < 0) {
    return Alert::kBadCertificateStatusResponse;
  }
  unsigned verified = 0;
  if (gnutls_ocsp_resp_verify_direct(response.get(), issuer, &verified, GNUTLS_VERIFY_DISABLE_TIME_CHECKS) <
          0 ||
      verified != 0) {
    return Alert::kBadCertificateStatusResponse;
  }
  unsigned status = GNUTLS_OCSP_CERT_UNKNOWN;
  std::time_t updated = 0;
  std::time_t next = 0;
  if (gnutls_ocsp_resp_get_single(response.get(), 0, nullptr, nullptr, nullptr, nullptr, &status, &updated,
                                  &next, nullptr, nullptr) < 0) {
    return Alert::kBadCertificateStatusResponse;
  }
  if (status == GNUTLS_OCSP_CERT_REVOKED) return Alert::kCertificateRevoked;
  if (status != GNUTLS_OCSP_CERT_GOOD) return Alert::kBadCertificateStatusResponse;
  const std::int64_t until = next == -1 ? updated + kLongestStatus : next;
  if (now && (now->seconds < updated || now->seconds > until)) return Alert::kBadCertificateStatusResponse;
  return std::nullopt;
}

bool is_for(gnutls_x509_crt_t certificate, const std::string& name) {
  return gnutls_x509_crt_check_hostname2(certificate, name.c_str(), 0) != 0;
}

/// PKIX validation up to one of `anchors`, which `constraint` must be content with, and the name.
template <typename Constraint>
std::optional<Alert> validate(const Path& chain, const Path& anchors, ByteView stapled,
                              const CertificateRules& rules, Constraint constraint) {
  const Path path = path_to(chain, anchors);
  if (path.empty()) return Alert::kUnknownCa;
  if (const auto refused = check_path(path)) return refused;
  if (!constraint(path)) return Alert::kBadCertificate;
  if (!is_for(path.front(), rules.reference_identifier)) return Alert::kBadCertificate;
  if (rules.now) {
    if (const auto refused = check_dates(path, *rules.now)) return refused;
  }
  if (stapled.empty()) return std::nullopt;
  return check_stapled(stapled, path.front(), path.size() > 1 ? path[1] : path[0], rules.now);
}

}  // namespace

std::optional<Alert> check_certificate(std::span<const ByteView> chain, ByteView stapled,
                                       const CertificateRules& rules) {
  std::vector<Certificate> owned;
  for (const ByteView der : chain.first(std::min(chain.size(), kMaxPath))) {
    auto certificate = import_certificate(der);
    if (!certificate) return Alert::kBadCertificate;
    owned.push_back(*std::move(certificate));
  }
  if (owned.empty()) return Alert::kBadCertificate;
  Path shown;
  for (const Certificate& certificate : owned) shown.push_back(certificate.get());
  Path own_anchors;
  for (const Certificate& certificate : rules.anchors) own_anchors.push_back(certificate.get());

  const bool matched = holds(shown.front(), rules);
  const auto anything = [](const Path&) { return true; };
  if (!rules.usage && matched) {
    return strong_enough(shown.front()) ? std::nullopt : std::optional(Alert::kUnsupportedCertificate);
  }
  switch (rules.usage.value_or(CertificateUsage::kTrustAnchor)) {
    case CertificateUsage::kDomainIssued:
      if (!matched) return Alert::kBadCertificate;
      return strong_enough(shown.front()) ? std::nullopt : std::optional(Alert::kUnsupportedCertificate);
    case CertificateUsage::kServiceConstraint:
      return validate(shown, own_anchors, stapled, rules, [&](const Path&) { return matched; });
    case CertificateUsage::kCaConstraint:
      return validate(shown, own_anchors, stapled, rules, [&](const Path& path) {
        return std::any_of(path.begin() + 1, path.end(),
                           [&](gnutls_x509_crt_t issuer) { return holds(issuer, rules); });
      });
    case CertificateUsage::kTrustAnchor: {
      // The anchor is known whole, or is the one among those shown that its key or hash is of.
      Path anchors;
      const auto whole = import_certificate(rules.wanted);
      if (rules.matching == client::MatchingType::kExact && whole) anchors.push_back(whole->get());
      std::ranges::copy_if(shown, std::back_inserter(anchors),
                           [&](gnutls_x509_crt_t certificate) { return holds(certificate, rules); });
      return validate(shown, anchors, stapled, rules, anything);
    }
  }
  return Alert::kUnsupportedCertificate;
}

}  // namespace linnet::tls
