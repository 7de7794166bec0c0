// SPDX-License-Identifier: Apache-2.0
// Set-up, and where a datagram or a deadline goes.
#include "linnet/coap/endpoint.hpp"

#include <algorithm>
#include <memory>

#include "linnet/base/outlined.hpp"
#include "linnet/coap/features.hpp"

namespace linnet::coap {

namespace {

constexpr std::uint32_t kMaxIndexed = 1U << 20;  // what a RequestId or DeferredId can name
constexpr std::uint16_t kMinMessage = 64;

bool valid(const EndpointConfig& config) noexcept {
  return config.max_peers != 0 && config.recent_requests != 0 && config.max_exchanges != 0 &&
         config.max_exchanges <= kMaxIndexed && config.max_per_peer != 0 &&
         config.max_deferred <= kMaxIndexed && config.max_body != 0 && config.max_transfers < UINT16_MAX &&
         config.max_message >= kMinMessage && config.token_size >= 2 && config.block_szx <= Block::kMaxSzx &&
         config.token_size <= Token::kMaxSize;
}

/// One for each exchange, deferred request, transfer and stream.
std::uint32_t timers(const EndpointConfig& config) noexcept {
  return config.max_exchanges + config.max_deferred + config.max_transfers +
         (kStreaming ? config.max_streams : 0U);
}

}  // namespace

void Endpoint::measure(ArenaMeter& meter, const EndpointConfig& config) noexcept {
  Peers::measure(meter, config.max_peers, config.recent_requests);
  TimerQueue::measure(meter, timers(config));
  IndexPool::measure(meter, config.max_exchanges);
  if constexpr (kDeferral) IndexPool::measure(meter, config.max_deferred);
  if constexpr (kBlockwise) Transfers::measure(meter, config.max_transfers, config.max_body);
  if constexpr (kStreaming) BodyStreams::measure(meter, config.max_streams);
  meter.add<Exchange>(config.max_exchanges);
  if constexpr (kDeferral) meter.add<Deferred>(config.max_deferred);
  meter.add<NotificationSent>(config.recent_notifications);
  meter.add<std::uint8_t>(std::size_t{config.max_exchanges} * config.max_message);
  meter.add<std::uint8_t>(config.max_message);
  meter.add<std::uint8_t>(config.max_body);
}

std::size_t Endpoint::memory_needed(const EndpointConfig& config) noexcept {
  ArenaMeter meter;
  measure(meter, config);
  return meter.size();
}

Result<void> Endpoint::init(const EndpointConfig& config, Arena& arena, Links& links, Handler& handler,
                            Random& random) noexcept {
  if (!valid(config)) return fail(Errc::kInvalidArgument);
  std::construct_at(&config_, config);
  links_ = &links;
  handler_ = &handler;
  random_ = &random;
  peers_.init(arena, config.max_peers, config.recent_requests);
  timers_.init(arena, timers(config));
  free_exchanges_.init(arena, config.max_exchanges);
  if constexpr (kDeferral) free_deferred_.init(arena, config.max_deferred);
  if constexpr (kBlockwise) {
    transfers_.init(arena, config.max_transfers, config.max_body, config.transfer_timeout, peers_, timers_,
                    config.max_exchanges + config.max_deferred, now_);
  }
  if constexpr (kStreaming) streams_.init(arena, config.max_streams);
  arena.take(exchanges_, config.max_exchanges);
  if constexpr (kDeferral) arena.take(deferred_, config.max_deferred);
  arena.take(notifications_, config.recent_notifications);
  arena.take(buffers_, std::size_t{config.max_exchanges} * config.max_message);
  arena.take(scratch_, config.max_message);
  arena.take(space_, config.max_body);
  if (!arena.complete()) return fail(Errc::kNoSpace);
  if constexpr (kChallenges) echo_.init(random);
  return {};
}

LINNET_OUTLINED void Endpoint::receive(LinkId link, ByteView datagram, Instant now) noexcept {
  now_ = now;
  ++statistics_.received;
  if (!peers_.has(link)) {
    ++statistics_.dropped;
    return;
  }
  if (reliable(link)) return receive_frame(link, datagram);
  Message message;
  const Errc wrong = message.read(datagram);
  const Type type = message.type();
  if (wrong != Errc{}) {
    ++statistics_.malformed;
    if (wrong == Errc::kMalformed) reject(link, type, message.message_id());
    return;
  }
  const bool asks = type == Type::kConfirmable || type == Type::kNonConfirmable;
  if (message.code() == Code::kEmpty) return receive_empty(link, message);
  if (is_request(message.code()) && asks) return receive_request(link, message);
  if (is_response(message.code()) && type != Type::kReset) return receive_response(link, message);
  reject(link, type, message.message_id());
}

void Endpoint::receive_empty(LinkId link, const Message& message) noexcept {
  switch (message.type()) {
    case Type::kConfirmable: return send_empty(link, Type::kReset, message.message_id());
    case Type::kNonConfirmable: return;
    case Type::kAcknowledgement: return acknowledged(find_by_id(link, message.message_id()));
    case Type::kReset: return rejected(link, message.message_id());
  }
}

void Endpoint::reject(LinkId link, Type type, MessageId id) noexcept {
  ++statistics_.rejected;
  if (type == Type::kConfirmable) send_empty(link, Type::kReset, id);
}

Instant Endpoint::step(Instant now) noexcept {
  now_ = now;
  while (const std::optional<std::uint32_t> due = timers_.take_due(now_)) {
    const std::uint32_t deferred = *due - config_.max_exchanges;
    if (*due < config_.max_exchanges)
      resend(exchanges_[*due]);
    else if (kDeferral && deferred < config_.max_deferred)
      acknowledge_alone(deferred);
    else if (const std::uint32_t transfer = deferred - config_.max_deferred;
             kBlockwise && transfer < config_.max_transfers)
      transfers_.close(transfers_[static_cast<std::uint16_t>(transfer + 1)]);
    else if (kStreaming)
      break_off(streams_.all()[transfer - config_.max_transfers]);
  }
  return timers_.next();
}

Instant Endpoint::next_deadline() const noexcept {
  return timers_.next();
}

void Endpoint::prefetch(LinkId link) const noexcept {
  if (!peers_.has(link)) return;
  constexpr std::size_t kLine = 64;
  const auto* const first = reinterpret_cast<const std::uint8_t*>(&peers_[link]);
  const std::size_t size = sizeof(Peer) + config_.recent_requests * sizeof(RecentRequest);
  for (std::size_t at = 0; at < size; at += kLine) __builtin_prefetch(first + at, 1);
}

void Endpoint::abandon(LinkId link, Instant now) noexcept {
  now_ = now;
  if (!peers_.has(link)) return;
  Peer& peer = peers_[link];
  for (Exchange* at = first_exchange(link); at != nullptr; at = next_exchange(*at)) {
    at->state = Exchange::State::kClosed;
    wait(*at, 0);
  }
  for (std::uint32_t i = 0; kDeferral && peer.deferred != 0 && i < deferred_.size(); ++i) {
    if (deferred_[i].used && deferred_[i].request.link == link) free_deferred(i);
  }
  if constexpr (kBlockwise) transfers_.drop(link);
  if constexpr (kStreaming) drop_streams(link);
  if (kProtection && protection_ != nullptr) protection_->forget(link);
  for (RecentRequest& recent : peers_.recent(link)) {
    if (recent.waits()) recent.keep(Kept::kNothing);
  }
  peer.unacknowledged = 0;
  ++peer.drops;
}

void Endpoint::drop(LinkId link, Instant now) noexcept {
  if (!peers_.has(link)) return;
  abandon(link, now);
  peers_[link].fresh = false;
  for (RecentRequest& recent : peers_.recent(link)) recent.keep(Kept::kNothing);
}

bool Endpoint::quiet(LinkId link) const noexcept {
  if (!peers_.has(link)) return true;
  const Peer& peer = peers_[link];
  if (peer.exchanges != 0 || peer.deferred != 0 || peer.transfers != 0) return false;
  for (const BodyStream& stream : streams_.all()) {
    if (stream.kind != BodyStream::Kind::kFree && stream.link == link) return false;
  }
  return true;
}

bool Endpoint::idle(LinkId link, Instant now) const noexcept {
  if (!quiet(link)) return false;
  if (!peers_.has(link)) return true;
  for (const RecentRequest& recent : peers_.recent(link)) {
    if (recent.kept() != Kept::kNothing && recent.fresh(links_->traits(link).transmission, now)) return false;
  }
  return true;
}

}  // namespace linnet::coap
