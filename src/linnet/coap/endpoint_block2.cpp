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
bool Endpoint::write_block2(std::uint32_t index, std::uint8_t szx) noexcept {
  Exchange& exchange = exchanges_[index];
  const Token before = exchange.token;
  exchange.token = make_token(exchange.link);
  RequestParts parts;
  parts.keep_observe = false;
  const std::uint32_t offset = kStreaming && exchange.stream != 0 ? streams_[exchange.stream - 1U].offset
                                                                  : transfers_[exchange.joining - 1U].size;
  parts.block2 = Block::at(offset, false, szx).value();
  if (kStreaming && exchange.stream != 0 && !streams_[exchange.stream - 1U].begun) parts.size2 = 0;
  const bool written = rewrite(index, parts);
  if (!written) exchange.token = before;
  return written;
}

Result<void> Endpoint::start_joining(std::uint32_t index, const IncomingResponse& first,
                                     ByteView etag) noexcept {
  Exchange& exchange = exchanges_[index];
  if (first.payload.size() > config_.max_body) return fail(Errc::kTooLarge);
  if (exchange.joining == 0) {
    const std::optional<std::uint32_t> opened = transfers_.open_own(exchange.link, now_);
    if (!opened) return fail(Errc::kNoSpace);
    exchange.joining = static_cast<std::uint16_t>(*opened + 1);
  }
  Transfer& transfer = transfers_[exchange.joining - 1U];
  transfer.code = first.code;
  transfer.content_format = first.content_format;
  transfer.observe = first.observe;
  transfer.max_age = first.max_age;
  transfer.etag = short_tag(etag);
  transfer.options_size = 0;
  if (const ByteView options = first.options.encoded(); options.size() <= Transfers::kMaxOptions) {
    std::copy(options.begin(), options.end(), transfers_.options(exchange.joining - 1U).begin());
    transfer.options_size = static_cast<std::uint8_t>(options.size());
  }
  std::copy(first.payload.begin(), first.payload.end(), transfers_.body(exchange.joining - 1U).begin());
  transfer.size = static_cast<std::uint32_t>(first.payload.size());
  return {};
}

/// True when the next block was asked for, false when the response is whole (or an error).
Result<bool> Endpoint::continue_block2(std::uint32_t index, const Message& message,
                                       const ScannedOptions& scanned) noexcept {
  Exchange& exchange = exchanges_[index];
  const Block block = Block::from_value(scanned.block2.value_or(0));
  if (!is_success(message.code())) return false;
  if (exchange.joining == 0 && (!scanned.block2 || (block.number == 0 && !block.more))) return false;
  const ByteView payload = message.payload();
  if (!scanned.block2 || !block.valid(reliable(exchange.link)) || !block.whole(payload.size()))
    return fail(Errc::kMalformed);
  const std::uint8_t next_szx = std::min(block.szx, preferred_szx(exchange.link));

  if (exchange.joining == 0 ||
      (block.number == 0 && exchange.restarts != 0 && transfers_[exchange.joining - 1U].size == 0)) {
    if (block.number != 0) return fail(Errc::kMalformed);
    IncomingResponse first;
    first.code = message.code();
    first.options = message.options();
    first.content_format = scanned.content_format;
    first.observe = scanned.observe;
    first.max_age = scanned.max_age;
    first.payload = payload;
    const Result<void> started = start_joining(index, first, scanned.etag);
    if (!started) return fail(started.error().code);
  } else {
    Transfer& transfer = transfers_[exchange.joining - 1U];
    if (short_tag(scanned.etag) != transfer.etag) {
      if (++exchange.restarts > kMaxRestarts) return fail(Errc::kMalformed);
      transfer.size = 0;
      if (!write_block2(index, next_szx)) return fail(Errc::kTooLarge);
      return true;
    }
    if (block.offset() != transfer.size) return fail(Errc::kMalformed);
    if (payload.size() > config_.max_body - transfer.size) return fail(Errc::kTooLarge);
    std::copy(payload.begin(), payload.end(), transfers_.body(exchange.joining - 1U).data() + transfer.size);
    transfer.size += static_cast<std::uint32_t>(payload.size());
  }
  if (!block.more) return false;
  if (!write_block2(index, next_szx)) return fail(Errc::kTooLarge);
  return true;
}

