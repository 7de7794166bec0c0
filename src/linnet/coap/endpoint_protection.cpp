// SPDX-License-Identifier: Apache-2.0
// Where protected messages (RFC 8613) become plain ones and plain ones protected. The message layer
// has done its work before, so that a duplicate is never taken for a replay.
#include <utility>

#include "linnet/coap/endpoint.hpp"
#include "linnet/coap/features.hpp"

namespace linnet::coap {

namespace {

bool only_reads(Code method) noexcept {
  return method == Code::kGet || method == Code::kFetch;
}

}  // namespace

/// The message of an exchange goes out: each time the same bytes.
void Endpoint::transmit_exchange(Exchange& exchange) noexcept {
  const ByteView message = message_of(exchange);
  if constexpr (kProtection) {
    if (exchange.binding.context != 0) {
      SecurityBinding binding = exchange.binding;
      const Result<ByteView> sealed = protection_->seal(exchange.link, binding, message);
      exchange.binding = binding;
      if (sealed) return transmit(exchange.link, *sealed);
      ++statistics_.dropped;
      return;
    }
  }
  transmit(exchange.link, message);
}

/// Whatever is sent anew has a nonce of its own. False: the exchange is closed, for there is none.
bool Endpoint::number_exchange(Exchange& exchange) noexcept {
  if constexpr (kProtection) {
    SecurityBinding binding = exchange.binding;
    // What asks for another part of a response is the request that was sent, and keeps its nonce.
    if (binding.context == 0 || binding.outer_block2 != 0) return true;
    const bool numbered = protection_->number(binding);
    exchange.binding = binding;
    if (numbered) return true;
    exchange.state = Exchange::State::kClosed;
    wait(exchange, 0);
    return false;
  }
  return true;
}

void Endpoint::receive_protected(RequestContext& request, const Message& message, bool again) noexcept {
  std::optional<Message> whole = message;
  if constexpr (kOuterBlocks) whole = gather_request(request, message);
  if (!whole) return;
  OpenedMessage opened = protection_->open_request(request.link, *whole, again);
  const bool gathered = kOuterBlocks && request.block1.has_value();
  if constexpr (kOuterBlocks) close_joined();
  switch (opened.verdict) {
    case OpenedMessage::Verdict::kPlain: return process(request, message);
    case OpenedMessage::Verdict::kRefused: return answer_code(request, opened.refusal);
    case OpenedMessage::Verdict::kIgnored: {
      ++statistics_.rejected;
      if (request.recent != nullptr) request.recent->keep(Kept::kSilence);
      return;
    }
    case OpenedMessage::Verdict::kOpened: break;
  }
  if (gathered) opened.binding.outer_block1 = *std::exchange(request.block1, std::nullopt) + 1;
  request.binding = opened.binding;
  request.method = opened.message.code();
  request.repeatable = !gathered && only_reads(request.method) &&
                       !opened.message.options().find(OptionNumber::kObserve).has_value();
  process(request, opened.message);
}

/// False: the request has been answered by a challenge (RFC 8613 appendix B.1.2).
bool Endpoint::proven(const RequestContext& request, const IncomingRequest& incoming) noexcept {
  if (!kProtection || !request.binding.unproven) return true;
  if (!incoming.fresh || request.binding.interim) {
    challenge(request);
    return false;
  }
  protection_->prove(request.link, request.binding);
  return true;
}

/// What a response or notification is after verification; the latter has no exchange.
OpenedMessage Endpoint::open_response(LinkId link, Exchange* exchange, const Message& message) noexcept {
  if (exchange == nullptr) return protection_->open_notification(link, message);
  const OpenedMessage opened = protection_->open_response(link, exchange->binding, message);
  if constexpr (kOuterBlocks) close_gathered(*exchange);
  return opened;
}

}  // namespace linnet::coap
