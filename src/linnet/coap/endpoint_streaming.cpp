// SPDX-License-Identifier: Apache-2.0
// Bodies that are passed on block by block: Block1 of a peer's request and Block2 of a GET of our own
// (RFC 7959 §2.3 to §2.6), of which only the place reached is kept.
#include <algorithm>

#include "linnet/coap/endpoint.hpp"
#include "linnet/coap/entity_tag.hpp"
#include "linnet/coap/features.hpp"

namespace linnet::coap {

namespace {

constexpr std::size_t kHeadroom = 48;  // bytes of a response beside its block: header, token, options

/// A size of nothing says nothing.
OptionalNumber announced(std::uint32_t size) noexcept {
  return size != 0 ? OptionalNumber(size) : OptionalNumber();
}

}  // namespace

/// The stream of a first block: the one under way when it came before, else a new one. Null: the body is not
/// passed on, or, as `full` tells, there is no room.
BodyStream* Endpoint::open_stream(const RequestContext& request, const IncomingRequest& incoming, bool more,
                                  bool& full) noexcept {
  const std::uint32_t tag = entity_tag(incoming.payload);
  if (BodyStream* const known = streams_.find(request.link, request.cache_key)) {
    const bool same = known->offset <= incoming.payload.size() || known->first == request.message_id;
    if (more && same && known->tag == tag) return known;
    break_off(*known);  // another body begins
  }
  const BodyPart first{0, !more, announced(incoming.size1.value_or(0U))};
  if (!more || !bodies_->takes(incoming, first, now_)) return nullptr;
  BodyStream* const stream = streams_.open(BodyStream::Kind::kTaken, request.link);
  full = stream == nullptr;
  if (full) return nullptr;
  stream->key = request.cache_key;
  stream->tag = tag;
  stream->first = request.message_id;
  stream->total = first.total.value_or(0U);
  keep_stream(*stream);
  return stream;
}

/// A block of a body that is passed on. False: it is not of such a body.
bool Endpoint::receive_part(RequestContext& request, const IncomingRequest& incoming,
                            const Block& block) noexcept {
  if (bodies_ == nullptr) return false;
  bool full = false;
  BodyStream* const stream = block.number == 0 ? open_stream(request, incoming, block.more, full)
                                               : streams_.find(request.link, request.cache_key);
  if (full) answer_code(request, Code::kServiceUnavailable);
  if (stream == nullptr) return full;
  const std::uint32_t offset = block.offset();
  const bool again = block.more && offset + incoming.payload.size() <= stream->offset;
  if (again || offset != stream->offset) {
    answer_code(request, again ? Code::kContinue : Code::kRequestEntityIncomplete);
    return true;
  }
  const BodyPart part{offset, !block.more, announced(stream->total)};
  request.repeatable = false;
  ask(request, incoming, &part);
  return true;
}

/// What the handler's answer to a part means for the transfer.
void Endpoint::part_taken(const RequestContext& request, std::size_t size, const BodyPart& part,
                          const Reply& reply) noexcept {
  BodyStream* const stream = streams_.find(request.link, request.cache_key);
  if (stream == nullptr || reply.kind == Reply::Kind::kIgnore) return;
  const bool goes_on =
      reply.kind == Reply::Kind::kDefer || (reply.kind == Reply::Kind::kNow && reply.code == Code::kContinue);
  if (part.last || !goes_on) return end_stream(request);
  stream->offset += static_cast<std::uint32_t>(size);
  keep_stream(*stream);
}

std::uint32_t Endpoint::timer_of(const BodyStream& stream) const noexcept {
  return config_.max_exchanges + config_.max_deferred + config_.max_transfers + streams_.place(stream) - 1U;
}

void Endpoint::keep_stream(const BodyStream& stream) noexcept {
  timers_.set(timer_of(stream), now_ + config_.transfer_timeout);
}

/// A request has its final answer.
void Endpoint::end_stream(const RequestContext& request) noexcept {
  BodyStream* const stream = streams_.find(request.link, request.cache_key);
  if (stream == nullptr || !request.block1) return;
  timers_.clear(timer_of(*stream));
  stream->kind = BodyStream::Kind::kFree;
}

void Endpoint::break_off(BodyStream& stream) noexcept {
  timers_.clear(timer_of(stream));
  stream.kind = BodyStream::Kind::kFree;
  bodies_->on_broken(stream.link, stream.key, now_);
}

void Endpoint::drop_streams(LinkId link) noexcept {
  for (BodyStream& stream : streams_.all()) {
    if (stream.kind != BodyStream::Kind::kTaken || stream.link != link) continue;
    stream.kind = BodyStream::Kind::kDropped;
    timers_.set(timer_of(stream), now_);
  }
}

Result<RequestId> Endpoint::fetch(LinkId link, const OutgoingRequest& request, const Resumption& from,
                                  Instant now) noexcept {
  now_ = now;
  if (!kStreaming || bodies_ == nullptr) return fail(Errc::kUnsupported);
  if (request.method != Code::kGet || request.observe || !request.payload.empty() ||
      from.offset % Block::size_of(0) != 0) {
    return fail(Errc::kInvalidArgument);
  }
  Exchange* exchange = nullptr;
  Result<void> made = make_request(link, request, exchange);
  if (!made) return launch(exchange, made);
  BodyStream* const stream = streams_.open(BodyStream::Kind::kFetched, link);
  if (stream == nullptr) return launch(exchange, fail(Errc::kBusy));
  exchange->stream = streams_.place(*stream);
  stream->offset = from.offset;
  stream->tag = short_tag(from.etag);
  // The largest block that begins at this place and whose response the link can carry.
  std::uint8_t szx = preferred_szx(link);
  while (szx > 0 &&
         (from.offset % Block::size_of(szx) != 0 || Block::size_of(szx) + kHeadroom > message_limit(link))) {
    --szx;
  }
  if (!write_block2(*exchange, szx)) made = fail(Errc::kTooLarge);
  return launch(exchange, made);
}

/// A block of what was fetched came: tells, and asks for the next one. Or an error came instead.
void Endpoint::pass_on(Exchange& exchange, const IncomingResponse& response) noexcept {
  const RequestId id = exchange.id;
  if (!is_success(response.code)) {
    close_exchange(exchange);
    return bodies_->on_error(id, response, now_);
  }
  BodyStream& stream = streams_[exchange.stream];
  const std::size_t size = response.payload.size();
  const Block block = Block::from_value(response.block2.value_or(0U));
  const std::uint32_t tag = short_tag(response.etag);
  const std::uint32_t total = response.size2.value_or(stream.total);
  const std::uint32_t end = stream.offset + static_cast<std::uint32_t>(size);
  if (stream.total == 0) stream.total = total;
  // A body that came at once may leave the option out; a size of nothing says nothing.
  if ((response.block2 && (!block.valid(reliable(exchange.link)) || !block.whole(size))) ||
      (tag != stream.tag && (stream.begun || stream.tag != 0)) || (total != 0 && total != stream.total) ||
      (stream.total != 0 && (block.more ? end >= stream.total : end != stream.total)) ||
      block.offset() != stream.offset) {
    return end_exchange(exchange, Errc::kMalformed);
  }

  stream.begun = true;
  stream.tag = tag;
  const BodyPart part{stream.offset, !block.more, announced(stream.total)};
  stream.offset = end;
  if (part.last) close_exchange(exchange);
  const bool wanted = bodies_->on_part(id, response, part, now_);
  // The handler may have cancelled the request or dropped the peer.
  if (find_by_request(id) != &exchange || exchange.state == Exchange::State::kClosed) return;
  if (!wanted) return close_exchange(exchange);
  if (!write_block2(exchange, std::min(block.szx, preferred_szx(exchange.link))))
    return end_exchange(exchange, Errc::kTooLarge);
  send_again(exchange);
}

}  // namespace linnet::coap
