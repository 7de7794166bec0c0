// SPDX-License-Identifier: Apache-2.0
// The limits of an endpoint, and what it counts.
#pragma once

#include <cstddef>
#include <cstdint>

#include "linnet/base/time.hpp"
#include "linnet/coap/freshness.hpp"

namespace linnet::coap {

/// Every limit of an endpoint. The defaults suit a device; a server raises them.
struct EndpointConfig {
  std::uint32_t max_peers = 4;       ///< links known at once; LinkIds are below this
  std::uint8_t recent_requests = 4;  ///< remembered per peer for deduplication (RFC 7252 §4.5)
  std::uint32_t max_exchanges =
      4;  ///< own confirmable messages and requests under way or waiting for NSTART, all peers
  std::uint16_t max_per_peer = 4;  ///< of these, per peer
  std::uint32_t max_deferred = 2;  ///< requests that the handler will answer later
  /// Block-wise bodies held at once, either direction; of them a third of all but one for one peer, which
  /// needs two where the messages of a body under OSCORE come in parts themselves.
  std::uint16_t max_transfers = 1;
  std::uint16_t max_streams = 1;           ///< bodies passed on block by block at once
  std::uint32_t max_body = 2048;           ///< bytes of one body that is kept, in or out
  std::uint16_t max_message = 1152;        ///< bytes of one message that may have to be sent again
  std::uint16_t recent_notifications = 8;  ///< NON notifications remembered to match a Reset; 0 on a server
  std::uint8_t block_szx = 6;              ///< preferred block size 2^(szx+4), 0 to 6
  std::uint8_t token_size = 4;             ///< bytes of the tokens it makes, 2 to 8
  /// Which requests of peers must show a fresh Echo value; who does not know Echo is not served then.
  Freshness freshness = Freshness::kOff;
  Millis transfer_timeout{93'000};  ///< a block-wise transfer without a message for so long is forgotten
  Millis ack_delay{500};            ///< a deferred request is acknowledged alone after this
};

/// Counted in a machine word: on a small device they start again at 2^32.
struct EndpointStatistics {
  std::size_t received = 0, sent = 0, retransmitted = 0, duplicates = 0, malformed = 0, rejected = 0,
              dropped = 0;
};

}  // namespace linnet::coap
