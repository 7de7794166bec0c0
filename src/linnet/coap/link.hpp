// SPDX-License-Identifier: Apache-2.0
// A link: one peer over one transport, as the engines see it (ARCHITECTURE.md, decision 3), and
// the transmission parameters that go with it (RFC 7252 §4.8).
#pragma once

#include <cstdint>

#include "linnet/base/bytes.hpp"
#include "linnet/base/quotient.hpp"
#include "linnet/base/time.hpp"

namespace linnet::coap {

/// A dense index, from 0, given out by whoever owns the links (net, a binding, a simulation) and
/// below EndpointConfig::max_peers.
enum class LinkId : std::uint32_t {};
inline constexpr LinkId kNoLink{0xFFFFFFFF};
[[nodiscard]] constexpr std::uint32_t index(LinkId link) noexcept {
  return static_cast<std::uint32_t>(link);
}

/// RFC 7252 §4.8 and what follows from it (§4.8.2). Defaults are the RFC's.
struct TransmissionParameters {
  using Span = std::chrono::duration<std::uint32_t, std::milli>;  ///< half as large as Millis

  Span ack_timeout{2000};
  std::uint16_t ack_random_percent = 150;  ///< ACK_RANDOM_FACTOR in percent, at least 100
  std::uint8_t max_retransmit = 4;
  std::uint8_t nstart = 1;
  Span max_latency{100'000};

  [[nodiscard]] constexpr Millis max_transmit_span() const noexcept {
    return spread((1U << max_retransmit) - 1U);
  }
  [[nodiscard]] constexpr Millis max_transmit_wait() const noexcept {
    return spread((2U << max_retransmit) - 1U);
  }
  [[nodiscard]] constexpr Millis processing_delay() const noexcept { return ack_timeout; }
  [[nodiscard]] constexpr Millis exchange_lifetime() const noexcept {
    return max_transmit_span() + 2 * max_latency + processing_delay();
  }
  [[nodiscard]] constexpr Millis non_lifetime() const noexcept { return max_transmit_span() + max_latency; }

 private:
  /// So many times ACK_TIMEOUT, at its longest.
  [[nodiscard]] constexpr Millis spread(std::uint32_t times) const noexcept {
    const auto longest = static_cast<std::uint64_t>(ack_timeout.count()) * times * ack_random_percent;
    return Millis(divide(longest, 100).quotient);
  }
};

/// What an engine must know of a transport.
struct LinkTraits {
  bool stream = false;               ///< reliable and ordered: no message layer (RFC 8323)
  bool bert = false;                 ///< the peer takes several blocks in one message (RFC 8323 §6)
  std::uint16_t max_message = 1152;  ///< largest message that the link carries, in bytes
  TransmissionParameters transmission;
};

/// What an endpoint sends through. Implemented by net, by each binding and by simulations.
class Links {
 public:
  virtual const LinkTraits& traits(LinkId link) noexcept = 0;
  /// A buffer of at least `size` bytes (never more than max_message are asked for) to encode one
  /// message into, good until the next call of this object. An empty span when nothing can be
  /// sent now: the message counts as lost, and retransmission mends it.
  virtual ByteSpan prepare(LinkId link, std::size_t size) noexcept = 0;
  /// Sends the first `size` bytes of what `prepare` gave last for this link: a datagram, or on a stream
  /// one frame (RFC 8323 §3.2).
  virtual void send(LinkId link, std::size_t size) noexcept = 0;

 protected:
  ~Links() = default;
};

}  // namespace linnet::coap
