// SPDX-License-Identifier: Apache-2.0
// Which suites a device offers to a server (TS 5.2.8; resource 16 of object 0).
#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "linnet/client/security_parameters.hpp"
#include "linnet/tls/suites.hpp"

namespace linnet::tls {

/// The port where CoAP over TLS need not be agreed on by ALPN (RFC 8323 §8.2).
inline constexpr std::uint16_t kPortWithoutAlpn = 5684;

struct ClientSuites {
  std::array<Suite, client::SecurityParameters::kMaxSuites> list{};
  std::size_t count = 0;

  [[nodiscard]] std::span<const Suite> view() const noexcept { return std::span(list).first(count); }
};

/// Those that object 0 names and that go with the security mode, in its order; where it names none,
/// AES-128-CCM-8 and GCM, but not the two of CBC, which a client should not use (TS 5.2.8.1). May be empty.
[[nodiscard]] inline ClientSuites client_suites(const client::SecurityParameters& parameters) noexcept {
  constexpr std::array kPreferred{Suite::kPskCcm8, Suite::kPskGcm, Suite::kEcdsaCcm8, Suite::kEcdsaGcm};
  const bool psk = parameters.mode == client::SecurityMode::kPsk;
  ClientSuites result;
  const auto take = [&](Suite suite) {
    const bool of_psk = std::ranges::find(kPskSuites, suite) != kPskSuites.end();
    if (of_psk == psk && result.count < result.list.size()) result.list[result.count++] = suite;
  };
  if (parameters.suite_count == 0) std::ranges::for_each(kPreferred, take);
  for (const std::uint16_t number : parameters.ciphersuites()) {
    if (const auto suite = suite_of(number)) take(*suite);
  }
  return result;
}

}  // namespace linnet::tls
