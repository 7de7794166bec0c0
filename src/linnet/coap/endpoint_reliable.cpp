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
  for (Exchange* at = first_exchange(link); at != nullptr; at = next_exchange(*at)) {
    const bool asked = at->kind == Exchange::Kind::kPing && at->state == Exchange::State::kAcknowledged;
    if (asked && at->token == token) return end_exchange(*at, Errc::kReset);
  }
}

}  // namespace linnet::coap
