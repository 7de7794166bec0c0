// SPDX-License-Identifier: Apache-2.0
// Block1 (RFC 7959 §2.3, §2.5): request bodies, cut by the client role and joined by the server
// role; and how a request is written anew for its next block.
#include <algorithm>
#include <cstring>

#include "linnet/coap/endpoint.hpp"
#include "linnet/coap/features.hpp"

namespace linnet::coap {

namespace {

/// An option that `rewrite` puts among those that stay.
struct Insertion {
  OptionNumber number;
  ByteView bytes;
  std::optional<std::uint32_t> value;
};

void write(MessageWriter& writer, const Insertion& insertion) noexcept {
  if (insertion.value)
    writer.option(insertion.number, *insertion.value);
  else if (!insertion.bytes.empty())
    writer.option(insertion.number, insertion.bytes);
}

bool is_block_option(OptionNumber number) noexcept {
  return number == OptionNumber::kBlock1 || number == OptionNumber::kBlock2 ||
         number == OptionNumber::kSize1 || number == OptionNumber::kSize2;
}

}  // namespace

/// Makes the message of an exchange anew: same method and options, another Message ID, and what
/// `parts` says. False, and nothing is changed, when it does not fit.
bool Endpoint::rewrite(std::uint32_t index, const RequestParts& parts) noexcept {
  Exchange& exchange = exchanges_[index];
  const Result<Message> old = Message::decode(buffer(index).first(exchange.size));
  if (!old) return false;
  const std::array<Insertion, 5> insertions{{{OptionNumber::kBlock2, {}, parts.block2},
                                             {OptionNumber::kBlock1, {}, parts.block1},
                                             {OptionNumber::kSize2, {}, parts.size2},
                                             {OptionNumber::kSize1, {}, parts.size1},
                                             {OptionNumber::kEcho, parts.echo, {}}}};
  const MessageId id = next_message_id(exchange.link);
  MessageWriter writer(scratch_.first(message_limit(exchange.link, exchange.binding)), old->type(),
                       old->code(), id, exchange.token);
  std::size_t inserted = 0;
  for (const Option& option : old->options()) {
    while (inserted < insertions.size() && insertions[inserted].number <= option.number) {
      write(writer, insertions[inserted++]);
    }
    const bool replaced = (!parts.keep_blocks && is_block_option(option.number)) ||
                          (!parts.keep_observe && option.number == OptionNumber::kObserve) ||
                          (!parts.echo.empty() && option.number == OptionNumber::kEcho);
    if (!replaced) writer.option(option.number, option.value);
  }
  while (inserted < insertions.size()) write(writer, insertions[inserted++]);
  writer.payload(parts.keep_blocks ? old->payload() : parts.payload);
  const Result<std::size_t> size = writer.finish();
  if (!size) return false;
  std::memcpy(buffer(index).data(), scratch_.data(), *size);
  exchange.size = static_cast<std::uint16_t>(*size);
  exchange.message_id = id;
  return true;
}

void Endpoint::send_again(std::uint32_t index) noexcept {
  exchanges_[index].state = Exchange::State::kQueued;
  start(index);
}

/// A 4.01 with an Echo value asks for the same request with it (RFC 9175 §2.3): once. A response that gave
/// new keys does so even without one.
bool Endpoint::meet_challenge(std::uint32_t index, const Message& message, const ScannedOptions& scanned,
                              bool ask_again) noexcept {
  Exchange& exchange = exchanges_[index];
  const bool challenge = message.code() == Code::kUnauthorized && !scanned.echo.empty();
  if (!ask_again && (!challenge || exchange.challenged)) return false;
  exchange.challenged = exchange.challenged || !ask_again;
  RequestParts parts;
  parts.keep_blocks = !kBlockwise || exchange.sending == 0;  // a block may have to become smaller
  parts.echo = scanned.echo;
  if (!rewrite(index, parts)) return false;
  if (parts.keep_blocks) return true;
  exchange.offset = 0;  // the server has let go of the blocks that it had
  return write_block1(index);
}

/// The payload of a request becomes a body that goes out block by block.
Result<void> Endpoint::cut_request(std::uint32_t index, ByteView payload, bool lent) noexcept {
  Exchange& exchange = exchanges_[index];
  const std::optional<std::uint32_t> transfer = transfers_.open_own(exchange.link, now_);
  if (!transfer) return fail(Errc::kBusy);
  if (lent)
    transfers_[*transfer].lent = payload.data();
  else
    std::memcpy(transfers_.body(*transfer).data(), payload.data(), payload.size());
  transfers_[*transfer].size = static_cast<std::uint32_t>(payload.size());
  exchange.blocks = 1;
  exchange.sending = static_cast<std::uint16_t>(*transfer + 1);
  exchange.offset = 0;
  if (!write_block1(index)) return fail(Errc::kTooLarge);
  return {};
}

/// Writes the block at `offset`, smaller when it would not fit the message.
bool Endpoint::write_block1(std::uint32_t index) noexcept {
  Exchange& exchange = exchanges_[index];
  const ByteView body = transfers_.outgoing(exchange.sending - 1U);
  const ByteView rest = body.subspan(exchange.offset);
  std::uint32_t blocks = most_blocks(exchange.link, exchange.szx);
  for (;;) {
    const std::uint32_t size = blocks * Block::size_of(exchange.szx);
    const bool more = rest.size() > size;
    const Block block = Block::at(exchange.offset, more, exchange.szx);
    if (block.number > Block::kMaxNumber) return false;
    RequestParts parts;
    parts.block1 = block.value();
    if (exchange.offset == 0) parts.size1 = static_cast<std::uint32_t>(body.size());
    parts.payload = more ? rest.first(size) : rest;
    exchange.blocks = static_cast<std::uint8_t>(blocks);
    if (rewrite(index, parts)) return true;
    if (blocks > 1) {
      --blocks;
      continue;
    }
    if (exchange.szx == 0) return false;
    --exchange.szx;
  }
}

/// An old response that came late: for a block which is already done.
bool Endpoint::stale(std::uint32_t index, const ScannedOptions& scanned) const noexcept {
  const Exchange& exchange = exchanges_[index];
  if (exchange.sending != 0 && scanned.block1) {
    return Block::from_value(*scanned.block1).number !=
           Block::at(exchange.offset, false, exchange.szx).number;
  }
  if (exchange.joining != 0 && scanned.block2) {
    return Block::from_value(*scanned.block2).offset() < transfers_[exchange.joining - 1U].size;
  }
  if (kStreaming && exchange.stream != 0 && scanned.block2) {
    return Block::from_value(*scanned.block2).offset() < streams_[exchange.stream - 1U].offset;
  }
  return false;
}

/// True when another block was written, false when the request has its final response.
Result<bool> Endpoint::continue_block1(std::uint32_t index, const Message& message,
                                       const ScannedOptions& scanned) noexcept {
  Exchange& exchange = exchanges_[index];
  const Block block = Block::from_value(scanned.block1.value_or(0));
  const bool smaller =
      message.code() == Code::kRequestEntityTooLarge && scanned.block1 && block.szx < exchange.szx;
  if (exchange.sending == 0) {
    const Result<Message> sent = Message::decode(buffer(index).first(exchange.size));
    if (!smaller || !sent || sent->payload().size() <= block.size()) {
      if (message.code() == Code::kContinue) return fail(Errc::kMalformed);
      return false;
    }
    exchange.szx = block.szx;
    if (!cut_request(index, sent->payload(), false)) return false;
    return true;
  }
  const std::uint32_t size = transfers_[exchange.sending - 1U].size;
  const std::uint32_t done = std::min(exchange.offset + exchange.blocks * Block::size_of(exchange.szx), size);
  if (smaller) {
    exchange.szx = block.szx;
    exchange.offset = 0;
  } else if (is_success(message.code()) && done < size) {
    const bool ours = scanned.block1 && block.valid(reliable(exchange.link)) &&
                      block.number == Block::at(exchange.offset, false, exchange.szx).number;
    if (!ours) return fail(Errc::kMalformed);
    exchange.szx = std::min(exchange.szx, block.szx);
    exchange.offset = done;
  } else {
    if (message.code() == Code::kContinue) return fail(Errc::kMalformed);
    transfers_.close(exchange.sending - 1U);
    exchange.sending = 0;
    return false;
  }
  if (!write_block1(index)) return fail(Errc::kTooLarge);
  return true;
}

/// A block of a peer's request body.
void Endpoint::receive_block1(RequestContext& request, const Message& message,
                              const ScannedOptions& scanned) noexcept {
  const Block block = accept_block(request);
  if (!block.whole(message.payload().size())) return answer_code(request, Code::kBadRequest);
  if constexpr (kStreaming) {
    if (receive_part(request, message, scanned)) return;
  }
  const auto body = join(request, block, message.payload(), scanned.size1.value_or(0),
                         {.kind = Transfer::Kind::kReceiving, .limit = config_.max_body});
  if (!body) return;
  if (joined_ != 0) request.repeatable = false;  // the blocks before it will be gone
  ask(request, message, scanned, *body);
  close_joined();
}

/// The block that came. The answer names the same one, and the size that is liked here.
Block Endpoint::accept_block(RequestContext& request) const noexcept {
  const Block block = Block::from_value(*request.block1);
  const Block echoed{block.number, block.more, std::min(block.szx, preferred_szx(request.link))};
  request.block1 = echoed.value();
  return block;
}

/// Adds a block to those of its request. The body, once it is whole, with `joined_` as its transfer where it
/// has one; nothing where the block has been answered. `size1`: what the peer announces, 0 for nothing.
std::optional<ByteView> Endpoint::join(const RequestContext& request, const Block& block, ByteView payload,
                                       std::uint32_t size1, const JoinedBody& as) noexcept {
  const auto answered = [&](Code code) {
    answer_code(request, code);
    return std::optional<ByteView>();
  };
  const std::size_t end = std::size_t{block.offset()} + payload.size();
  std::optional<std::uint32_t> index = transfers_.find(request.link, request.cache_key, as.kind);
  if (!index && block.number != 0) return answered(Code::kRequestEntityIncomplete);
  if (end > as.limit || size1 > as.limit) {
    if (index) transfers_.close(*index);
    refuse_body(request, as.limit);
    return std::nullopt;
  }
  if (block.number == 0) {
    if (!block.more) {
      if (index) transfers_.close(*index);
      return payload;
    }
    if (!index) index = transfers_.open(request.link, request.cache_key, as.kind, now_);
    if (!index) return answered(Code::kServiceUnavailable);
    // The same first block again is a repetition, another one is another body. Nothing comes twice on a
    // stream.
    const bool same = !reliable(request.link) && transfers_[*index].size >= end &&
                      equal(transfers_.body(*index).first(end), payload);
    if (!same) transfers_[*index].size = 0;
  }
  Transfer& transfer = transfers_[*index];
  const bool gap = block.offset() > transfer.size;
  const bool again = !gap && end <= transfer.size && block.more;  // a block that is there already
  if (gap || (block.offset() != transfer.size && !again)) return answered(Code::kRequestEntityIncomplete);
  std::copy(payload.begin(), payload.end(), transfers_.body(*index).data() + block.offset());
  if (!again) transfer.size = static_cast<std::uint32_t>(end);
  if (block.more) {
    transfers_.touch(*index, now_);
    return answered(Code::kContinue);
  }
  transfers_.detach(*index);
  joined_ = static_cast<std::uint16_t>(*index + 1);
  return transfers_.body(*index).first(transfer.size);
}

void Endpoint::close_joined() noexcept {
  if (joined_ != 0) transfers_.close(joined_ - 1U);
  joined_ = 0;
}

}  // namespace linnet::coap
