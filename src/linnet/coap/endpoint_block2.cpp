// SPDX-License-Identifier: Apache-2.0
// Block2 (RFC 7959 §2.4, §2.6): response bodies, cut by the server role and joined by the client
// role.
#include <algorithm>
#include <cstring>

#include "linnet/coap/endpoint.hpp"
#include "linnet/coap/entity_tag.hpp"
#include "linnet/coap/features.hpp"

namespace linnet::coap {

namespace {

constexpr std::uint8_t kMaxRestarts = 2;  // when the representation changes under a transfer

}  // namespace

/// The request for the block behind what has been joined. Another token, so that responses to the
/// messages before are told apart, and a notification is no response to this one.
bool Endpoint::write_block2(Exchange& exchange, std::uint8_t szx) noexcept {
  const Token before = exchange.token;
  exchange.token = make_token(exchange.link);
  MessageParts parts;
  std::uint32_t offset = 0;
  if (kStreaming && exchange.stream != 0) {
    const BodyStream& stream = streams_[exchange.stream];
    offset = stream.offset;
    if (!stream.begun) parts.blocks.size2 = 0;
  } else {
    offset = transfers_[exchange.joining].size;
  }
  const Block block = Block::at(offset, false, szx);
  parts.blocks.block2 = block.value();
  const bool written = block.number <= Block::kMaxNumber && rewrite(exchange, parts, Keep::kNoObserve);
  if (!written) exchange.token = before;
  return written;
}

Result<void> Endpoint::start_joining(Exchange& exchange, const IncomingResponse& first) noexcept {
  if (first.payload.size() > config_.max_body) return fail(Errc::kTooLarge);
  if (exchange.joining == 0) {
    const Transfer* const opened = transfers_.open_own(exchange.link);
    if (opened == nullptr) return fail(Errc::kNoSpace);
    exchange.joining = opened->place;
  }
  Transfer& transfer = transfers_[exchange.joining];
  static_cast<Representation&>(transfer) = static_cast<const Representation&>(first);
  transfer.code = first.code;
  transfer.etag = short_tag(first.etag);
  const ByteView options = first.options.encoded();
  transfer.options_size =
      options.size() <= Transfers::kMaxOptions ? static_cast<std::uint8_t>(options.size()) : std::uint8_t{0};
  std::copy_n(options.begin(), transfer.options_size, transfers_.options(transfer));
  std::copy(first.payload.begin(), first.payload.end(), transfers_.body(transfer));
  transfer.size = static_cast<std::uint32_t>(first.payload.size());
  return {};
}

/// True when the next block was asked for, false when the response is whole (or an error).
Result<bool> Endpoint::continue_block2(Exchange& exchange, const IncomingResponse& response) noexcept {
  if (!is_success(response.code)) return false;
  const bool named = response.block2.has_value();
  const Block block = Block::from_value(response.block2.value_or(0U));
  if (exchange.joining == 0 && block.number == 0 && !block.more) return false;
  const ByteView payload = response.payload;
  if (!named || !block.valid(reliable(exchange.link)) || !block.whole(payload.size()))
    return fail(Errc::kMalformed);

  bool begins_again = false;
  if (exchange.joining == 0 ||
      (block.number == 0 && exchange.restarts != 0 && transfers_[exchange.joining].size == 0)) {
    if (block.number != 0) return fail(Errc::kMalformed);
    const Result<void> started = start_joining(exchange, response);
    if (!started) return fail(started.error().code);
  } else {
    Transfer& transfer = transfers_[exchange.joining];
    if (short_tag(response.etag) != transfer.etag) {
      if (++exchange.restarts > kMaxRestarts) return fail(Errc::kMalformed);
      transfer.size = 0;
      begins_again = true;
    } else {
      if (block.offset() != transfer.size) return fail(Errc::kMalformed);
      if (payload.size() > config_.max_body - transfer.size) return fail(Errc::kTooLarge);
      std::copy(payload.begin(), payload.end(), transfers_.body(transfer) + transfer.size);
      transfer.size += static_cast<std::uint32_t>(payload.size());
    }
  }
  if (!block.more && !begins_again) return false;
  if (!write_block2(exchange, std::min(block.szx, preferred_szx(exchange.link))))
    return fail(Errc::kTooLarge);
  return true;
}

/// A peer asks for a block behind the first: from the snapshot, or, for a method that may be asked
/// again, from what the handler gives now.
void Endpoint::receive_block2(RequestContext& request, IncomingRequest& incoming) noexcept {
  Transfer* const transfer = transfers_.find(request.link, request.cache_key, Transfer::Kind::kServing);
  if (transfer == nullptr) {
    const bool stateless =
        request.method == Code::kGet || (request.method == Code::kFetch && !incoming.payload.empty());
    if (!stateless) return answer_code(request, Code::kRequestEntityIncomplete);
    incoming.observe.reset();
    return ask(request, incoming);
  }
  request.repeatable = true;
  request.block1.reset();
  Reply reply;
  static_cast<Representation&>(reply) = static_cast<const Representation&>(*transfer);
  reply.code = transfer->code;
  reply.payload = ByteView(transfers_.body(*transfer), transfer->size);
  const Block wanted = Block::from_value(*request.block2);
  transfers_.touch(*transfer);
  const std::uint32_t blocks = most_blocks(request.link, wanted.szx);
  if (wanted.offset() + std::size_t{blocks} * wanted.size() >= transfer->size) transfers_.retire(*transfer);
  static_cast<void>(answer(request, reply, transfer->etag));
}

/// Keeps a snapshot for the blocks to come. Without room for it a GET is answered anew for each of them,
/// and other methods by 4.08.
void Endpoint::hold(const RequestContext& request, const Reply& reply, std::uint32_t etag) noexcept {
  Transfer* transfer = transfers_.find(request.link, request.cache_key, Transfer::Kind::kServing);
  if (transfer != nullptr) transfers_.close(*transfer);
  if (reply.payload.size() > config_.max_body) return;
  transfer = transfers_.open(request.link, request.cache_key, Transfer::Kind::kServing);
  if (transfer == nullptr && !asking_) {
    close_joined();  // the request's own body, which even a payload within it can take the place of
    transfer = transfers_.open(request.link, request.cache_key, Transfer::Kind::kServing);
  }
  if (transfer == nullptr) return;
  static_cast<Representation&>(*transfer) = static_cast<const Representation&>(reply);
  transfer->code = reply.code;
  transfer->etag = etag;
  transfer->size = static_cast<std::uint32_t>(reply.payload.size());
  std::memmove(transfers_.body(*transfer), reply.payload.data(), reply.payload.size());
}

}  // namespace linnet::coap
