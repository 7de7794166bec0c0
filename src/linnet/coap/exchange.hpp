// SPDX-License-Identifier: Apache-2.0
// One message of our own that waits for something: an acknowledgement, a response, or its turn.
#pragma once

#include <cstdint>

#include "linnet/base/time.hpp"
#include "linnet/coap/features.hpp"
#include "linnet/coap/handler.hpp"
#include "linnet/coap/link.hpp"
#include "linnet/coap/protection.hpp"
#include "linnet/coap/token.hpp"

namespace linnet::coap {

/// All zero is one that was never used.
///
///     kQueued ──NSTART allows──> kSent ──acknowledged──> kAcknowledged ──response──> free
///                                  │  └──────────────response──────────────────────> free
///                                  └──Reset, out of retransmissions────────────────> free
struct Exchange {
  enum class State : std::uint8_t {
    kFree,
    kQueued,        ///< behind NSTART
    kSent,          ///< confirmable, sent again until it is acknowledged
    kAcknowledged,  ///< a request that only the response is missing of; a non-confirmable one is here at once
    kClosed,        ///< its peer is gone, to be reported at the next step
  };
  enum class Kind : std::uint8_t { kRequest, kPing, kNotification, kResponse };

  State state;
  Kind kind;
  bool confirmable;
  bool challenged;  ///< an Echo value was taken up once (RFC 9175 §2.3)
  std::uint8_t retransmissions;
  std::uint8_t restarts;  ///< of block-wise transfers
  std::uint8_t szx;       ///< of the Block1 under way
  std::uint8_t blocks;    ///< how many of them the message carries
  MessageId message_id;
  std::uint16_t size;     ///< bytes of the message in its buffer
  std::uint16_t sending;  ///< transfer of a body that goes out, index plus one
  std::uint16_t joining;  ///< transfer of a body that comes in, index plus one
  std::uint16_t stream;   ///< body that is passed on as it comes in, index plus one
  LinkId link;
  RequestId id;                               ///< its place in the table, and a generation
  std::uint32_t next;                         ///< exchange of the same peer, index plus one
  std::uint32_t offset;                       ///< of the Block1 under way
  std::uint32_t timeout;                      ///< milliseconds until the next retransmission
  std::uint32_t patience;                     ///< milliseconds to wait for a response
  Token token;                                ///< on the wire now
  Token first_token;                          ///< of the request as it was made: what the handler sees
  [[no_unique_address]] KeptBinding binding;  ///< `buffer` holds the plain message
};

/// A non-confirmable notification that was sent, kept because a Reset of it ends its observation (RFC 7641
/// §3.6).
struct NotificationSent {
  LinkId link;
  MessageId message_id;
  Token token;
  bool used;
};

}  // namespace linnet::coap