/// A peer asks for a block behind the first: from the snapshot, or, for a method that may be asked
/// again, from what the handler gives now.
void Endpoint::receive_block2(RequestContext& request, const Message& message,
                              const ScannedOptions& scanned) noexcept {
  const std::optional<std::uint32_t> index =
      transfers_.find(request.link, request.cache_key, Transfer::Kind::kServing);
  if (!index) {
    const bool stateless =
        request.method == Code::kGet || (request.method == Code::kFetch && !message.payload().empty());
    if (!stateless) return answer_code(request, Code::kRequestEntityIncomplete);
    ScannedOptions plain = scanned;
    plain.observe.reset();
    return ask(request, message, plain, message.payload());
  }
  request.repeatable = true;
  request.block1.reset();
  const Transfer& transfer = transfers_[*index];
  Reply reply;
  reply.code = transfer.code;
  reply.content_format = transfer.content_format;
  reply.max_age = transfer.max_age;
  reply.payload = transfers_.body(*index).first(transfer.size);
  ReplyParts parts;
  parts.etag = transfer.etag;
  const Block wanted = Block::from_value(*request.block2);
  transfers_.touch(*index, now_);
  const std::uint32_t blocks = most_blocks(request.link, wanted.szx);
  if (wanted.offset() + std::size_t{blocks} * wanted.size() >= transfer.size) transfers_.retire(*index);
  if (!answer_in_blocks(request, reply, parts)) answer_code(request, Code::kInternalServerError);
}

/// Sends the block that is wanted of `reply`. The first one leaves a snapshot behind, so that the
/// others belong to the same representation. `whole` has an ETag when they come from a snapshot.
Result<void> Endpoint::answer_in_blocks(const RequestContext& request, const Reply& reply,
                                        const ReplyParts& whole) noexcept {
  ReplyParts parts = whole;
  const std::uint8_t preferred = preferred_szx(request.link);
  const Block wanted = request.block2 ? Block::from_value(*request.block2) : Block{0, false, preferred};
  const std::uint32_t offset = wanted.offset();
  if (offset >= reply.payload.size() && offset != 0) {
    answer_code(request, Code::kBadRequest);
    return {};
  }
  Reply block = reply;
  if (offset != 0) {
    block.observe.reset();
    block.location = {};
  }
  if (!parts.etag) parts.etag = entity_tag(reply.payload);
  if (request.size_wanted) parts.size2 = static_cast<std::uint32_t>(reply.payload.size());
  const ByteView rest = reply.payload.subspan(offset);
  const ByteSpan trial = scratch_.first(message_limit(request.link, request.binding));
  std::uint8_t szx = std::min(wanted.szx, preferred);
  for (std::uint32_t blocks = most_blocks(request.link, szx);;) {
    const std::uint32_t size = blocks * Block::size_of(szx);
    const bool more = rest.size() > size;
    parts.block2 = Block::at(offset, more, szx).value();
    parts.payload = more ? rest.first(size) : rest;
    if (encode_reply(trial, Type::kConfirmable, MessageId{}, request.token, block, parts)) break;
    if (blocks > 1) {
      --blocks;
      continue;
    }
    if (szx == 0) return fail(Errc::kTooLarge);
    --szx;
  }
  if (!whole.etag && offset == 0 && parts.payload.size() < rest.size()) {
    const std::optional<std::uint32_t> held = hold(request, reply, *parts.etag);
    if (held) parts.payload = transfers_.body(*held).first(parts.payload.size());
  }
  return send_reply(request, block, parts);
}

/// Keeps a snapshot for the blocks to come. Without room for it a GET is answered anew for each of them,
/// and other methods by 4.08.
std::optional<std::uint32_t> Endpoint::hold(const RequestContext& request, const Reply& reply,
                                            std::uint32_t etag) noexcept {
  const auto before = transfers_.find(request.link, request.cache_key, Transfer::Kind::kServing);
  if (before) transfers_.close(*before);
  if (reply.payload.size() > config_.max_body) return std::nullopt;
  auto index = transfers_.open(request.link, request.cache_key, Transfer::Kind::kServing, now_);
  if (!index && !asking_) {
    close_joined();  // the request's own body, which even a payload within it can take the place of
    index = transfers_.open(request.link, request.cache_key, Transfer::Kind::kServing, now_);
  }
  if (!index) return std::nullopt;
  Transfer& transfer = transfers_[*index];
  transfer.code = reply.code;
  transfer.content_format = reply.content_format;
  transfer.max_age = reply.max_age;
  transfer.etag = etag;
  transfer.size = static_cast<std::uint32_t>(reply.payload.size());
  std::memmove(transfers_.body(*index).data(), reply.payload.data(), reply.payload.size());
  return index;
}

}  // namespace linnet::coap
