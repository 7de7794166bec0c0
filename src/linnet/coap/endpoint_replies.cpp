// SPDX-License-Identifier: Apache-2.0
// The server role of an endpoint: requests that come in, and their answers (RFC 7252 §5.2, §4.5).
#include <algorithm>
#include <cstring>

#include "linnet/base/outlined.hpp"
#include "linnet/coap/endpoint.hpp"
#include "linnet/coap/entity_tag.hpp"
#include "linnet/coap/features.hpp"
#include "linnet/coap/observe.hpp"

namespace linnet::coap {

namespace {

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
void readdress(std::uint8_t* message, Type type, MessageId id) noexcept {
  message[0] = static_cast<std::uint8_t>((message[0] & 0xCFU) | static_cast<unsigned>(type) << 4);
  message[2] = static_cast<std::uint8_t>(static_cast<unsigned>(id) >> 8);
  message[3] = static_cast<std::uint8_t>(id);
}

/// Gives the size, or 0 when it does not fit.
std::size_t encode_reply(ByteSpan out, Type type, MessageId id, const Token& token, const Reply& reply,
                         const MessageParts& parts) noexcept {
  MessageWriter writer(out, type, reply.code, id, token);
  if (kBlockwise && parts.etag != 0) writer.option(OptionNumber::kEtag, parts.etag);
  const bool first = Block::from_value(parts.blocks.block2.value_or(0U)).number == 0;
  if (first && reply.observe) writer.option(OptionNumber::kObserve, *reply.observe & kObserveMask);
  if (first) {
    for (const std::string_view segment : reply.location) {
      if (segment.empty()) break;
      writer.option(OptionNumber::kLocationPath, segment);
    }
  }
  writer.option(OptionNumber::kContentFormat, reply.content_format);
  writer.option(OptionNumber::kMaxAge, reply.max_age);
  parts.write(writer);
  writer.payload(parts.payload);
  return writer.ok() ? writer.size() : 0;
}

}  // namespace

void Endpoint::receive_request(LinkId link, const Message& message) noexcept {
  RecentRequest* recent = nullptr;
  const Seen seen = look_up(link, message, recent);
  if (seen == Seen::kRepeated) return;
  recent = record(link, message.message_id(), recent);
  RequestContext request{};
  request.link = link;
  request.message_id = message.message_id();
  request.method = message.code();
  request.confirmable = message.type() == Type::kConfirmable;
  request.repeatable = repeatable(message.code());
  request.token = message.token();
  request.recent = recent;
  if (recent == nullptr) return answer_code(request, Code::kServiceUnavailable);
  if constexpr (kProtection) {
    if (protection_ != nullptr) return receive_protected(request, message, seen == Seen::kAgain);
  }
  process(request, message);
}

/// Whether a message came before: then `recent` is its record, or one of that Message ID which has expired.
Seen Endpoint::look_up(LinkId link, const Message& message, RecentRequest*& recent) noexcept {
  recent = find(peers_.recent(link), message.message_id());
  if (recent == nullptr || !recent->fresh(links_->traits(link).transmission, now_) ||
      !recent->may_answer(message.token())) {
    return Seen::kNever;
  }
  ++statistics_.duplicates;
  return repeat(link, *recent) ? Seen::kRepeated : Seen::kAgain;
}

/// Begins the record of a message anew, or in the place of the oldest. Null: all wait for an answer.
RecentRequest* Endpoint::record(LinkId link, MessageId id, RecentRequest* recent) noexcept {
  if (recent == nullptr) recent = oldest(peers_.recent(link), peers_[link].next_recent);
  if (recent != nullptr) recent->begin(id, now_);
  return recent;
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
  IncomingRequest incoming;
  scan_options(message.options(), message.code(), incoming);
  request.cache_key = incoming.cache_key;
  request.no_response = static_cast<std::uint8_t>(incoming.no_response.value_or(0U));
  if (incoming.bad_critical) {
    if (request.confirmable || reliable(request.link)) return answer_code(request, Code::kBadOption);
    ++statistics_.rejected;
    return request.recent->keep(Kept::kSilence);
  }
  incoming.link = request.link;
  incoming.method = request.method;
  incoming.confirmable = request.confirmable;
  incoming.fresh = kChallenges && echo_.fresh(incoming.echo, request.link, now_);
  incoming.token = request.token;
  incoming.options = message.options();
  incoming.payload = message.payload();
  incoming.security_context = request.binding.context;
  if constexpr (kProtection) {
    if (!proven(request, incoming)) return;
  }
  if constexpr (kFreshness) {
    if (!fresh_enough(incoming)) return challenge(request);
  }
  if (incoming.proxy) return answer_code(request, Code::kProxyingNotSupported);
  if (!known_method(request.method)) return answer_code(request, Code::kMethodNotAllowed);
  if constexpr (kBlockwise) {
    request.block1 = incoming.block1;
    request.block2 = incoming.block2;
    request.size_wanted = incoming.size2.has_value();
    const bool stream = reliable(request.link);
    const Block block2 = Block::from_value(request.block2.value_or(0U));
    if (!Block::from_value(request.block1.value_or(0U)).valid(stream) || !block2.valid(stream))
      return answer_code(request, Code::kBadRequest);
    if (block2.number != 0) return receive_block2(request, incoming);
    if (request.block1) return receive_block1(request, incoming);
  }
  if (incoming.payload.size() > config_.max_body) return refuse_body(request, config_.max_body);
  ask(request, incoming);
}

/// As EndpointConfig::freshness says. A block behind the first belongs to a body that began fresh.
LINNET_OUTLINED bool Endpoint::fresh_enough(const IncomingRequest& incoming) noexcept {
  if (config_.freshness == Freshness::kOff || !has_effect(incoming.method)) return true;
  bool& known = peers_[incoming.link].fresh;
  if (incoming.fresh) return known = true;
  if (kBlockwise && Block::from_value(incoming.block1.value_or(0U)).number != 0) return true;
  return config_.freshness == Freshness::kFirst && (known || reliable(incoming.link));
}

/// 4.13 with the size that would do (RFC 7959 §2.9.3).
void Endpoint::refuse_body(const RequestContext& request, std::uint32_t limit) noexcept {
  answer_code(request, Code::kRequestEntityTooLarge, limit, nullptr);
}

/// Hands a request to the handler, or, with `part`, one block of it to the handler of bodies.
void Endpoint::ask(const RequestContext& request, const IncomingRequest& incoming,
                   const BodyPart* part) noexcept {
  const std::uint32_t slot = kDeferral ? free_deferred_.take() : IndexPool::kNone;
  const DeferredId deferred = slot != IndexPool::kNone ? deferred_id(slot) : kNoDeferred;
  const std::uint8_t drops = peers_[request.link].drops;
  asking_ = true;
  const Reply reply = kStreaming && part != nullptr
                          ? bodies_->on_part(incoming, *part, deferred, space_, now_)
                          : handler_->on_request(incoming, deferred, space_, now_);
  asking_ = false;
  if (kStreaming && part != nullptr) part_taken(request, incoming.payload.size(), *part, reply);
  // The handler may have dropped the peer.
  const bool open = kReliable && request.recent == nullptr ? peers_[request.link].drops == drops
                                                           : request.recent->kept() == Kept::kProcessing &&
                                                                 request.recent->known(request.message_id);
  if (kDeferral && slot != IndexPool::kNone) {
    if (open && reply.kind == Reply::Kind::kDefer) return defer(request, slot);
    free_deferred_.give(slot);
  }
  if (!open) return;
  switch (reply.kind) {
    case Reply::Kind::kNow: static_cast<void>(answer(request, reply)); return;
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
  timers_.set(config_.max_exchanges + index, now_ + (request.confirmable ? config_.ack_delay : lifetime));
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
  timers_.set(config_.max_exchanges + index,
              now_ + links_->traits(request.link).transmission.exchange_lifetime());
}

Result<void> Endpoint::respond(DeferredId id, const Reply& reply, Instant now) noexcept {
  now_ = now;
  const std::uint32_t index = find_deferred(id);
  if (index == kNone) return fail(Errc::kNotFound);
  const Result<void> answered = answer(deferred_[index].request, reply);
  if constexpr (kStreaming) {
    if (answered && reply.code != Code::kContinue) end_stream(deferred_[index].request);
  }
  if (answered || answered.error().code != Errc::kBusy) free_deferred(index);
  return answered;
}

void Endpoint::answer_code(const RequestContext& request, Code code, OptionalNumber size1,
                           const EchoValues::Value* echo) noexcept {
  Reply reply;
  reply.code = code;
  MessageParts parts;
  parts.blocks.block1 = request.block1;
  parts.blocks.size1 = size1;
  if (echo != nullptr) parts.echo = *echo;
  static_cast<void>(send_reply(request, reply, parts));
}

void Endpoint::answer_code(const RequestContext& request, Code code) noexcept {
  answer_code(request, code, {}, nullptr);
}

void Endpoint::challenge(const RequestContext& request) noexcept {
  if constexpr (!kChallenges) return answer_code(request, Code::kUnauthorized);
  const EchoValues::Value value = echo_.make(request.link, now_);
  answer_code(request, Code::kUnauthorized, {}, &value);
}

/// Sends what the handler gave, in one message if it can be, else the block of it that is wanted. The first
/// one leaves a snapshot behind, so that the others belong to the same representation; blocks of a snapshot
/// come with its `etag`.
Result<void> Endpoint::answer(const RequestContext& request, const Reply& reply,
                              std::uint32_t etag) noexcept {
  MessageParts parts;
  parts.blocks.block1 = request.block1;
  const std::uint8_t preferred = preferred_szx(request.link);
  Block wanted{0, false, preferred};
  if (kBlockwise && request.block2) wanted = Block::from_value(*request.block2);
  const std::size_t whole_size = reply.payload.size();
  const std::uint32_t offset = wanted.offset();
  if (offset != 0 && offset >= whole_size) {
    answer_code(request, Code::kBadRequest);
    return {};
  }
  const ByteView rest = reply.payload.subspan(offset);
  std::uint8_t szx = std::min(wanted.szx, preferred);
  std::uint32_t blocks = most_blocks(request.link, szx);
  bool whole = offset == 0 && whole_size <= single_message(request.link, szx);
  Result<void> sent = fail(Errc::kTooLarge);
  while (kBlockwise || whole) {
    const std::uint32_t size = blocks * Block::size_of(szx);
    const bool more = !whole && rest.size() > size;
    parts.payload = more ? rest.first(size) : rest;
    if (kBlockwise && (!whole || request.block2)) parts.blocks.block2 = Block::at(offset, more, szx).value();
    if (kBlockwise && !whole) {
      parts.etag = etag != 0 ? etag : entity_tag(reply.payload);
      if (request.size_wanted) parts.blocks.size2 = static_cast<std::uint32_t>(whole_size);
    }
    sent = send_reply(request, reply, parts);
    if (sent || sent.error().code != Errc::kTooLarge) {
      if (kBlockwise && sent && more && offset == 0 && etag == 0) hold(request, reply, parts.etag);
      return sent;
    }
    if (whole)
      whole = false;
    else if (blocks > 1)
      --blocks;
    else if (szx != 0)
      --szx;
    else
      break;
  }
  if (!request.notifies) answer_code(request, Code::kInternalServerError);
  return sent;
}

/// Non-confirmable, piggybacked, or separate, as the request and the time that has passed want it.
Result<void> Endpoint::send_reply(const RequestContext& request, const Reply& reply,
                                  const MessageParts& parts) noexcept {
  if (suppressed(request.no_response, reply.code)) {
    if (request.recent == nullptr) return {};
    request.recent->keep(request.confirmable ? Kept::kAcknowledged : Kept::kSilence);
    if (request.confirmable) send_empty(request.link, Type::kAcknowledgement, request.message_id);
    return {};
  }
  const bool separate = request.confirmable && request.recent == nullptr;
  const Type type = request.confirmable ? Type::kAcknowledgement : Type::kNonConfirmable;
  MessageId id = request.message_id;
  if (!request.confirmable) id = next_message_id(request.link);
  const std::size_t size = encode_reply(scratch_.first(message_limit(request.link, request.binding)), type,
                                        id, request.token, reply, parts);
  if (size == 0) return fail(Errc::kTooLarge);
  ByteView message = scratch_.first(size);
  if (separate) return send_separate(request, message) ? Result<void>() : fail(Errc::kBusy);
  if constexpr (kProtection) {
    if (request.binding.context != 0) {
      SecurityBinding binding = request.binding;
      const Result<ByteView> made = protection_->seal(request.link, binding, message);
      if (!made) return fail(made.error().code);
      message = *made;
    }
  }
  if (type == Type::kNonConfirmable) {
    if (request.recent != nullptr) request.recent->keep(Kept::kSilence);
    if (request.notifies && !reliable(request.link)) remember_notification(request.link, id, request.token);
  } else if (message.size() <= RecentRequest::kMaxReply) {
    request.recent->keep_reply(message);
  } else if (request.repeatable) {
    request.recent->keep(Kept::kNoReply);
  } else {
    // A reply that may be lost but neither kept nor made again; where no exchange is free, a lost one stays
    // lost.
    request.recent->keep(Kept::kAcknowledged);
    if (send_separate(request, message)) return {};
  }
  transmit(request.link, message);
  return {};
}

/// Sends `message` as a confirmable one until the peer has it. Where its request still waits for an empty
/// Acknowledgement that goes first, and the message is protected already. False when no exchange is free.
bool Endpoint::send_separate(const RequestContext& request, ByteView message) noexcept {
  const auto kind = request.notifies ? Exchange::Kind::kNotification : Exchange::Kind::kResponse;
  Exchange* const exchange = open_exchange(request.link, kind, request.token);
  if (exchange == nullptr) return false;
  exchange->size = static_cast<std::uint16_t>(message.size());
  std::uint8_t* const copy = buffer(*exchange);
  std::memcpy(copy, message.data(), message.size());
  readdress(copy, Type::kConfirmable, exchange->message_id);
  if (request.recent == nullptr)
    exchange->binding = request.binding;
  else
    send_empty(request.link, Type::kAcknowledgement, request.message_id);
  start(*exchange);
  return true;
}

void Endpoint::remember_notification(LinkId link, MessageId id, const Token& token) noexcept {
  if (notifications_.empty()) return;
  if (next_notification_ >= notifications_.size()) next_notification_ = 0;
  notifications_[next_notification_++] = {link, id, token, true};
}

Result<void> Endpoint::notify(LinkId link, const Notification& notification, Instant now) noexcept {
  now_ = now;
  if (!peers_.has(link)) return fail(Errc::kInvalidArgument);
  Reply reply;
  static_cast<Representation&>(reply) = static_cast<const Representation&>(notification);
  reply.code = notification.code;
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
  request.notifies = true;
  return answer(request, reply);
}

}  // namespace linnet::coap
