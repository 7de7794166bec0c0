// SPDX-License-Identifier: Apache-2.0
// The pseudorandom function of TLS 1.2 with SHA-256 (RFC 5246 §5), as all suites of linnet have it, and what
// is made with it.
#pragma once

#include <array>
#include <initializer_list>
#include <string_view>

#include "linnet/base/bytes.hpp"
#include "linnet/base/wipe.hpp"

namespace linnet::tls {

/// PRF(secret, label, seed), as many bytes as `out` has. The seed is what its parts say one after the other.
void prf(ByteView secret, std::string_view label, std::initializer_list<ByteView> seed,
         ByteSpan out) noexcept;

/// Secret bytes, wiped when they go.
template <std::size_t kSize>
struct FixedSecret {
  std::array<std::uint8_t, kSize> bytes{};

  FixedSecret() noexcept = default;
  FixedSecret(const FixedSecret&) noexcept = default;
  FixedSecret& operator=(const FixedSecret&) noexcept = default;
  ~FixedSecret() { wipe(bytes); }
};

using MasterSecret = FixedSecret<48>;

}  // namespace linnet::tls
