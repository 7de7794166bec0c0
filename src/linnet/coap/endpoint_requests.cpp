// SPDX-License-Identifier: Apache-2.0
// The request layer of an endpoint: its own requests, and the responses that come for them
// (RFC 7252 §5.3).
#include <algorithm>

#include "linnet/coap/endpoint.hpp"
#include "linnet/coap/features.hpp"

namespace linnet::coap {

namespace {

Result<std::size_t> encode_request(ByteSpan out, MessageId id, const Token& token,
                                   const OutgoingRequest& request, ByteView payload,
                                   std::uint8_t request_tag) noexcept {
  const Type type = request.confirmable ? Type::kConfirmable : Type::kNonConfirmable;
  MessageWriter writer(out, type, request.method, id, token);
  if (kObserver && request.observe) writer.option(OptionNumber::kObserve, *request.observe);
  writer.options(OptionNumber::kUriPath, request.path);
  if (request.content_format)
    writer.option(OptionNumber::kContentFormat, std::uint32_t{*request.content_format});
  writer.options(OptionNumber::kUriQuery, request.query);
  if (kObserver && request.accept) writer.option(OptionNumber::kAccept, std::uint32_t{*request.accept});
  if (kObserver && request.no_response)
    writer.option(OptionNumber::kNoResponse, std::uint32_t{*request.no_response});
  if (kBlockwise && request_tag != 0) writer.option(OptionNumber::kRequestTag, std::uint32_t{request_tag});
  writer.payload(payload);
  return writer.finish();
}

IncomingResponse incoming_response(LinkId link, const Message& message,
                                   const ScannedOptions& scanned) noexcept {
  IncomingResponse response;
  response.link = link;
  response.code = message.code();
  response.confirmable = message.type() == Type::kConfirmable;
  response.token = message.token();
  response.options = message.options();
  response.content_format = scanned.content_format;
  response.observe = scanned.observe;
  response.max_age = scanned.max_age;
  response.payload = message.payload();
  return response;
}

}  // namespace

Token Endpoint::make_token(LinkId link) noexcept {
  Token token;
  do {
    const std::array<std::uint32_t, 2> random{random_->next(), config_.token_size > 4 ? random_->next() : 0};
    std::array<std::uint8_t, Token::kMaxSize> bytes{};
    std::memcpy(bytes.data(), random.data(), bytes.size());
    token = Token(ByteView(bytes).first(config_.token_size));
  } while (find_by_token(link, token) != kNone);
  return token;
}

Result<std::uint32_t> Endpoint::open_request(LinkId link, const OutgoingRequest& request) noexcept {
  if (!is_request(request.method)) return fail(Errc::kInvalidArgument);
  if (request.payload.size() > (request.lent ? UINT32_MAX : config_.max_body)) return fail(Errc::kTooLarge);
  const Result<std::uint32_t> opened = open_exchange(link, Exchange::Kind::kRequest);
  if (!opened) return opened;
  Exchange& exchange = exchanges_[*opened];
  const bool stream = reliable(link);
  exchange.confirmable = request.confirmable && !stream;
  exchange.szx = preferred_szx(link);
  exchange.token = kObserver && request.token ? *request.token : make_token(link);
  exchange.first_token = exchange.token;
  exchange.message_id = next_message_id(link);
  if constexpr (kProtection) {
    if (protection_ != nullptr) exchange.binding = protection_->bind_request(link);
  }
  const TransmissionParameters& transmission = links_->traits(link).transmission;
  const Millis longest = stream ? transmission.max_transmit_wait() : transmission.exchange_lifetime();
  const Millis patience = request.timeout.count() > 0 ? request.timeout : longest;
  exchange.patience = static_cast<std::uint32_t>(std::min<std::int64_t>(patience.count(), UINT32_MAX));
  return opened;
}

/// Encodes a request into the buffer of its exchange: in one message, or the first of its blocks.
Result<void> Endpoint::write_request(std::uint32_t index, const OutgoingRequest& request) noexcept {
  Exchange& exchange = exchanges_[index];
  const ByteSpan out = buffer(index).first(message_limit(exchange.link, exchange.binding));
  if (request.payload.size() <= single_message(exchange.link, exchange.szx)) {
    const Result<std::size_t> size =
        encode_request(out, exchange.message_id, exchange.token, request, request.payload, 0);
    exchange.size = static_cast<std::uint16_t>(size.value_or(0));
    if (size) return {};
  }
  if constexpr (!kBlockwise) return fail(Errc::kTooLarge);
  const Result<std::size_t> size =
      encode_request(out, exchange.message_id, exchange.token, request, {}, next_request_tag(exchange.link));
  if (!size) return fail(Errc::kTooLarge);
  exchange.size = static_cast<std::uint16_t>(*size);
  return cut_request(index, request.payload, request.lent);
}

Result<RequestId> Endpoint::request(LinkId link, const OutgoingRequest& request, Instant now) noexcept {
  now_ = now;
  const Result<std::uint32_t> opened = open_request(link, request);
  if (!opened) return fail(opened.error().code);
  const Result<void> written = write_request(*opened, request);
  if (!written) {
    close_exchange(*opened);
    return fail(written.error().code);
  }
  start(*opened);
  return request_id(*opened);
}

Result<RequestId> Endpoint::request_rest(LinkId link, const OutgoingRequest& request,
                                         const IncomingResponse& first, Instant now) noexcept {
  now_ = now;
  if constexpr (!kBlockwise) return fail(Errc::kUnsupported);
  OutgoingRequest rest = request;
  rest.observe.reset();
  rest.payload = {};
  const Result<std::uint32_t> opened = open_request(link, rest);
  if (!opened) return fail(opened.error().code);
  Exchange& exchange = exchanges_[*opened];
  const Result<std::size_t> size =
      encode_request(buffer(*opened).first(message_limit(link, exchange.binding)), exchange.message_id,
                     exchange.token, rest, {}, 0);
  exchange.size = static_cast<std::uint16_t>(size.value_or(0));
  const ScannedOptions scanned = scan_options(first.options, first.code);
  const Block block = Block::from_value(scanned.block2.value_or(0));
  Result<void> joined = size && block.more && block.number == 0 && block.valid(reliable(link))
                            ? start_joining(*opened, first, scanned.etag)
                            : Result<void>(fail(Errc::kInvalidArgument));
  if (joined && !write_block2(*opened, std::min(block.szx, preferred_szx(link))))
    joined = fail(Errc::kTooLarge);
  if (!joined) {
    close_exchange(*opened);
    return fail(joined.error().code);
  }
  start(*opened);
  return request_id(*opened);
}

/// A Request-Tag for a Block1 transfer that could be confused with another one to the same peer,
/// under way or broken off; 0 when there is none (RFC 9175 §3.3).
std::uint8_t Endpoint::next_request_tag(LinkId link) noexcept {
  Peer& peer = peers_[link];
  bool needed = peer.request_tag != 0;
  for (std::uint32_t at = peer.first_exchange; at != 0; at = exchanges_[at - 1].next) {
    needed = needed || exchanges_[at - 1].sending != 0;
  }
  if (needed) peer.request_tag = static_cast<std::uint8_t>(peer.request_tag % UINT8_MAX + 1);
  return peer.request_tag;
}

Token Endpoint::token_of(RequestId id) const noexcept {
  const std::uint32_t index = find_by_request(id);
  return index == kNone ? Token() : exchanges_[index].first_token;
}

void Endpoint::cancel(RequestId id, Instant now) noexcept {
  now_ = now;
  const std::uint32_t index = find_by_request(id);
  if (index != kNone) close_exchange(index);
}

Result<RequestId> Endpoint::ping(LinkId link, Instant now) noexcept {
  now_ = now;
  const Result<std::uint32_t> opened = open_exchange(link, Exchange::Kind::kPing);
  if (!opened) return fail(opened.error().code);
  Exchange& exchange = exchanges_[*opened];
  const bool stream = reliable(link);
  exchange.confirmable = !stream;
  exchange.message_id = next_message_id(link);
  if (stream) {
    exchange.token = make_token(link);
    const Millis patience = links_->traits(link).transmission.max_transmit_wait();
    exchange.patience = static_cast<std::uint32_t>(std::min<std::int64_t>(patience.count(), UINT32_MAX));
  }
  MessageWriter writer(buffer(*opened), Type::kConfirmable, stream ? Code::kPing : Code::kEmpty,
                       exchange.message_id, exchange.token);
  exchange.size = static_cast<std::uint16_t>(writer.finish().value_or(0));
  start(*opened);
  return request_id(*opened);
}

void Endpoint::receive_response(LinkId link, const Message& message) noexcept {
  const bool piggybacked = message.type() == Type::kAcknowledgement;
  RecentRequest* recent = nullptr;
  if (message.type() == Type::kConfirmable) {
    recent = find(peers_.recent(link), message.message_id());
    if (recent != nullptr && recent->fresh(links_->traits(link).transmission, now_)) {
      ++statistics_.duplicates;
      static_cast<void>(repeat(link, *recent));
      return;
    }
  }
  std::uint32_t index =
      piggybacked ? find_by_id(link, message.message_id()) : find_by_token(link, message.token());
  if (index != kNone &&
      (exchanges_[index].kind != Exchange::Kind::kRequest || exchanges_[index].token != message.token())) {
    index = kNone;
  }
  if constexpr (kProtection) {
    if (protection_ != nullptr && (index != kNone || !piggybacked)) {
      std::optional<Message> whole = message;
      if constexpr (kOuterBlocks) {
        if (index != kNone) whole = gather_response(index, message, recent);
      }
      if (!whole) return;
      const OpenedMessage opened = open_response(link, index, *whole);
      if (opened.verdict == OpenedMessage::Verdict::kOpened)
        return take_response(link, opened.message, recent, index, opened.ask_again);
      if (opened.verdict == OpenedMessage::Verdict::kIgnored) {
        ++statistics_.rejected;
        return;
      }
    }
  }
  take_response(link, message, recent, index, false);
}

/// A response to the request of `index`, or to none that is under way. `ask_again`: see OpenedMessage.
void Endpoint::take_response(LinkId link, const Message& message, RecentRequest* recent, std::uint32_t index,
                             bool ask_again) noexcept {
  const bool piggybacked = message.type() == Type::kAcknowledgement;
  const bool confirmable = message.type() == Type::kConfirmable;
  const ScannedOptions scanned = scan_options(message.options(), message.code());
  if (scanned.bad_critical) return reject(link, message.type(), message.message_id());
  if (confirmable) {
    if (recent == nullptr) recent = oldest(peers_.recent(link), peers_[link].next_recent);
    if (recent != nullptr) recent->begin(message.message_id(), now_);
  }
  if (index == kNone) {
    if (piggybacked)
      ++statistics_.rejected;
    else
      receive_notification(message, scanned, recent, link);
    return;
  }
  if (confirmable) {
    if (recent != nullptr) recent->keep(Kept::kAcknowledged);
    send_empty(link, Type::kAcknowledgement, message.message_id());
  }
  if (kBlockwise && !piggybacked && stale(index, scanned)) return;
  complete(index, message, scanned, ask_again);
}

void Endpoint::receive_notification(const Message& message, const ScannedOptions& scanned,
                                    RecentRequest* recent, LinkId link) noexcept {
  bool wanted = false;
  if constexpr (kObserver) {
    IncomingResponse notification = incoming_response(link, message, scanned);
    notification.in_order = reliable(link);
    notification.more = kBlockwise && Block::from_value(scanned.block2.value_or(0)).more;
    wanted = handler_->on_notification(notification, now_);
  }
  if (!wanted) ++statistics_.rejected;
  if (recent != nullptr && recent->known(message.message_id())) {
    recent->keep(wanted ? Kept::kAcknowledged : Kept::kReset);
  }
  if (!wanted)
    send_empty(link, Type::kReset, message.message_id());
  else if (message.type() == Type::kConfirmable)
    send_empty(link, Type::kAcknowledgement, message.message_id());
}

/// A response came for the message that is out: the request ends, or goes on with its next block.
void Endpoint::complete(std::uint32_t index, const Message& message, const ScannedOptions& scanned,
                        bool ask_again) noexcept {
  settle(index);
  if (kChallenges && meet_challenge(index, message, scanned, ask_again)) return send_again(index);
  const bool fetching = kStreaming && exchanges_[index].stream != 0;
  if (kBlockwise && !fetching) {
    Result<bool> goes_on = continue_block1(index, message, scanned);
    if (goes_on && !*goes_on) goes_on = continue_block2(index, message, scanned);
    if (!goes_on) return fail_exchange(index, goes_on.error().code);
    if (*goes_on) return send_again(index);
  }

  IncomingResponse response = incoming_response(exchanges_[index].link, message, scanned);
  response.token = exchanges_[index].first_token;
  if constexpr (kStreaming) {
    if (fetching) return pass_on(index, response, scanned);
  }
  deliver(index, response);
}

/// Ends the exchange, then tells: the handler may use what it held. A joined body lives on for it.
void Endpoint::deliver(std::uint32_t index, const IncomingResponse& last) noexcept {
  const RequestId id = request_id(index);
  IncomingResponse response = last;
  const std::uint16_t joined = exchanges_[index].joining;
  exchanges_[index].joining = 0;
  if (kBlockwise && joined != 0 && is_success(response.code)) {
    const Transfer& transfer = transfers_[joined - 1U];
    response.code = transfer.code;
    response.content_format = transfer.content_format;
    response.observe = transfer.observe;
    response.max_age = transfer.max_age;
    response.options = Options(transfers_.options(joined - 1U).first(transfer.options_size));
    response.payload = transfers_.body(joined - 1U).first(transfer.size);
  }
  close_exchange(index);
  handler_->on_response(id, response, now_);
  if (kBlockwise && joined != 0) transfers_.close(joined - 1U);
}

}  // namespace linnet::coap
