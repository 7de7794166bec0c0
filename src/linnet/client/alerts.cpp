// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/alerts.hpp"

#include <algorithm>
#include <iterator>

namespace linnet::client {

namespace {

// bad_certificate, unsupported_certificate, certificate_revoked, certificate_expired, certificate_unknown,
// unknown_ca, access_denied, unrecognized_name, bad_certificate_status_response,
// bad_certificate_hash_value, unknown_psk_identity
constexpr std::uint8_t kFailing[]{42, 43, 44, 45, 46, 48, 49, 112, 113, 114, 115};

// decompression_failure, no_certificate, export_restriction, unsupported_extension
constexpr std::uint8_t kIgnored[]{30, 41, 60, 110};

}  // namespace

AlertHandling handling_of(Alert alert) noexcept {
  const auto code = static_cast<std::uint8_t>(alert);
  if (std::ranges::find(kFailing, code) != std::end(kFailing)) return AlertHandling::kFail;
  if (std::ranges::find(kIgnored, code) != std::end(kIgnored)) return AlertHandling::kIgnore;
  return AlertHandling::kRetry;
}

}  // namespace linnet::client
