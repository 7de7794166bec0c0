// SPDX-License-Identifier: Apache-2.0
// The server role of an endpoint: requests that come in, and their answers (RFC 7252 §5.2, §4.5).
#include <algorithm>
#include <cstring>

#include "linnet/coap/endpoint.hpp"
#include "linnet/coap/features.hpp"
#include "linnet/coap/frame.hpp"

namespace linnet::coap {

namespace {

constexpr std::uint32_t kIndexBits = 20;  // of a DeferredId; the generation is above
constexpr std::uint32_t kIndexMask = (1U << kIndexBits) - 1;
constexpr std::uint16_t kGenerations = 1U << (32 - kIndexBits);
constexpr DeferredId kNoDeferred{0};

bool known_method(Code method) noexcept {
  return method <= Code::kIPatch;
}
bool repeatable(Code method) noexcept {
  return method != Code::kPost && method != Code::kPatch;
}

/// RFC 7967 §2.1: bit (class - 1) says that responses of the class are not wanted.
bool suppressed(std::uint8_t no_response, Code code) noexcept {
  return (static_cast<unsigned>(no_response) >> (code_class(code) - 1U) & 1U) != 0;
}

/// Makes another message of the same content.
void readdress(ByteSpan message, Type type, MessageId id) noexcept {
  message[0] = static_cast<std::uint8_t>((message[0] & 0xCFU) | static_cast<unsigned>(type) << 4);
  message[2] = static_cast<std::uint8_t>(static_cast<unsigned>(id) >> 8);
  message[3] = static_cast<std::uint8_t>(id);
}

}  // namespace

Result<std::size_t> Endpoint::encode_reply(ByteSpan out, Type type, MessageId id, const Token& token,
                                           const Reply& reply, const ReplyParts& parts) noexcept {
  MessageWriter writer(out, type, reply.code, id, token);
  if (kBlockwise && parts.etag) writer.option(OptionNumber::kEtag, *parts.etag);
  if (reply.observe) writer.option(OptionNumber::kObserve, *reply.observe & 0xFFFFFFU);
  for (const std::string_view segment : reply.location) {
    if (segment.empty()) break;
    writer.option(OptionNumber::kLocationPath, segment);
  }
  if (reply.content_format) writer.option(OptionNumber::kContentFormat, std::uint32_t{*reply.content_format});
  if (reply.max_age) writer.option(OptionNumber::kMaxAge, *reply.max_age);
  if (kBlockwise && parts.block2) writer.option(OptionNumber::kBlock2, *parts.block2);
  if (kBlockwise && parts.block1) writer.option(OptionNumber::kBlock1, *parts.block1);
  if (kBlockwise && parts.size2) writer.option(OptionNumber::kSize2, *parts.size2);
  if (parts.size1) writer.option(OptionNumber::kSize1, *parts.size1);
  if (kChallenges && !parts.echo.empty()) writer.option(OptionNumber::kEcho, parts.echo);
  writer.payload(parts.payload);
  return writer.finish();
}

void Endpoint::receive_request(LinkId link, const Message& message) noexcept {
  Peer& peer = peers_[link];
  const std::span<RecentRequest> ring = peers_.recent(link);
  RecentRequest* recent = find(ring, message.message_id());
  const bool duplicate = recent != nullptr && recent->fresh(links_->traits(link).transmission, now_) &&
                         recent->may_answer(message.token());
  if (duplicate) {
    ++statistics_.duplicates;
    if (repeat(link, *recent)) return;
  }
  if (recent == nullptr) recent = oldest(ring, peer.next_recent);
  RequestContext request{};
  request.link = link;
  request.message_id = message.message_id();
  request.method = message.code();
  request.confirmable = message.type() == Type::kConfirmable;
  request.repeatable = repeatable(message.code());
  request.token = message.token();
  request.recent = recent;
  if (recent == nullptr) return answer_code(request, Code::kServiceUnavailable);
  recent->begin(message.message_id(), now_);
  if constexpr (kProtection) {
    if (protection_ != nullptr) return receive_protected(request, message, duplicate);
  }
  process(request, message);
}

/// Does for a duplicate what was done for the original. False: it is to be processed again.
bool Endpoint::repeat(LinkId link, RecentRequest& recent) noexcept {
  switch (recent.kept()) {
    case Kept::kNothing:
    case Kept::kNoReply: return false;
    case Kept::kProcessing:
    case Kept::kSilence: return true;
    case Kept::kDeferred:
      if constexpr (kDeferral) acknowledge_alone(recent.deferred());
      return true;
    case Kept::kAcknowledged: send_empty(link, Type::kAcknowledgement, recent.message_id()); return true;
    case Kept::kReset: send_empty(link, Type::kReset, recent.message_id()); return true;
    case Kept::kReply: {
      std::array<std::uint8_t, RecentRequest::kMaxReply> bytes{};
      transmit(link, ByteView(bytes).first(recent.reply(bytes)));
      return true;
    }
  }
  return true;
}

void Endpoint::process(RequestContext& request, const Message& message) noexcept {
  const ScannedOptions scanned = scan_options(message.options(), message.code());
  request.cache_key = scanned.cache_key;
  request.no_response = scanned.no_response;
  if (scanned.bad_critical) {
    if (request.confirmable || reliable(request.link)) return answer_code(request, Code::kBadOption);
    ++statistics_.rejected;
    return request.recent->keep(Kept::kSilence);
  }
  if constexpr (kProtection) {
    if (!proven(request, scanned)) return;
  }
  if constexpr (kFreshness) {
    if (!fresh_enough(request, scanned)) return challenge(request);
  }
  if (scanned.proxy) return answer_code(request, Code::kProxyingNotSupported);
  if (!known_method(request.method)) return answer_code(request, Code::kMethodNotAllowed);
  if constexpr (kBlockwise) {
    request.block1 = scanned.block1;
    request.block2 = scanned.block2;
    request.size_wanted = scanned.size2.has_value();
    const bool stream = reliable(request.link);
    const bool valid = Block::from_value(scanned.block1.value_or(0)).valid(stream) &&
                       Block::from_value(scanned.block2.value_or(0)).valid(stream);
    if (!valid) return answer_code(request, Code::kBadRequest);
    if (scanned.block2 && Block::from_value(*scanned.block2).number != 0) {
      return receive_block2(request, message, scanned);
    }
    if (scanned.block1) return receive_block1(request, message, scanned);
  }
  if (message.payload().size() > config_.max_body) return refuse_body(request, config_.max_body);
  ask(request, message, scanned, message.payload());
}

/// As EndpointConfig::freshness says. A block behind the first belongs to a body that began fresh.
bool Endpoint::fresh_enough(const RequestContext& request, const ScannedOptions& scanned) noexcept {
  if (config_.freshness == Freshness::kOff || !has_effect(request.method)) return true;
  bool& known = peers_[request.link].fresh;
  if (!scanned.echo.empty() && echo_.fresh(scanned.echo, request.link, now_)) return known = true;
  if (kBlockwise && Block::from_value(scanned.block1.value_or(0)).number != 0) return true;
  return config_.freshness == Freshness::kFirst && (known || reliable(request.link));
}

/// 4.13 with the size that would do (RFC 7959 §2.9.3).
void Endpoint::refuse_body(const RequestContext& request, std::uint32_t limit) noexcept {
  ReplyParts parts;
  parts.size1 = limit;
  answer_code(request, Code::kRequestEntityTooLarge, parts);
}

IncomingRequest Endpoint::incoming_request(const RequestContext& request, const Message& message,
                                           const ScannedOptions& scanned, ByteView payload) const noexcept {
  IncomingRequest incoming;
  incoming.link = request.link;
  incoming.method = request.method;
  incoming.confirmable = request.confirmable;
  incoming.fresh = kChallenges && !scanned.echo.empty() && echo_.fresh(scanned.echo, request.link, now_);
  incoming.token = request.token;
  incoming.options = message.options();
  incoming.content_format = scanned.content_format;
  incoming.accept = scanned.accept;
  incoming.observe = scanned.observe;
  incoming.payload = payload;
  incoming.cache_key = request.cache_key;
  incoming.security_context = request.binding.context;
  return incoming;
}

/// Hands a request to the handler, or, with `part`, one block of it to the handler of bodies.
void Endpoint::ask(const RequestContext& request, const Message& message, const ScannedOptions& scanned,
                   ByteView payload, const BodyPart* part) noexcept {
  const IncomingRequest incoming = incoming_request(request, message, scanned, payload);
  const std::optional<std::uint32_t> slot = kDeferral ? free_deferred_.take() : std::nullopt;
  const DeferredId deferred = slot ? deferred_id(*slot) : kNoDeferred;
  const std::uint8_t drops = peers_[request.link].drops;
  asking_ = true;
  const Reply reply = kStreaming && part != nullptr
                          ? bodies_->on_part(incoming, *part, deferred, space_, now_)
                          : handler_->on_request(incoming, deferred, space_, now_);
  asking_ = false;
  if (kStreaming && part != nullptr) part_taken(request, payload.size(), *part, reply);
  // The handler may have dropped the peer.
  const bool open = kReliable && request.recent == nullptr ? peers_[request.link].drops == drops
                                                           : request.recent->kept() == Kept::kProcessing &&
                                                                 request.recent->known(request.message_id);
  if (kDeferral && open && slot && reply.kind == Reply::Kind::kDefer) return defer(request, *slot);
  if (kDeferral && slot) free_deferred_.give(*slot);
  if (!open) return;
  switch (reply.kind) {
    case Reply::Kind::kNow: static_cast<void>(answer(request, reply, {})); return;
    case Reply::Kind::kDefer: return answer_code(request, Code::kServiceUnavailable);
    case Reply::Kind::kChallenge: return challenge(request);
    case Reply::Kind::kIgnore:
      if (!kReliable || request.recent != nullptr) request.recent->keep(Kept::kNothing);
      return;
  }
}

DeferredId Endpoint::deferred_id(std::uint32_t index) const noexcept {
  const std::uint32_t generation = deferred_[index].generation % (kGenerations - 1U) + 1U;
  return static_cast<DeferredId>(generation << kIndexBits | index);
}

std::uint32_t Endpoint::find_deferred(DeferredId id) const noexcept {
  const std::uint32_t at = static_cast<std::uint32_t>(id) & kIndexMask;
  if (at >= deferred_.size() || !deferred_[at].used || deferred_id(at) != id) return kNone;
  return at;
}

void Endpoint::defer(const RequestContext& request, std::uint32_t index) noexcept {
  Deferred& deferred = deferred_[index];
  deferred.request = request;
  deferred.used = true;
  ++peers_[request.link].deferred;
  if (!kReliable || request.recent != nullptr) request.recent->keep_deferred(index);
  const Millis lifetime = links_->traits(request.link).transmission.exchange_lifetime();
  wait(config_.max_exchanges + index, request.confirmable ? config_.ack_delay : lifetime);
}

void Endpoint::free_deferred(std::uint32_t index) noexcept {
  Deferred& deferred = deferred_[index];
  --peers_[deferred.request.link].deferred;
  deferred.used = false;
  ++deferred.generation;
  timers_.clear(config_.max_exchanges + index);
  free_deferred_.give(index);
}

/// The answer takes longer: acknowledges the request alone, or forgets one that was never answered.
void Endpoint::acknowledge_alone(std::uint32_t index) noexcept {
  RequestContext& request = deferred_[index].request;
  if (!request.confirmable) {
    if (request.recent == nullptr) return free_deferred(index);
    request.recent->keep(Kept::kSilence);
  } else if (request.recent == nullptr) {
    return free_deferred(index);
  } else {
    request.recent->keep(Kept::kAcknowledged);
    send_empty(request.link, Type::kAcknowledgement, request.message_id);
  }
  request.recent = nullptr;
  wait(config_.max_exchanges + index, links_->traits(request.link).transmission.exchange_lifetime());
}

Result<void> Endpoint::respond(DeferredId id, const Reply& reply, Instant now) noexcept {
  now_ = now;
  const std::uint32_t index = find_deferred(id);
  if (index == kNone) return fail(Errc::kNotFound);
  const Result<void> answered = answer(deferred_[index].request, reply, {});
  if constexpr (kStreaming) {
    if (answered && reply.code != Code::kContinue) end_stream(deferred_[index].request);
  }
  if (answered || answered.error().code != Errc::kBusy) free_deferred(index);
  return answered;
}

void Endpoint::answer_code(const RequestContext& request, Code code, const ReplyParts& given) noexcept {
  Reply reply;
  reply.code = code;
  ReplyParts parts = given;
  parts.block1 = request.block1;
  static_cast<void>(send_reply(request, reply, parts));
}

void Endpoint::answer_code(const RequestContext& request, Code code) noexcept {
  answer_code(request, code, {});
}

void Endpoint::challenge(const RequestContext& request) noexcept {
  if constexpr (!kChallenges) return answer_code(request, Code::kUnauthorized);
  const EchoValues::Value value = echo_.make(request.link, now_);
  ReplyParts parts;
  parts.echo = value;
  answer_code(request, Code::kUnauthorized, parts);
}

/// Sends what the handler gave, in one message if it can be.
Result<void> Endpoint::answer(const RequestContext& request, const Reply& reply,
                              const ReplyParts& given) noexcept {
  ReplyParts parts = given;
  parts.block1 = request.block1;
  parts.payload = reply.payload;
  const std::uint8_t preferred = preferred_szx(request.link);
  const Block wanted =
      kBlockwise && request.block2 ? Block::from_value(*request.block2) : Block{0, false, preferred};
  const std::uint8_t szx = std::min(wanted.szx, preferred);
  if (wanted.number == 0 && reply.payload.size() <= single_message(request.link, szx)) {
    if (kBlockwise && request.block2) parts.block2 = Block{0, false, szx}.value();
    const Result<void> sent = send_reply(request, reply, parts);
    if (sent || sent.error().code != Errc::kTooLarge) return sent;
  }
  Result<void> sent = fail(Errc::kTooLarge);
  if constexpr (kBlockwise) sent = answer_in_blocks(request, reply, parts);
  if (sent || sent.error().code != Errc::kTooLarge || parts.kind == Exchange::Kind::kNotification)
    return sent;
  answer_code(request, Code::kInternalServerError);
  return sent;
}

/// Non-confirmable, piggybacked, or separate, as the request and the time that has passed want it.
Result<void> Endpoint::send_reply(const RequestContext& request, const Reply& reply,
                                  const ReplyParts& parts) noexcept {
  if (suppressed(request.no_response, reply.code)) {
    if (request.recent == nullptr) return {};
    request.recent->keep(request.confirmable ? Kept::kAcknowledged : Kept::kSilence);
    if (request.confirmable) send_empty(request.link, Type::kAcknowledgement, request.message_id);
    return {};
  }
  if (request.confirmable && request.recent == nullptr) return send_confirmable(request, reply, parts);

  const std::size_t limit = message_limit(request.link, request.binding);
  const bool sealed = request.binding.context != 0;
  const ByteSpan prepared = sealed ? ByteSpan() : links_->prepare(request.link, limit);
  const bool lost = !sealed && prepared.size() < limit;
  const ByteSpan out = sealed || lost ? scratch_.first(limit) : prepared;
  const Type type = request.confirmable ? Type::kAcknowledgement : Type::kNonConfirmable;
  const MessageId id = request.confirmable ? request.message_id : next_message_id(request.link);
  const Result<std::size_t> size = encode_reply(out, type, id, request.token, reply, parts);
  if (!size) return fail(Errc::kTooLarge);
  ByteView message = out.first(*size);
  if constexpr (kProtection) {
    if (sealed) {
      SecurityBinding binding = request.binding;
      const Result<ByteView> made = protection_->seal(request.link, binding, message);
      if (!made) return fail(made.error().code);
      message = *made;
    }
  }
  if (type == Type::kNonConfirmable) {
    if (request.recent != nullptr) request.recent->keep(Kept::kSilence);
    if (parts.kind == Exchange::Kind::kNotification && !reliable(request.link))
      remember_notification(request.link, id, request.token);
  } else if (message.size() <= RecentRequest::kMaxReply) {
    request.recent->keep_reply(message);
  } else if (request.repeatable) {
    request.recent->keep(Kept::kNoReply);
  } else if (send_instead(request, message)) {
    return {};
  }
  if (sealed) {
    transmit(request.link, message);
    return {};
  }
  if (lost) {
    ++statistics_.dropped;
    return {};
  }
  links_->send(request.link, reliable(request.link) ? to_frame(out.first(*size)) : *size);
  ++statistics_.sent;
  return {};
}

Result<void> Endpoint::send_confirmable(const RequestContext& request, const Reply& reply,
                                        const ReplyParts& parts) noexcept {
  const Result<std::uint32_t> opened = open_exchange(request.link, parts.kind);
  if (!opened) return fail(opened.error().code);
  Exchange& exchange = exchanges_[*opened];
  exchange.confirmable = !reliable(request.link);
  exchange.token = request.token;
  exchange.binding = request.binding;
  exchange.message_id = next_message_id(request.link);
  const Result<std::size_t> size =
      encode_reply(buffer(*opened).first(message_limit(request.link, request.binding)), Type::kConfirmable,
                   exchange.message_id, request.token, reply, parts);
  if (!size) {
    close_exchange(*opened);
    return fail(Errc::kTooLarge);
  }
  exchange.size = static_cast<std::uint16_t>(*size);
  start(*opened);
  return {};
}

/// A reply that may be lost but neither kept nor made again goes out as a separate confirmable
/// response, which is sent until the peer has it; duplicates of the request meet the empty
/// Acknowledgement. False when no exchange is free: then a lost reply stays lost.
bool Endpoint::send_instead(const RequestContext& request, ByteView piggybacked) noexcept {
  request.recent->keep(Kept::kAcknowledged);
  const Result<std::uint32_t> opened = open_exchange(request.link, Exchange::Kind::kResponse);
  if (!opened) return false;
  Exchange& exchange = exchanges_[*opened];
  exchange.confirmable = true;
  exchange.token = request.token;
  exchange.message_id = next_message_id(request.link);
  exchange.size = static_cast<std::uint16_t>(piggybacked.size());
  const ByteSpan message = buffer(*opened);
  std::memcpy(message.data(), piggybacked.data(), piggybacked.size());
  readdress(message, Type::kConfirmable, exchange.message_id);
  send_empty(request.link, Type::kAcknowledgement, request.message_id);
  start(*opened);
  return true;
}

void Endpoint::remember_notification(LinkId link, MessageId id, const Token& token) noexcept {
  if (notifications_.empty()) return;
  notifications_[next_notification_] = {link, id, token, true};
  next_notification_ = (next_notification_ + 1) % static_cast<std::uint32_t>(notifications_.size());
}

Result<void> Endpoint::notify(LinkId link, const Notification& notification, Instant now) noexcept {
  now_ = now;
  if (!peers_.has(link)) return fail(Errc::kInvalidArgument);
  Reply reply;
  reply.code = notification.code;
  reply.content_format = notification.content_format;
  reply.observe = notification.observe;
  reply.max_age = notification.max_age;
  reply.payload = notification.payload;
  RequestContext request{};
  request.link = link;
  request.token = notification.token;
  request.confirmable = notification.confirmable;
  request.cache_key = notification.cache_key;
  if constexpr (kProtection) {
    if (protection_ != nullptr) {
      const Result<SecurityBinding> bound = protection_->bind_notification(link, notification.token);
      if (!bound) return fail(bound.error().code);
      request.binding = *bound;
    }
  }
  ReplyParts parts;
  parts.kind = Exchange::Kind::kNotification;
  return answer(request, reply, parts);
}

}  // namespace linnet::coap
