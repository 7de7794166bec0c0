// SPDX-License-Identifier: Apache-2.0
// Which requests must show by an Echo value that they are no old ones which somebody held back (TS 5.7,
// RFC 9175 §2.3).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "linnet/coap/code.hpp"

namespace linnet::coap {

/// What the security protocol asks for by itself, as OSCORE does at the first use of a context, is not meant.
enum class Freshness : std::uint8_t {
  kOff,    ///< none must
  kFirst,  ///< over datagrams, what has an effect, until the peer has shown it once since this endpoint began
  kAlways,  ///< whatever has an effect
};

/// "off", "first" and "always", as people write them.
[[nodiscard]] constexpr std::optional<Freshness> parse_freshness(std::string_view text) noexcept {
  if (text == "off") return Freshness::kOff;
  if (text == "first") return Freshness::kFirst;
  return text == "always" ? std::optional(Freshness::kAlways) : std::nullopt;
}

/// Whether a request does more than read: in LwM2M every operation but Read, Discover and Observe, in their
/// composite forms too.
[[nodiscard]] constexpr bool has_effect(Code method) noexcept {
  return method != Code::kGet && method != Code::kFetch;
}

}  // namespace linnet::coap
