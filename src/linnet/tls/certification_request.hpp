// SPDX-License-Identifier: Apache-2.0
// The device's side of enrolment (TS 5.2.4, mode 4): a key that is made here and never leaves, the request
// that proves it, and the certificate that comes back.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "linnet/base/bytes.hpp"
#include "linnet/base/result.hpp"

namespace linnet::tls {

/// A new P-256 key: PKCS#8, DER, unencrypted. The caller keeps it as secrets are kept, and wipes it.
[[nodiscard]] Result<std::vector<std::uint8_t>> make_private_key();

/// PKCS#10, DER, signed with that key; the subject is the endpoint name (1 to 255 bytes).
/// kMalformed: no key; kInvalidArgument: the name.
[[nodiscard]] Result<std::vector<std::uint8_t>> make_certification_request(ByteView private_key,
                                                                           std::string_view endpoint);

/// When a certificate is good, in seconds since 1970.
struct Validity {
  std::int64_t from = 0;
  std::int64_t until = 0;
};
/// kMalformed: no certificate.
[[nodiscard]] Result<Validity> validity_of(ByteView certificate);

/// Whether one of the authorities in an answer of `crts` (content format 281 or 287) has issued this
/// certificate, DER, at whatever time. kMalformed, kUnsupported: as below; kUnauthorized: none of them has.
[[nodiscard]] Result<void> check_issuer(ByteView certificate, ByteView authorities,
                                        std::uint16_t content_format);

/// The certificate out of the answer of `sen` or `sren` (content format 281 or 287), DER.
/// kMalformed: not such an answer; kNotFound: none of them is of this key; kUnsupported: the format.
[[nodiscard]] Result<std::vector<std::uint8_t>> read_enrolled(ByteView answer, std::uint16_t content_format,
                                                              ByteView private_key);

}  // namespace linnet::tls
