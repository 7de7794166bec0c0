// SPDX-License-Identifier: Apache-2.0
// All options of a received message that an endpoint acts on, gathered in one pass.
#pragma once

#include <cstdint>

#include "linnet/coap/code.hpp"
#include "linnet/coap/message_parts.hpp"
#include "linnet/coap/option.hpp"
#include "linnet/coap/optional_number.hpp"

namespace linnet::coap {

/// What options tell of a representation.
struct Representation {
  OptionalNumber content_format;
  OptionalNumber observe;  ///< 24 bits
  OptionalNumber max_age;  ///< seconds
};

struct ScannedOptions : Representation, BlockOptions {
  OptionalNumber accept;
  OptionalNumber no_response;   ///< RFC 7967 §2.1: a bit for each class that is not wanted
  ByteView echo;                ///< empty when absent: an Echo has at least a byte
  ByteView etag;                ///< the first one; empty when absent
  std::uint32_t cache_key = 0;  ///< hash of the code and the cache-key options but Observe and blocks
  bool bad_critical = false;    ///< a critical option that is not understood (RFC 7252 §5.4.1)
  bool proxy = false;           ///< Proxy-Uri or Proxy-Scheme
};

/// An option of a length that its row does not allow, or one too many of its kind, counts as not
/// understood (RFC 7252 §5.4.3, §5.4.5). So do If-Match, If-None-Match and OSCORE: an endpoint
/// does not act on them, and they must not be passed over.
[[nodiscard]] ScannedOptions scan_options(Options options, Code code) noexcept;
/// The same into `scanned`, which has nothing in it yet.
void scan_options(Options options, Code code, ScannedOptions& scanned) noexcept;

}  // namespace linnet::coap
