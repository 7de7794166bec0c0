// SPDX-License-Identifier: Apache-2.0
// Block1 (RFC 7959 §2.3, §2.5): request bodies, cut by the client role and joined by the server
// role; and how a request is written anew for its next block.
#include <algorithm>
#include <cstring>

#include "linnet/coap/endpoint.hpp"
#include "linnet/coap/features.hpp"

namespace linnet::coap {

/// Makes the message of an exchange anew: same method and options, another Message ID, and what
/// `parts` says, to which the Echo value is added that it has. False, and nothing is changed, when it does
/// not fit.
bool Endpoint::rewrite(Exchange& exchange, MessageParts& parts, Keep keep) noexcept {
  Message old;
  if (old.read(message_of(exchange)) != Errc{}) return false;
  if (keep == Keep::kAll) parts.payload = old.payload();
  const MessageId id = next_message_id(exchange.link);
  MessageWriter writer(scratch_.first(message_limit(exchange.link, exchange.binding)), old.type(), old.code(),
                       id, exchange.token);
  // Of the options from Block2 to Echo a request of ours has only those that `parts` can hold.
  bool written = false;
  for (const Option& option : old.options()) {
    if (option.number == OptionNumber::kEcho) {
      if (parts.echo.empty()) parts.echo = option.value;
      continue;
    }
    const bool block = option.number >= OptionNumber::kBlock2 && option.number < OptionNumber::kEcho;
    if ((block && keep != Keep::kAll) ||
        (option.number == OptionNumber::kObserve && keep == Keep::kNoObserve)) {
      continue;
    }
    if (!written && option.number > OptionNumber::kEcho) {
      parts.write(writer);
      written = true;
    }
    writer.option(option.number, option.value);
  }
  if (!written) parts.write(writer);
  writer.payload(parts.payload);
  if (!writer.ok()) return false;
  std::memcpy(buffer(exchange), scratch_.data(), writer.size());
  exchange.size = static_cast<std::uint16_t>(writer.size());
  exchange.message_id = id;
  return true;
}

void Endpoint::send_again(Exchange& exchange) noexcept {
  exchange.state = Exchange::State::kQueued;
  start(exchange);
}

/// A 4.01 with an Echo value asks for the same request with it (RFC 9175 §2.3): once. A response that gave
/// new keys does so even without one.
bool Endpoint::meet_challenge(Exchange& exchange, const IncomingResponse& response, bool ask_again) noexcept {
  const bool challenge = response.code == Code::kUnauthorized && !response.echo.empty();
  if (!ask_again && (!challenge || exchange.challenged)) return false;
  exchange.challenged = exchange.challenged || !ask_again;
  MessageParts parts;
  parts.echo = response.echo;
  if (!kBlockwise || exchange.sending == 0) return rewrite(exchange, parts, Keep::kAll);
  if (!rewrite(exchange, parts, Keep::kNoBlocks)) return false;  // a block may have to become smaller
  exchange.offset = 0;  // the server has let go of the blocks that it had
  return write_block1(exchange);
}

/// The payload of a request becomes a body that goes out block by block.
Result<void> Endpoint::cut_request(Exchange& exchange, ByteView payload, bool lent) noexcept {
  Transfer* const transfer = transfers_.open_own(exchange.link);
  if (transfer == nullptr) return fail(Errc::kBusy);
  if (lent)
    transfer->lent = payload.data();
  else
    std::memcpy(transfers_.body(*transfer), payload.data(), payload.size());
  transfer->size = static_cast<std::uint32_t>(payload.size());
  exchange.sending = transfer->place;
  exchange.blocks = 1;
  exchange.offset = 0;
  if (!write_block1(exchange)) return fail(Errc::kTooLarge);
  return {};
}

/// Writes the block at `offset`, smaller when it would not fit the message.
bool Endpoint::write_block1(Exchange& exchange) noexcept {
  const ByteView body = transfers_.outgoing(transfers_[exchange.sending]);
  const ByteView rest = body.subspan(exchange.offset);
  std::uint32_t blocks = most_blocks(exchange.link, exchange.szx);
  for (;;) {
    const std::uint32_t size = blocks * Block::size_of(exchange.szx);
    const bool more = rest.size() > size;
    const Block block = Block::at(exchange.offset, more, exchange.szx);
    if (block.number > Block::kMaxNumber) return false;
    MessageParts parts;
    parts.blocks.block1 = block.value();
    if (exchange.offset == 0) parts.blocks.size1 = static_cast<std::uint32_t>(body.size());
    parts.payload = more ? rest.first(size) : rest;
    exchange.blocks = static_cast<std::uint8_t>(blocks);
    if (rewrite(exchange, parts, Keep::kNoBlocks)) return true;
    if (blocks > 1) {
      --blocks;
      continue;
    }
    if (exchange.szx == 0) return false;
    --exchange.szx;
  }
}

/// An old response that came late: for a block which is already done.
bool Endpoint::stale(const Exchange& exchange, const IncomingResponse& response) const noexcept {
  if (exchange.sending != 0 && response.block1.has_value()) {
    return Block::from_value(*response.block1).number !=
           Block::at(exchange.offset, false, exchange.szx).number;
  }
  if (!response.block2) return false;
  const std::uint32_t offset = Block::from_value(*response.block2).offset();
  if (exchange.joining != 0) return offset < transfers_[exchange.joining].size;
  return kStreaming && exchange.stream != 0 && offset < streams_[exchange.stream].offset;
}

/// True when another block was written, false when the request has its final response.
Result<bool> Endpoint::continue_block1(Exchange& exchange, const IncomingResponse& response) noexcept {
  const Code code = response.code;
  const bool named = response.block1.has_value();
  const Block block = Block::from_value(response.block1.value_or(0U));
  const bool smaller = code == Code::kRequestEntityTooLarge && named && block.szx < exchange.szx;
  if (exchange.sending == 0) {
    Message sent;
    if (!smaller || sent.read(message_of(exchange)) != Errc{} || sent.payload().size() <= block.size()) {
      if (code == Code::kContinue) return fail(Errc::kMalformed);
      return false;
    }
    exchange.szx = block.szx;
    return cut_request(exchange, sent.payload(), false).has_value();
  }
  Transfer& transfer = transfers_[exchange.sending];
  const std::uint32_t done =
      std::min(exchange.offset + exchange.blocks * Block::size_of(exchange.szx), transfer.size);
  if (smaller) {
    exchange.szx = block.szx;
    exchange.offset = 0;
  } else if (is_success(code) && done < transfer.size) {
    const bool ours = named && block.valid(reliable(exchange.link)) &&
                      block.number == Block::at(exchange.offset, false, exchange.szx).number;
    if (!ours) return fail(Errc::kMalformed);
    exchange.szx = std::min(exchange.szx, block.szx);
    exchange.offset = done;
  } else {
    if (code == Code::kContinue) return fail(Errc::kMalformed);
    transfers_.close(transfer);
    exchange.sending = 0;
    return false;
  }
  if (!write_block1(exchange)) return fail(Errc::kTooLarge);
  return true;
}

/// A block of a peer's request body.
void Endpoint::receive_block1(RequestContext& request, IncomingRequest& incoming) noexcept {
  const Block block = accept_block(request);
  if (!block.whole(incoming.payload.size())) return answer_code(request, Code::kBadRequest);
  if constexpr (kStreaming) {
    if (receive_part(request, incoming, block)) return;
  }
  const auto body = join(request, block, incoming.payload, incoming.size1,
                         {.kind = Transfer::Kind::kReceiving, .limit = config_.max_body});
  if (!body) return;
  if (joined_ != 0) request.repeatable = false;  // the blocks before it will be gone
  incoming.payload = *body;
  ask(request, incoming);
  close_joined();
}

/// The block that came. The answer names the same one, and the size that is liked here.
Block Endpoint::accept_block(RequestContext& request) const noexcept {
  const Block block = Block::from_value(*request.block1);
  request.block1 = Block{block.number, block.more, std::min(block.szx, preferred_szx(request.link))}.value();
  return block;
}

/// Adds a block to those of its request. The body, once it is whole, with `joined_` as its transfer where it
/// has one; nothing where the block has been answered. `size1`: what the peer announces.
std::optional<ByteView> Endpoint::join(const RequestContext& request, const Block& block, ByteView payload,
                                       OptionalNumber size1, const JoinedBody& as) noexcept {
  const std::uint32_t offset = block.offset();
  const std::size_t end = std::size_t{offset} + payload.size();
  Transfer* transfer = transfers_.find(request.link, request.cache_key, as.kind);
  const bool large = end > as.limit || size1.value_or(0U) > as.limit;
  const bool whole = block.number == 0 && !block.more;
  if (transfer != nullptr && (large || whole)) transfers_.close(*transfer);
  Code code = Code::kRequestEntityIncomplete;
  if (transfer == nullptr && block.number != 0) {
    answer_code(request, code);
    return std::nullopt;
  }
  if (large) {
    refuse_body(request, as.limit);
    return std::nullopt;
  }
  if (whole) return payload;
  if (transfer == nullptr) transfer = transfers_.open(request.link, request.cache_key, as.kind);
  if (transfer == nullptr) {
    answer_code(request, Code::kServiceUnavailable);
    return std::nullopt;
  }
  std::uint8_t* const body = transfers_.body(*transfer);
  // The same first block again is a repetition, another one is another body. Nothing comes twice on a
  // stream.
  if (block.number == 0 &&
      (reliable(request.link) || transfer->size < end || !equal(ByteView(body, end), payload)))
    transfer->size = 0;
  const bool again = block.more && end <= transfer->size;  // a block that is there already
  if (offset == transfer->size || again) {
    std::copy(payload.begin(), payload.end(), body + offset);
    if (!again) transfer->size = static_cast<std::uint32_t>(end);
    if (!block.more) {
      transfers_.detach(*transfer);
      joined_ = transfer->place;
      return ByteView(body, transfer->size);
    }
    transfers_.touch(*transfer);
    code = Code::kContinue;
  }
  answer_code(request, code);
  return std::nullopt;
}

void Endpoint::close_joined() noexcept {
  if (joined_ != 0) transfers_.close(transfers_[joined_]);
  joined_ = 0;
}

}  // namespace linnet::coap
