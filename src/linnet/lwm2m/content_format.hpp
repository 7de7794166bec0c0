// SPDX-License-Identifier: Apache-2.0
// CoAP Content-Format numbers that LwM2M uses (Core 1.1 §7.4, digest §3).
#pragma once

#include <cstdint>
#include <string_view>

namespace linnet::lwm2m {

enum class ContentFormat : std::uint16_t {
  kText = 0,
  kLinkFormat = 40,
  kOpaque = 42,
  kCbor = 60,
  kSenmlJson = 110,
  kSenmlCbor = 112,
  kOldTlv = 1542,   ///< TLV in drafts of 1.0
  kOldJson = 1543,  ///< JSON in drafts of 1.0
  kTlv = 11542,
  kJson = 11543,  ///< 1.0 legacy
};

/// Can hold several resources (TLV, JSON, SenML), as Read on an instance or object needs.
[[nodiscard]] constexpr bool holds_many(ContentFormat format) noexcept {
  switch (format) {
    case ContentFormat::kSenmlJson:
    case ContentFormat::kSenmlCbor:
    case ContentFormat::kOldTlv:
    case ContentFormat::kOldJson:
    case ContentFormat::kTlv:
    case ContentFormat::kJson: return true;
    default: return false;
  }
}

/// The media type ("application/senml+cbor"), or empty for a number that is not listed.
[[nodiscard]] std::string_view media_type(ContentFormat format) noexcept;

}  // namespace linnet::lwm2m
