// SPDX-License-Identifier: Apache-2.0
// Outer Block options (RFC 8613 §4.1.3.4.2): protected messages that a proxy cut are joined before they are
// verified. Nothing proves the parts, so what they may take is bounded.
#include <algorithm>

#include "linnet/coap/endpoint.hpp"
#include "linnet/coap/features.hpp"

namespace linnet::coap {

namespace {

bool is_protected(const Message& message) noexcept {
  return message.options().find(OptionNumber::kOscore).has_value();
}

}  // namespace

std::uint32_t Endpoint::max_unfragmented() const noexcept {
  return static_cast<std::uint32_t>(std::min<std::size_t>(config_.max_body, protection_->max_unfragmented()));
}

/// What is to be verified: the request itself, or where it is the last part of one, all of that. Nothing
/// where a part has been answered.
std::optional<Message> Endpoint::gather_request(RequestContext& request, const Message& part) noexcept {
  const ScannedOptions scanned = scan_options(part.options(), part.code());
  if (!scanned.block1 || !is_protected(part)) return part;
  request.block1 = scanned.block1;
  request.cache_key = scanned.cache_key;
  request.repeatable = false;  // the parts before it will be gone
  const Block block = accept_block(request);
  if (!block.valid(reliable(request.link)) || !block.whole(part.payload().size())) {
    answer_code(request, Code::kBadRequest);
    return std::nullopt;
  }
  const auto body = join(request, block, part.payload(), scanned.size1,
                         {.kind = Transfer::Kind::kGathering, .limit = max_unfragmented()});
  if (!body) return std::nullopt;
  return part.with(part.token(), *body);
}

/// The same of a response to the request of an exchange: nothing where a part has been taken, or is none of
/// this response.
std::optional<Message> Endpoint::gather_response(Exchange& exchange, const Message& part,
                                                 RecentRequest* recent) noexcept {
  const SecurityBinding binding = exchange.binding;
  const ScannedOptions scanned = scan_options(part.options(), part.code());
  const Block block = Block::from_value(scanned.block2.value_or(0U));
  const bool apart = block.number != 0 || block.more;
  if (binding.context == 0 || !apart || !is_protected(part)) {
    close_gathered(exchange);
    return part;
  }
  const std::uint32_t done = binding.gathering != 0 ? transfers_[binding.gathering].size : 0;
  if (block.offset() != done) {  // an old one, or one of something else
    ++statistics_.rejected;
    return std::nullopt;
  }
  const Result<bool> more = take_part(exchange, part, scanned);
  if (more && !*more) {
    const SecurityBinding whole = exchange.binding;
    return part.with(exchange.first_token, transfers_.outgoing(transfers_[whole.gathering]));
  }
  if (part.type() == Type::kConfirmable) {
    const LinkId link = exchange.link;
    recent = record(link, part.message_id(), recent);
    if (recent != nullptr) recent->keep(Kept::kAcknowledged);
    send_empty(link, Type::kAcknowledgement, part.message_id());
  }
  settle(exchange);
  if (more)
    send_again(exchange);
  else
    end_exchange(exchange, more.error().code);
  return std::nullopt;
}

/// Keeps a part. True: the message of the exchange now asks for the next one, under the nonce that it had.
Result<bool> Endpoint::take_part(Exchange& exchange, const Message& part,
                                 const ScannedOptions& scanned) noexcept {
  SecurityBinding binding = exchange.binding;
  const Block block = Block::from_value(*scanned.block2);
  const ByteView payload = part.payload();
  if (!block.valid(reliable(exchange.link)) || !block.whole(payload.size())) return fail(Errc::kMalformed);
  if (binding.gathering == 0) {
    const Transfer* const opened = transfers_.open_own(exchange.link);
    if (opened == nullptr) return fail(Errc::kNoSpace);
    binding.gathering = opened->place;
    exchange.binding = binding;
  }
  Transfer& transfer = transfers_[binding.gathering];
  const std::uint32_t limit = max_unfragmented();
  if (scanned.size2.value_or(0U) > limit || payload.size() > limit - transfer.size)
    return fail(Errc::kTooLarge);
  std::copy(payload.begin(), payload.end(), transfers_.body(transfer) + transfer.size);
  transfer.size += static_cast<std::uint32_t>(payload.size());
  if (!block.more) return false;

  // Another token: what comes for the messages before is told apart, and a notification is no part.
  exchange.token = make_token(exchange.link);
  binding.outer_block2 =
      Block::at(transfer.size, false, std::min(block.szx, preferred_szx(exchange.link))).value() + 1;
  exchange.binding = binding;
  MessageParts same;
  if (!rewrite(exchange, same, Keep::kAll)) return fail(Errc::kTooLarge);
  return true;
}

/// The response has been verified, or is none in parts.
void Endpoint::close_gathered(Exchange& exchange) noexcept {
  SecurityBinding binding = exchange.binding;
  if (binding.gathering == 0) return;
  transfers_.close(transfers_[binding.gathering]);
  binding.gathering = 0;
  binding.outer_block2 = 0;
  exchange.binding = binding;
  // An observation goes by the token of its request.
  if (binding.observe) exchange.token = exchange.first_token;
}

}  // namespace linnet::coap
