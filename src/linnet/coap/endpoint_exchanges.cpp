// SPDX-License-Identifier: Apache-2.0
// The message layer of an endpoint (RFC 7252 §4): what it sends, sends again, and gives up.
#include <algorithm>
#include <cstring>

#include "linnet/coap/endpoint.hpp"
#include "linnet/coap/features.hpp"
#include "linnet/coap/frame.hpp"

namespace linnet::coap {

namespace {

/// Why an exchange ends that had its acknowledgement.
constexpr Errc kAcknowledged{};

}  // namespace

void Endpoint::transmit(LinkId link, ByteView message) noexcept {
  const ByteSpan out = links_->prepare(link, message.size());
  if (out.size() < message.size()) {
    ++statistics_.dropped;
    return;
  }
  std::memcpy(out.data(), message.data(), message.size());
  links_->send(link, reliable(link) ? to_frame(out.first(message.size())) : message.size());
  ++statistics_.sent;
}

void Endpoint::wait(const Exchange& exchange, std::uint32_t millis) noexcept {
  timers_.set(index_of(exchange), now_ + Millis(millis));
}

void Endpoint::send_empty(LinkId link, Type type, MessageId id) noexcept {
  if (reliable(link)) return;
  const auto number = static_cast<std::uint16_t>(id);
  const std::array<std::uint8_t, 4> bytes{static_cast<std::uint8_t>(0x40U | static_cast<unsigned>(type) << 4),
                                          0, static_cast<std::uint8_t>(number >> 8),
                                          static_cast<std::uint8_t>(number)};
  transmit(link, bytes);
}

MessageId Endpoint::next_message_id(LinkId link) noexcept {
  Peer& peer = peers_[link];
  if (!peer.known) {
    peer.known = true;
    peer.message_id = static_cast<std::uint16_t>(random_->next());
  }
  return static_cast<MessageId>(peer.message_id++);
}

std::uint32_t Endpoint::index_of(const Exchange& exchange) noexcept {
  return static_cast<std::uint32_t>(exchange.id) & kIndexMask;
}

/// Room for max_message bytes.
std::uint8_t* Endpoint::buffer(const Exchange& exchange) const noexcept {
  return buffers_.data() + std::size_t{index_of(exchange)} * config_.max_message;
}

ByteView Endpoint::message_of(const Exchange& exchange) const noexcept {
  return {buffer(exchange), exchange.size};
}

ByteSpan Endpoint::room_for(const Exchange& exchange) const noexcept {
  return {buffer(exchange), message_limit(exchange.link, exchange.binding)};
}

std::size_t Endpoint::message_limit(LinkId link) const noexcept {
  return std::min(config_.max_message, links_->traits(link).max_message);
}

/// What is left for the plain message.
std::size_t Endpoint::message_limit(LinkId link, const KeptBinding& binding) const noexcept {
  const std::size_t limit = message_limit(link);
  if (binding.context == 0) return limit;
  return limit > Protection::kMaxOverhead ? limit - Protection::kMaxOverhead : 0;
}

Exchange* Endpoint::find_by_request(RequestId id) const noexcept {
  const std::uint32_t at = static_cast<std::uint32_t>(id) & kIndexMask;
  if (at >= exchanges_.size()) return nullptr;
  Exchange& exchange = exchanges_[at];
  return exchange.state != Exchange::State::kFree && exchange.id == id ? &exchange : nullptr;
}

Exchange* Endpoint::first_exchange(LinkId link) const noexcept {
  const std::uint32_t place = peers_[link].first_exchange;
  return place != 0 ? &exchanges_[place - 1] : nullptr;
}

Exchange* Endpoint::next_exchange(const Exchange& exchange) const noexcept {
  return exchange.next != 0 ? &exchanges_[exchange.next - 1] : nullptr;
}

/// Where the chain of a peer's exchanges names `place`, an index plus one; 0 stands at its end.
std::uint32_t& Endpoint::place_in_chain(LinkId link, std::uint32_t place) const noexcept {
  std::uint32_t* at = &peers_[link].first_exchange;
  while (*at != place) at = &exchanges_[*at - 1].next;
  return *at;
}

Exchange* Endpoint::find_by_id(LinkId link, MessageId id) const noexcept {
  for (Exchange* at = first_exchange(link); at != nullptr; at = next_exchange(*at)) {
    const bool sent = at->state == Exchange::State::kSent ||
                      (at->state == Exchange::State::kAcknowledged && !at->confirmable);
    if (sent && at->message_id == id) return at;
  }
  return nullptr;
}

Exchange* Endpoint::find_by_token(LinkId link, const Token& token) const noexcept {
  for (Exchange* at = first_exchange(link); at != nullptr; at = next_exchange(*at)) {
    const bool asked = at->kind == Exchange::Kind::kRequest &&
                       (at->state == Exchange::State::kSent || at->state == Exchange::State::kAcknowledged);
    if (asked && at->token == token) return at;
  }
  return nullptr;
}

/// Null: as many as may be are under way.
Exchange* Endpoint::open_exchange(LinkId link, Exchange::Kind kind, const Token& token) noexcept {
  Peer& peer = peers_[link];
  if (peer.exchanges >= config_.max_per_peer) return nullptr;
  const std::uint32_t index = free_exchanges_.take();
  if (index == IndexPool::kNone) return nullptr;
  Exchange& exchange = exchanges_[index];
  std::uint32_t generation = (static_cast<std::uint32_t>(exchange.id) >> kIndexBits) + 1;
  if (generation == kGenerations) generation = 1;
  exchange = Exchange{};
  exchange.id = static_cast<RequestId>(generation << kIndexBits | index);
  exchange.state = Exchange::State::kQueued;
  exchange.kind = kind;
  exchange.confirmable = !reliable(link);
  exchange.link = link;
  exchange.token = token;
  exchange.message_id = next_message_id(link);
  place_in_chain(link, 0) = index + 1;
  ++peer.exchanges;
  return &exchange;
}

void Endpoint::start(Exchange& exchange) noexcept {
  if (!exchange.confirmable) {
    if (!number_exchange(exchange)) return;
    exchange.state = Exchange::State::kAcknowledged;
    wait(exchange, exchange.patience);
    return transmit_exchange(exchange);
  }
  const TransmissionParameters& transmission = links_->traits(exchange.link).transmission;
  Peer& peer = peers_[exchange.link];
  if (peer.unacknowledged >= std::max<std::uint8_t>(transmission.nstart, 1)) return;
  if (!number_exchange(exchange)) return;
  ++peer.unacknowledged;
  exchange.state = Exchange::State::kSent;
  exchange.retransmissions = 0;
  const std::uint32_t base = std::max<std::uint32_t>(transmission.ack_timeout.count(), 1);
  const std::uint64_t spread =
      divide(std::uint64_t{base} * (std::max<std::uint16_t>(transmission.ack_random_percent, 100) - 100U),
             100)
          .quotient;
  exchange.timeout = base + random_->below(static_cast<std::uint32_t>(spread) + 1);
  wait(exchange, exchange.timeout);
  transmit_exchange(exchange);
}

bool Endpoint::ready(LinkId link) const noexcept {
  if (!peers_.has(link)) return false;
  if (peers_[link].unacknowledged >= std::max<std::uint8_t>(links_->traits(link).transmission.nstart, 1))
    return false;
  for (const Exchange* at = first_exchange(link); at != nullptr; at = next_exchange(*at)) {
    if (at->state == Exchange::State::kQueued) return false;
  }
  return true;
}

void Endpoint::start_queued(LinkId link) noexcept {
  for (Exchange* at = first_exchange(link); at != nullptr; at = next_exchange(*at)) {
    if (at->state == Exchange::State::kQueued) return start(*at);
  }
}

void Endpoint::resend(Exchange& exchange) noexcept {
  if (exchange.state == Exchange::State::kClosed) return end_exchange(exchange, Errc::kClosed);
  // The stream acknowledges a notification for the peer (RFC 8323 §7.2).
  if (kReliable && exchange.kind == Exchange::Kind::kNotification && !exchange.confirmable)
    return end_exchange(exchange, kAcknowledged);
  const TransmissionParameters& transmission = links_->traits(exchange.link).transmission;
  if (exchange.state != Exchange::State::kSent || exchange.retransmissions >= transmission.max_retransmit) {
    return end_exchange(exchange, Errc::kTimeout);
  }
  ++exchange.retransmissions;
  ++statistics_.retransmitted;
  exchange.timeout *= 2;
  wait(exchange, exchange.timeout);
  transmit_exchange(exchange);
}

/// Takes an exchange off the wire: it is not sent again, and counts against NSTART no longer.
void Endpoint::settle(Exchange& exchange) noexcept {
  if (exchange.state == Exchange::State::kSent) --peers_[exchange.link].unacknowledged;
  exchange.state = Exchange::State::kAcknowledged;
  timers_.clear(index_of(exchange));
}

/// Its fields stay as they are until the place is used again.
void Endpoint::close_exchange(Exchange& exchange) noexcept {
  settle(exchange);
  const std::uint32_t index = index_of(exchange);
  place_in_chain(exchange.link, index + 1) = exchange.next;
  Peer& peer = peers_[exchange.link];
  --peer.exchanges;
  if (kBlockwise && exchange.sending != 0) {
    transfers_.close(transfers_[exchange.sending]);
    if (peer.request_tag == 0) peer.request_tag = 1;  // it was broken off
  }
  if (kBlockwise && exchange.joining != 0) transfers_.close(transfers_[exchange.joining]);
  if constexpr (kOuterBlocks) close_gathered(exchange);
  if (kStreaming && exchange.stream != 0) streams_[exchange.stream].kind = BodyStream::Kind::kFree;
  exchange.state = Exchange::State::kFree;
  free_exchanges_.give(index);
  start_queued(exchange.link);
}

/// Closes an exchange that nothing more comes for, and tells why.
void Endpoint::end_exchange(Exchange& exchange, Errc why) noexcept {
  close_exchange(exchange);
  switch (exchange.kind) {
    case Exchange::Kind::kRequest:
    case Exchange::Kind::kPing:
      if (kStreaming && exchange.stream != 0) return bodies_->on_failure(exchange.id, why, now_);
      return handler_->on_failure(exchange.id, why, now_);
    case Exchange::Kind::kNotification: {
      const NotificationOutcome outcome = why == kAcknowledged  ? NotificationOutcome::kAcknowledged
                                          : why == Errc::kReset ? NotificationOutcome::kReset
                                                                : NotificationOutcome::kTimedOut;
      return tell(exchange.link, exchange.token, outcome);
    }
    case Exchange::Kind::kResponse: return;
  }
}

/// What became of a notification.
void Endpoint::tell(LinkId link, const Token& token, NotificationOutcome outcome) noexcept {
  const Token kept = token;  // whose place may be used again meanwhile
  handler_->on_notification_outcome(link, kept, outcome, now_);
}

void Endpoint::acknowledged(Exchange* exchange) noexcept {
  if (exchange == nullptr || exchange->state != Exchange::State::kSent) return;
  if (exchange->kind != Exchange::Kind::kRequest)
    return end_exchange(*exchange, exchange->kind == Exchange::Kind::kPing ? Errc::kReset : kAcknowledged);
  settle(*exchange);
  wait(*exchange, exchange->patience);
  start_queued(exchange->link);
}

void Endpoint::rejected(LinkId link, MessageId id) noexcept {
  if (Exchange* const exchange = find_by_id(link, id)) return end_exchange(*exchange, Errc::kReset);
  for (NotificationSent& sent : notifications_) {
    if (!sent.used || sent.link != link || sent.message_id != id) continue;
    sent.used = false;
    return tell(link, sent.token, NotificationOutcome::kReset);
  }
}

}  // namespace linnet::coap
