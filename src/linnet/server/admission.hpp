// SPDX-License-Identifier: Apache-2.0
// Whether a device may have the endpoint name that it gives in a Register or a Bootstrap-Request
// (TS 5.2.6, 5.3, 5.5.5).
#pragma once

#include <cstdint>
#include <string_view>

#include "linnet/base/result.hpp"
#include "linnet/coap/code.hpp"
#include "linnet/server/credentials.hpp"

namespace linnet::server {

/// What a peer has proved of itself, held against an endpoint name.
enum class LinkIdentity : std::uint8_t {
  kNone,   ///< nothing: its messages are not protected
  kSame,   ///< that this endpoint name is its own
  kOther,  ///< that another one is
};

/// With one more proof, of this endpoint or of another one: where there are two, both must be of this one.
[[nodiscard]] constexpr LinkIdentity with_proof(LinkIdentity proved, bool same) noexcept {
  return same && proved != LinkIdentity::kOther ? LinkIdentity::kSame : LinkIdentity::kOther;
}

/// Nothing, or the answer in Error::response: 4.00 where the identity belongs to another endpoint
/// (TS 5.2.6), 4.03 where there is none and the name has credentials, or unprotected devices are not
/// wanted at all (`allow_nosec`).
[[nodiscard]] inline Result<void> admit(LinkIdentity identity, std::string_view endpoint,
                                        const Credentials& credentials, bool allow_nosec) noexcept {
  constexpr auto kBadRequest = static_cast<std::uint8_t>(coap::Code::kBadRequest);
  constexpr auto kForbidden = static_cast<std::uint8_t>(coap::Code::kForbidden);
  if (identity == LinkIdentity::kSame) return {};
  if (identity == LinkIdentity::kOther) return fail(Errc::kUnauthorized, kBadRequest);
  if (allow_nosec && !credentials.credentialed(endpoint)) return {};
  return fail(Errc::kUnauthorized, kForbidden);
}

}  // namespace linnet::server
