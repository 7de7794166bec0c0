// SPDX-License-Identifier: Apache-2.0
// What must be known of a request to answer it, now or later.
#pragma once

#include <cstdint>

#include "linnet/coap/code.hpp"
#include "linnet/coap/features.hpp"
#include "linnet/coap/link.hpp"
#include "linnet/coap/message_parts.hpp"
#include "linnet/coap/protection.hpp"
#include "linnet/coap/recent_requests.hpp"
#include "linnet/coap/token.hpp"

namespace linnet::coap {

struct RequestContext {
  LinkId link;
  MessageId message_id;
  Code method;
  bool confirmable;
  bool repeatable;   ///< processing it again does no harm (RFC 7252 §5.1)
  bool size_wanted;  ///< it carries Size2
  bool notifies;     ///< no request: what an observer is told
  std::uint8_t no_response;
  Token token;
  std::uint32_t cache_key;
  OptionalNumber block1;  ///< to be echoed
  OptionalNumber block2;
  RecentRequest* recent;  ///< null once it has been acknowledged alone, and on a stream
  [[no_unique_address]] KeptBinding binding;
};

/// A request that the handler deferred. All zero is a free one.
struct Deferred {
  RequestContext request;
  std::uint16_t generation;
  bool used;
};

}  // namespace linnet::coap
