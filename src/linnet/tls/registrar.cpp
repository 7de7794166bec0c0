// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/registrar.hpp"

#include <gnutls/x509.h>

#include <algorithm>
#include <array>

#include "linnet/tls/certificate_bundle.hpp"

namespace linnet::tls {
namespace {

using server::CertificateForm;

bool is_for(gnutls_x509_crt_t certificate, std::string_view endpoint) {
  const std::vector<std::string> names = names_of(certificate);
  const auto other = [&](const std::string& name) { return name != endpoint; };
  return !names.empty() && std::ranges::none_of(names, other) &&
         gnutls_x509_crt_get_ca_status(certificate, nullptr) <= 0;
}

}  // namespace

Result<ProvenRequest> admit_request(const server::EnrollmentRequest& request) {
  auto wanted = read_request(request.request);
  if (!wanted) return wanted;
  const auto other = [&](const std::string& name) { return name != request.endpoint; };
  if (wanted->common_name.empty() && wanted->alternative_names.empty()) return fail(Errc::kUnauthorized);
  if (!wanted->common_name.empty() && other(wanted->common_name)) return fail(Errc::kUnauthorized);
  if (std::ranges::any_of(wanted->alternative_names, other)) return fail(Errc::kUnauthorized);
  return wanted;
}

Result<std::vector<std::uint8_t>> pass_on_certificate(ByteView bundle, const ProvenRequest& request,
                                                      std::string_view endpoint, CertificateForm form) {
  const auto certificates = decode_bundle(bundle);
  if (!certificates) return fail(certificates.error().code);
  const auto id = key_id(gnutls_pubkey_get_key_id, request.key.get());
  const auto own = std::ranges::find_if(*certificates, [&](const Certificate& each) {
    return id && key_id(gnutls_x509_crt_get_key_id, each.get()) == id;
  });
  if (own == certificates->end() || !is_for(own->get(), endpoint)) return fail(Errc::kUnauthorized);
  if (form == CertificateForm::kBundle) return encode_bundle(*certificates);
  return encode_certificate(own->get());
}

Result<std::vector<std::uint8_t>> pass_on_authorities(ByteView bundle, CertificateForm form) {
  const auto certificates = decode_bundle(bundle);
  if (!certificates) return fail(certificates.error().code);
  if (form == CertificateForm::kBundle) return encode_bundle(*certificates);
  if (certificates->size() != 1) return fail(Errc::kUnsupported);
  return encode_certificate(certificates->front().get());
}

}  // namespace linnet::tls
