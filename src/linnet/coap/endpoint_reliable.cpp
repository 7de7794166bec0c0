// SPDX-License-Identifier: Apache-2.0
// Streams (RFC 8323): the endpoint without its message layer.
#include "linnet/coap/endpoint.hpp"

namespace linnet::coap {

void Endpoint::receive_frame(LinkId link, ByteView frame) noexcept {
  const Result<Message> message = Message::decode_frame(frame);
  if (message) return receive_frame(link, *message);
  ++statistics_.malformed;
}

void Endpoint::receive_frame(LinkId link, const Message& message) noexcept {
  if (is_response(message.code())) return receive_response(link, message);
  if (message.code() == Code::kPong) return receive_pong(link, message.token());
  if (!is_request(message.code())) {
    if (message.code() != Code::kEmpty) ++statistics_.rejected;
    return;
  }
  RequestContext request{};
  request.link = link;
  request.message_id = next_message_id(link);
  request.method = message.code();
  request.token = message.token();
  if constexpr (kProtection) {
    if (protection_ != nullptr) return receive_protected(request, message, false);
  }
  process(request, message);
}

void Endpoint::receive_pong(LinkId link, const Token& token) noexcept {
  for (std::uint32_t at = peers_[link].first_exchange; at != 0; at = exchanges_[at - 1].next) {
    const Exchange& exchange = exchanges_[at - 1];
    const bool asked =
        exchange.kind == Exchange::Kind::kPing && exchange.state == Exchange::State::kAcknowledged;
    if (asked && exchange.token == token) return fail_exchange(at - 1, Errc::kReset);
  }
}

/// The stream acknowledges a notification for the peer (RFC 8323 §7.2).
void Endpoint::sent_in_order(std::uint32_t index) noexcept {
  const LinkId link = exchanges_[index].link;
  const Token token = exchanges_[index].token;
  close_exchange(index);
  handler_->on_notification_outcome(link, token, NotificationOutcome::kAcknowledged, now_);
}

}  // namespace linnet::coap
