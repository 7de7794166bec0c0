// SPDX-License-Identifier: Apache-2.0
// The message layer of an endpoint (RFC 7252 §4): what it sends, sends again, and gives up.
#include <algorithm>
#include <cstring>

#include "linnet/coap/endpoint.hpp"
#include "linnet/coap/features.hpp"
#include "linnet/coap/frame.hpp"

namespace linnet::coap {

namespace {

constexpr std::uint32_t kIndexBits = 20;  // of a RequestId; the generation is above
constexpr std::uint32_t kIndexMask = (1U << kIndexBits) - 1;
constexpr std::uint16_t kGenerations = 1U << (32 - kIndexBits);

std::uint32_t millis(Millis span) noexcept {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(span.count(), 0, UINT32_MAX));
}

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

void Endpoint::wait(std::uint32_t timer, Millis span) noexcept {
  timers_.set(timer, now_ + span);
}

void Endpoint::send_empty(LinkId link, Type type, MessageId id) noexcept {
  if (reliable(link)) return;
  std::array<std::uint8_t, 4> bytes{};
  MessageWriter(bytes, type, Code::kEmpty, id, Token());
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

ByteSpan Endpoint::buffer(std::uint32_t index) const noexcept {
  return buffers_.subspan(std::size_t{index} * config_.max_message, config_.max_message);
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

RequestId Endpoint::request_id(std::uint32_t index) const noexcept {
  return static_cast<RequestId>(std::uint32_t{exchanges_[index].generation} << kIndexBits | index);
}

std::uint32_t Endpoint::find_by_request(RequestId id) const noexcept {
  const auto value = static_cast<std::uint32_t>(id);
  const std::uint32_t at = value & kIndexMask;
  if (at >= exchanges_.size()) return kNone;
  const Exchange& exchange = exchanges_[at];
  const bool open = exchange.state != Exchange::State::kFree && exchange.generation == value >> kIndexBits;
  return open ? at : kNone;
}

std::uint32_t Endpoint::find_by_id(LinkId link, MessageId id) const noexcept {
  for (std::uint32_t at = peers_[link].first_exchange; at != 0; at = exchanges_[at - 1].next) {
    const Exchange& exchange = exchanges_[at - 1];
    const bool sent = exchange.state == Exchange::State::kSent ||
                      (exchange.state == Exchange::State::kAcknowledged && !exchange.confirmable);
    if (sent && exchange.message_id == id) return at - 1;
  }
  return kNone;
}

std::uint32_t Endpoint::find_by_token(LinkId link, const Token& token) const noexcept {
  for (std::uint32_t at = peers_[link].first_exchange; at != 0; at = exchanges_[at - 1].next) {
    const Exchange& exchange = exchanges_[at - 1];
    const bool asked =
        exchange.kind == Exchange::Kind::kRequest &&
        (exchange.state == Exchange::State::kSent || exchange.state == Exchange::State::kAcknowledged);
    if (asked && exchange.token == token) return at - 1;
  }
  return kNone;
}

Result<std::uint32_t> Endpoint::open_exchange(LinkId link, Exchange::Kind kind) noexcept {
  if (!peers_.has(link)) return fail(Errc::kInvalidArgument);
  Peer& peer = peers_[link];
  if (peer.exchanges >= config_.max_per_peer) return fail(Errc::kBusy);
  const std::optional<std::uint32_t> at = free_exchanges_.take();
  if (!at) return fail(Errc::kBusy);
  Exchange& exchange = exchanges_[*at];
  const auto generation = static_cast<std::uint16_t>(exchange.generation % (kGenerations - 1U) + 1);
  exchange = Exchange{};
  exchange.generation = generation;
  exchange.state = Exchange::State::kQueued;
  exchange.kind = kind;
  exchange.link = link;
  if (peer.last_exchange != 0)
    exchanges_[peer.last_exchange - 1].next = *at + 1;
  else
    peer.first_exchange = *at + 1;
  peer.last_exchange = *at + 1;
  ++peer.exchanges;
  return *at;
}

void Endpoint::start(std::uint32_t index) noexcept {
  Exchange& exchange = exchanges_[index];
  if (!exchange.confirmable) {
    if (!number_exchange(index)) return;
    exchange.state = Exchange::State::kAcknowledged;
    wait(index, Millis(exchange.patience));
    return transmit_exchange(index);
  }
  const TransmissionParameters& transmission = links_->traits(exchange.link).transmission;
  Peer& peer = peers_[exchange.link];
  if (peer.unacknowledged >= std::max<std::uint8_t>(transmission.nstart, 1)) return;
  if (!number_exchange(index)) return;
  ++peer.unacknowledged;
  exchange.state = Exchange::State::kSent;
  exchange.retransmissions = 0;
  const std::uint32_t base = std::max<std::uint32_t>(millis(transmission.ack_timeout), 1);
  const std::uint64_t spread =
      divide(std::uint64_t{base} * (std::max<std::uint16_t>(transmission.ack_random_percent, 100) - 100U),
             100)
          .quotient;
  exchange.timeout = base + random_->below(static_cast<std::uint32_t>(spread) + 1);
  wait(index, Millis(exchange.timeout));
  transmit_exchange(index);
}

bool Endpoint::ready(LinkId link) const noexcept {
  if (!peers_.has(link)) return false;
  const Peer& peer = peers_[link];
  if (peer.unacknowledged >= std::max<std::uint8_t>(links_->traits(link).transmission.nstart, 1))
    return false;
  for (std::uint32_t at = peer.first_exchange; at != 0; at = exchanges_[at - 1].next) {
    if (exchanges_[at - 1].state == Exchange::State::kQueued) return false;
  }
  return true;
}

void Endpoint::start_queued(LinkId link) noexcept {
  for (std::uint32_t at = peers_[link].first_exchange; at != 0; at = exchanges_[at - 1].next) {
    if (exchanges_[at - 1].state == Exchange::State::kQueued) return start(at - 1);
  }
}

void Endpoint::resend(std::uint32_t index) noexcept {
  Exchange& exchange = exchanges_[index];
  if (exchange.state == Exchange::State::kClosed) return fail_exchange(index, Errc::kClosed);
  if (kReliable && exchange.kind == Exchange::Kind::kNotification && !exchange.confirmable)
    return sent_in_order(index);
  const TransmissionParameters& transmission = links_->traits(exchange.link).transmission;
  if (exchange.state != Exchange::State::kSent || exchange.retransmissions >= transmission.max_retransmit) {
    return fail_exchange(index, Errc::kTimeout);
  }
  ++exchange.retransmissions;
  ++statistics_.retransmitted;
  exchange.timeout *= 2;
  wait(index, Millis(exchange.timeout));
  transmit_exchange(index);
}

/// Takes an exchange off the wire: it is not sent again, and counts against NSTART no longer.
void Endpoint::settle(std::uint32_t index) noexcept {
  Exchange& exchange = exchanges_[index];
  if (exchange.state == Exchange::State::kSent) --peers_[exchange.link].unacknowledged;
  exchange.state = Exchange::State::kAcknowledged;
  timers_.clear(index);
}

void Endpoint::close_exchange(std::uint32_t index) noexcept {
  Exchange& exchange = exchanges_[index];
  const LinkId link = exchange.link;
  settle(index);
  Peer& peer = peers_[link];
  std::uint32_t before = 0;
  for (std::uint32_t at = peer.first_exchange; at != index + 1; at = exchanges_[at - 1].next) before = at;
  if (before != 0)
    exchanges_[before - 1].next = exchange.next;
  else
    peer.first_exchange = exchange.next;
  if (peer.last_exchange == index + 1) peer.last_exchange = before;
  --peer.exchanges;
  if (kBlockwise && exchange.sending != 0) {
    transfers_.close(exchange.sending - 1U);
    if (peer.request_tag == 0) peer.request_tag = 1;  // it was broken off
  }
  if (kBlockwise && exchange.joining != 0) transfers_.close(exchange.joining - 1U);
  if constexpr (kOuterBlocks) close_gathered(index);
  if (kStreaming && exchange.stream != 0) streams_.close(exchange.stream - 1U);
  exchange.state = Exchange::State::kFree;
  free_exchanges_.give(index);
  start_queued(link);
}

void Endpoint::fail_exchange(std::uint32_t index, Errc why) noexcept {
  const Exchange exchange = exchanges_[index];
  const RequestId id = request_id(index);
  close_exchange(index);
  switch (exchange.kind) {
    case Exchange::Kind::kRequest:
    case Exchange::Kind::kPing:
      if (kStreaming && exchange.stream != 0) return bodies_->on_failure(id, why, now_);
      return handler_->on_failure(id, why, now_);
    case Exchange::Kind::kNotification:
      return handler_->on_notification_outcome(
          exchange.link, exchange.token,
          why == Errc::kReset ? NotificationOutcome::kReset : NotificationOutcome::kTimedOut, now_);
    case Exchange::Kind::kResponse: return;
  }
}

void Endpoint::acknowledged(std::uint32_t index) noexcept {
  if (index == kNone || exchanges_[index].state != Exchange::State::kSent) return;
  const Exchange exchange = exchanges_[index];
  switch (exchange.kind) {
    case Exchange::Kind::kPing: return fail_exchange(index, Errc::kReset);
    case Exchange::Kind::kResponse: return close_exchange(index);
    case Exchange::Kind::kNotification:
      close_exchange(index);
      return handler_->on_notification_outcome(exchange.link, exchange.token,
                                               NotificationOutcome::kAcknowledged, now_);
    case Exchange::Kind::kRequest:
      settle(index);
      wait(index, Millis(exchange.patience));
      return start_queued(exchange.link);
  }
}

void Endpoint::rejected(LinkId link, MessageId id) noexcept {
  const std::uint32_t index = find_by_id(link, id);
  if (index != kNone) return fail_exchange(index, Errc::kReset);
  for (NotificationSent& sent : notifications_) {
    if (!sent.used || sent.link != link || sent.message_id != id) continue;
    sent.used = false;
    return handler_->on_notification_outcome(link, sent.token, NotificationOutcome::kReset, now_);
  }
}

}  // namespace linnet::coap
