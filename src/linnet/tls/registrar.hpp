// SPDX-License-Identifier: Apache-2.0
// What a registrar looks at that passes requests of devices on to an EST server elsewhere, and its answers
// back (RFC 9148 §5): a device asks for itself alone, and gets nothing else.
#pragma once

#include <cstdint>
#include <vector>

#include "linnet/server/enrollment.hpp"
#include "linnet/tls/certificate_names.hpp"

namespace linnet::tls {

/// A request that may be passed on: signed by its key, and naming the endpoint that asks and nobody beside
/// it, since the server knows the registrar alone. Errors as read_request; kUnauthorized: it names nobody,
/// or somebody else.
[[nodiscard]] Result<ProvenRequest> admit_request(const server::EnrollmentRequest& request);

/// The answer for the device out of a PKCS#7 of certificates (DER): one of them is for the admitted request,
/// names `endpoint` and nobody beside it and is no authority's. The device gets that one as
/// kCertificate, and all of them as kBundle. kMalformed: not such a PKCS#7; kUnauthorized: no such
/// certificate.
[[nodiscard]] Result<std::vector<std::uint8_t>> pass_on_certificate(ByteView bundle,
                                                                    const ProvenRequest& request,
                                                                    std::string_view endpoint,
                                                                    server::CertificateForm form);

/// The authorities' certificates out of a PKCS#7. kMalformed; kUnsupported: the form holds one certificate,
/// and there are more.
[[nodiscard]] Result<std::vector<std::uint8_t>> pass_on_authorities(ByteView bundle,
                                                                    server::CertificateForm form);

}  // namespace linnet::tls
