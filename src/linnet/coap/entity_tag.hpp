// SPDX-License-Identifier: Apache-2.0
// A short hash of a body or of an ETag, by which changes are noticed.
#pragma once

#include <cstdint>

#include "linnet/base/bytes.hpp"

namespace linnet::coap {

/// FNV-1a, but never 0.
[[nodiscard]] inline std::uint32_t entity_tag(ByteView body) noexcept {
  std::uint32_t hash = 0x811C9DC5U;
  for (const std::uint8_t byte : body) hash = (hash ^ byte) * 0x01000193U;
  return hash == 0 ? 1 : hash;  // an ETag has at least a byte
}

/// 0 for no ETag.
[[nodiscard]] inline std::uint32_t short_tag(ByteView etag) noexcept {
  return etag.empty() ? 0 : entity_tag(etag);
}

}  // namespace linnet::coap
