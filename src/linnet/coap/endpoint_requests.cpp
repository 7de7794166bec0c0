// SPDX-License-Identifier: Apache-2.0
// The request layer of an endpoint: its own requests, and the responses that come for them
// (RFC 7252 §5.3).
#include <algorithm>
#include <cstring>

#include "linnet/base/outlined.hpp"
#include "linnet/coap/endpoint.hpp"
#include "linnet/coap/features.hpp"

namespace linnet::coap {

namespace {

/// What an exchange can hold of a span.
std::uint32_t patience_of(Millis span) noexcept {
  return static_cast<std::uint32_t>(std::min<std::int64_t>(span.count(), UINT32_MAX));
}

}  // namespace

Token Endpoint::make_token(LinkId link) noexcept {
  Token token;
  do {
    const std::array<std::uint32_t, 2> random{random_->next(), config_.token_size > 4 ? random_->next() : 0};
    std::array<std::uint8_t, Token::kMaxSize> bytes{};
    std::memcpy(bytes.data(), random.data(), bytes.size());
    token = Token(ByteView(bytes).first(config_.token_size));
  } while (find_by_token(link, token) != nullptr);
  return token;
}

/// An exchange for a request, not yet written, as `opened`.
Result<void> Endpoint::open_request(LinkId link, const OutgoingRequest& request, Exchange*& opened) noexcept {
  if (!is_request(request.method) || !peers_.has(link)) return fail(Errc::kInvalidArgument);
  if (request.payload.size() > (request.lent ? UINT32_MAX : config_.max_body)) return fail(Errc::kTooLarge);
  opened = open_exchange(link, Exchange::Kind::kRequest,
                         kObserver && request.token ? *request.token : make_token(link));
  if (opened == nullptr) return fail(Errc::kBusy);
  Exchange& exchange = *opened;
  if (!request.confirmable) exchange.confirmable = false;
  exchange.szx = preferred_szx(link);
  exchange.first_token = exchange.token;
  if constexpr (kProtection) {
    if (protection_ != nullptr) exchange.binding = protection_->bind_request(link);
  }
  const TransmissionParameters& transmission = links_->traits(link).transmission;
  const Millis longest = reliable(link) ? transmission.max_transmit_wait() : transmission.exchange_lifetime();
  exchange.patience = patience_of(request.timeout.count() > 0 ? request.timeout : longest);
  return {};
}

/// False when it does not fit.
bool Endpoint::encode_request(Exchange& exchange, const OutgoingRequest& request, ByteView payload,
                              std::uint8_t request_tag) noexcept {
  MessageWriter writer(room_for(exchange), request.confirmable ? Type::kConfirmable : Type::kNonConfirmable,
                       request.method, exchange.message_id, exchange.token);
  if constexpr (kObserver) writer.option(OptionNumber::kObserve, request.observe);
  writer.options(OptionNumber::kUriPath, request.path);
  writer.option(OptionNumber::kContentFormat, request.content_format);
  writer.options(OptionNumber::kUriQuery, request.query);
  if constexpr (kObserver) {
    writer.option(OptionNumber::kAccept, request.accept);
    writer.option(OptionNumber::kNoResponse, request.no_response);
  }
  if (kBlockwise && request_tag != 0) writer.option(OptionNumber::kRequestTag, std::uint32_t{request_tag});
  writer.payload(payload);
  exchange.size = static_cast<std::uint16_t>(writer.size());
  return writer.ok();
}

/// Encodes a request into the buffer of its exchange: in one message, or the first of its blocks.
Result<void> Endpoint::write_request(Exchange& exchange, const OutgoingRequest& request) noexcept {
  const bool whole = request.payload.size() <= single_message(exchange.link, exchange.szx);
  if (whole && encode_request(exchange, request, request.payload, 0)) return {};
  if constexpr (kBlockwise) {
    if (encode_request(exchange, request, {}, next_request_tag(exchange.link)))
      return cut_request(exchange, request.payload, request.lent);
  }
  return fail(Errc::kTooLarge);
}

/// Opens and writes one.
Result<void> Endpoint::make_request(LinkId link, const OutgoingRequest& request, Exchange*& opened) noexcept {
  const Result<void> made = open_request(link, request, opened);
  return made ? write_request(*opened, request) : made;
}

/// Sends what was made, or lets go of it.
Result<RequestId> Endpoint::launch(Exchange* exchange, Result<void> made) noexcept {
  if (!made) {
    if (exchange != nullptr) close_exchange(*exchange);
    return fail(made.error().code);
  }
  start(*exchange);
  return exchange->id;
}

Result<RequestId> Endpoint::request(LinkId link, const OutgoingRequest& request, Instant now) noexcept {
  now_ = now;
  Exchange* exchange = nullptr;
  const Result<void> made = make_request(link, request, exchange);
  return launch(exchange, made);
}

Result<RequestId> Endpoint::request_rest(LinkId link, const OutgoingRequest& request,
                                         const IncomingResponse& first, Instant now) noexcept {
  now_ = now;
  if constexpr (!kBlockwise) return fail(Errc::kUnsupported);
  OutgoingRequest rest = request;
  rest.observe.reset();
  rest.payload = {};
  Exchange* exchange = nullptr;
  Result<void> made = open_request(link, rest, exchange);
  if (!made) return launch(exchange, made);
  const Block block = Block::from_value(first.block2.value_or(0U));
  made =
      encode_request(*exchange, rest, {}, 0) && block.more && block.number == 0 && block.valid(reliable(link))
          ? start_joining(*exchange, first)
          : Result<void>(fail(Errc::kInvalidArgument));
  if (made && !write_block2(*exchange, std::min(block.szx, preferred_szx(link))))
    made = fail(Errc::kTooLarge);
  return launch(exchange, made);
}

/// A Request-Tag for a Block1 transfer that could be confused with another one to the same peer,
/// under way or broken off; 0 when there is none (RFC 9175 §3.3).
std::uint8_t Endpoint::next_request_tag(LinkId link) noexcept {
  Peer& peer = peers_[link];
  bool needed = peer.request_tag != 0;
  for (const Exchange* at = first_exchange(link); at != nullptr; at = next_exchange(*at)) {
    needed = needed || at->sending != 0;
  }
  if (needed) peer.request_tag = static_cast<std::uint8_t>(peer.request_tag % UINT8_MAX + 1);
  return peer.request_tag;
}

Token Endpoint::token_of(RequestId id) const noexcept {
  const Exchange* const exchange = find_by_request(id);
  return exchange == nullptr ? Token() : exchange->first_token;
}

void Endpoint::cancel(RequestId id, Instant now) noexcept {
  now_ = now;
  if (Exchange* const exchange = find_by_request(id)) close_exchange(*exchange);
}

Result<RequestId> Endpoint::ping(LinkId link, Instant now) noexcept {
  now_ = now;
  if (!peers_.has(link)) return fail(Errc::kInvalidArgument);
  const bool stream = reliable(link);
  Exchange* const exchange = open_exchange(link, Exchange::Kind::kPing, stream ? make_token(link) : Token());
  if (exchange == nullptr) return fail(Errc::kBusy);
  if (stream) exchange->patience = patience_of(links_->traits(link).transmission.max_transmit_wait());
  const MessageWriter writer(room_for(*exchange), Type::kConfirmable, stream ? Code::kPing : Code::kEmpty,
                             exchange->message_id, exchange->token);
  exchange->size = static_cast<std::uint16_t>(writer.size());
  start(*exchange);
  return exchange->id;
}

void Endpoint::receive_response(LinkId link, const Message& message) noexcept {
  const bool piggybacked = message.type() == Type::kAcknowledgement;
  RecentRequest* recent = nullptr;
  if (message.type() == Type::kConfirmable && look_up(link, message, recent) != Seen::kNever) return;
  Exchange* exchange =
      piggybacked ? find_by_id(link, message.message_id()) : find_by_token(link, message.token());
  if (exchange != nullptr &&
      (exchange->kind != Exchange::Kind::kRequest || exchange->token != message.token())) {
    exchange = nullptr;
  }
  if constexpr (kProtection) {
    if (protection_ != nullptr && (exchange != nullptr || !piggybacked)) {
      std::optional<Message> whole = message;
      if constexpr (kOuterBlocks) {
        if (exchange != nullptr) whole = gather_response(*exchange, message, recent);
      }
      if (!whole) return;
      const OpenedMessage opened = open_response(link, exchange, *whole);
      if (opened.verdict == OpenedMessage::Verdict::kOpened)
        return take_response(link, opened.message, recent, exchange, opened.ask_again);
      if (opened.verdict == OpenedMessage::Verdict::kIgnored) {
        ++statistics_.rejected;
        return;
      }
    }
  }
  take_response(link, message, recent, exchange, false);
}

/// A response to the request of an exchange, or to none that is under way. `ask_again`: see OpenedMessage.
LINNET_OUTLINED void Endpoint::take_response(LinkId link, const Message& message, RecentRequest* recent,
                                             Exchange* exchange, bool ask_again) noexcept {
  const bool piggybacked = message.type() == Type::kAcknowledgement;
  const bool confirmable = message.type() == Type::kConfirmable;
  IncomingResponse response;
  scan_options(message.options(), message.code(), response);
  if (response.bad_critical) return reject(link, message.type(), message.message_id());
  if (confirmable) recent = record(link, message.message_id(), recent);
  response.link = link;
  response.code = message.code();
  response.confirmable = confirmable;
  response.token = message.token();
  response.options = message.options();
  response.payload = message.payload();
  if (exchange == nullptr) {
    if (piggybacked)
      ++statistics_.rejected;
    else
      receive_notification(message, response, recent);
    return;
  }
  if (confirmable) {
    if (recent != nullptr) recent->keep(Kept::kAcknowledged);
    send_empty(link, Type::kAcknowledgement, message.message_id());
  }
  if (kBlockwise && !piggybacked && stale(*exchange, response)) return;
  complete(*exchange, response, ask_again);
}

void Endpoint::receive_notification(const Message& message, const IncomingResponse& response,
                                    RecentRequest* recent) noexcept {
  const LinkId link = response.link;
  bool wanted = false;
  if constexpr (kObserver) {
    IncomingResponse notification = response;
    notification.in_order = reliable(link);
    notification.more = kBlockwise && Block::from_value(response.block2.value_or(0U)).more;
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
void Endpoint::complete(Exchange& exchange, IncomingResponse& response, bool ask_again) noexcept {
  settle(exchange);
  if (kChallenges && meet_challenge(exchange, response, ask_again)) return send_again(exchange);
  const bool fetching = kStreaming && exchange.stream != 0;
  if (kBlockwise && !fetching) {
    Result<bool> goes_on = continue_block1(exchange, response);
    if (goes_on && !*goes_on) goes_on = continue_block2(exchange, response);
    if (!goes_on) return end_exchange(exchange, goes_on.error().code);
    if (*goes_on) return send_again(exchange);
  }
  response.token = exchange.first_token;
  if constexpr (kStreaming) {
    if (fetching) return pass_on(exchange, response);
  }
  deliver(exchange, response);
}

/// Ends the exchange, then tells: the handler may use what it held. A joined body lives on for it.
void Endpoint::deliver(Exchange& exchange, IncomingResponse& response) noexcept {
  Transfer* const joined = kBlockwise && exchange.joining != 0 ? &transfers_[exchange.joining] : nullptr;
  exchange.joining = 0;
  if (joined != nullptr && is_success(response.code)) {
    static_cast<Representation&>(response) = static_cast<const Representation&>(*joined);
    response.code = joined->code;
    response.options = Options(ByteView(transfers_.options(*joined), joined->options_size));
    response.payload = ByteView(transfers_.body(*joined), joined->size);
  }
  close_exchange(exchange);
  handler_->on_response(exchange.id, response, now_);
  if (joined != nullptr) transfers_.close(*joined);
}

}  // namespace linnet::coap
