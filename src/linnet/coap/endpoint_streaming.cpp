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
std::optional<std::uint32_t> announced(std::optional<std::uint32_t> size) noexcept {
  return size.value_or(0) != 0 ? size : std::nullopt;
}

}  // namespace

/// The stream of a first block: the one under way when it came before, else a new one. kNotAllowed:
/// the body is not passed on; kBusy: no room.
Result<std::uint32_t> Endpoint::open_stream(const RequestContext& request, const Message& message,
                                            const ScannedOptions& scanned) noexcept {
  const ByteView payload = message.payload();
  const bool more = Block::from_value(*scanned.block1).more;
  const std::uint32_t tag = entity_tag(payload);
  if (const auto index = streams_.find(request.link, request.cache_key)) {
    const BodyStream& stream = streams_[*index];
    const bool same = stream.offset <= payload.size() || stream.first == request.message_id;
    if (more && same && stream.tag == tag) return *index;
    break_off(*index);  // another body begins
  }
  const BodyPart first{0, !more, announced(scanned.size1)};
  if (!more || !bodies_->takes(incoming_request(request, message, scanned, payload), first, now_))
    return fail(Errc::kNotAllowed);
  const auto index = streams_.open(BodyStream::Kind::kTaken, request.link);
  if (!index) return fail(Errc::kBusy);
  BodyStream& stream = streams_[*index];
  stream.key = request.cache_key;
  stream.tag = tag;
  stream.first = request.message_id;
  stream.total = first.total.value_or(0);
  keep_stream(*index, now_ + config_.transfer_timeout);
  return *index;
}

/// A block of a body that is passed on. False: it is not of such a body.
bool Endpoint::receive_part(const RequestContext& request, const Message& message,
                            const ScannedOptions& scanned) noexcept {
  if (bodies_ == nullptr) return false;
  const Block block = Block::from_value(*scanned.block1);
  const ByteView payload = message.payload();
  std::optional<std::uint32_t> index = streams_.find(request.link, request.cache_key);
  if (block.number == 0) {
    const auto opened = open_stream(request, message, scanned);
    const bool full = !opened && opened.error().code == Errc::kBusy;
    if (full) answer_code(request, Code::kServiceUnavailable);
    if (!opened) return full;
    index = *opened;
  }
  if (!index) return false;
  const BodyStream& stream = streams_[*index];
  const bool again = block.more && block.offset() + payload.size() <= stream.offset;
  if (again || block.offset() != stream.offset) {
    answer_code(request, again ? Code::kContinue : Code::kRequestEntityIncomplete);
    return true;
  }
  const BodyPart part{stream.offset, !block.more, announced(stream.total)};
  RequestContext asked = request;
  asked.repeatable = false;
  ask(asked, message, scanned, payload, &part);
  return true;
}

/// What the handler's answer to a part means for the transfer.
void Endpoint::part_taken(const RequestContext& request, std::size_t size, const BodyPart& part,
                          const Reply& reply) noexcept {
  const std::optional<std::uint32_t> index = streams_.find(request.link, request.cache_key);
  if (!index || reply.kind == Reply::Kind::kIgnore) return;
  const bool goes_on =
      reply.kind == Reply::Kind::kDefer || (reply.kind == Reply::Kind::kNow && reply.code == Code::kContinue);
  if (part.last || !goes_on) return end_stream(request);
  streams_[*index].offset += static_cast<std::uint32_t>(size);
  keep_stream(*index, now_ + config_.transfer_timeout);
}

void Endpoint::keep_stream(std::uint32_t stream, Instant until) noexcept {
  timers_.set(config_.max_exchanges + config_.max_deferred + config_.max_transfers + stream, until);
}

/// A request has its final answer.
void Endpoint::end_stream(const RequestContext& request) noexcept {
  const auto index = request.block1 ? streams_.find(request.link, request.cache_key) : std::nullopt;
  if (!index) return;
  timers_.clear(config_.max_exchanges + config_.max_deferred + config_.max_transfers + *index);
  streams_.close(*index);
}

void Endpoint::break_off(std::uint32_t stream) noexcept {
  const BodyStream broken = streams_[stream];
  timers_.clear(config_.max_exchanges + config_.max_deferred + config_.max_transfers + stream);
  streams_.close(stream);
  bodies_->on_broken(broken.link, broken.key, now_);
}

void Endpoint::drop_streams(LinkId link) noexcept {
  for (std::uint32_t i = 0; i < streams_.all().size(); ++i) {
    if (streams_[i].kind != BodyStream::Kind::kTaken || streams_[i].link != link) continue;
    streams_[i].kind = BodyStream::Kind::kDropped;
    keep_stream(i, now_);
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
  const Result<std::uint32_t> opened = open_request(link, request);
  if (!opened) return fail(opened.error().code);
  Result<void> written = write_request(*opened, request);
  const auto index = written ? streams_.open(BodyStream::Kind::kFetched, link) : std::nullopt;
  if (written && !index) written = fail(Errc::kBusy);
  if (index) {
    exchanges_[*opened].stream = static_cast<std::uint16_t>(*index + 1);
    streams_[*index].offset = from.offset;
    streams_[*index].tag = short_tag(from.etag);
    // The largest block that begins at this place and whose response the link can carry.
    std::uint8_t szx = preferred_szx(link);
    while (szx > 0 && (from.offset % Block::size_of(szx) != 0 ||
                       Block::size_of(szx) + kHeadroom > message_limit(link))) {
      --szx;
    }
    if (Block::at(from.offset, false, szx).number > Block::kMaxNumber || !write_block2(*opened, szx))
      written = fail(Errc::kTooLarge);
  }
  if (!written) {
    close_exchange(*opened);
    return fail(written.error().code);
  }
  start(*opened);
  return request_id(*opened);
}

/// A block of what was fetched came: tells, and asks for the next one. Or an error came instead.
void Endpoint::pass_on(std::uint32_t index, const IncomingResponse& response,
                       const ScannedOptions& scanned) noexcept {
  const RequestId id = request_id(index);
  if (!is_success(response.code)) {
    close_exchange(index);
    return bodies_->on_error(id, response, now_);
  }
  BodyStream& stream = streams_[exchanges_[index].stream - 1U];
  const std::size_t size = response.payload.size();
  // A body that came at once may leave the option out.
  const Block block = Block::from_value(scanned.block2.value_or(0));
  const bool whole = !scanned.block2 || (block.valid(reliable(exchanges_[index].link)) && block.whole(size));
  const std::uint32_t tag = short_tag(scanned.etag);
  const bool same = tag == stream.tag || (!stream.begun && stream.tag == 0);
  const auto total = announced(scanned.size2);
  const bool agreed = !total || stream.total == 0 || *total == stream.total;
  if (!whole || !same || !agreed || block.offset() != stream.offset)
    return fail_exchange(index, Errc::kMalformed);
  if (total) stream.total = *total;
  const std::uint32_t end = stream.offset + static_cast<std::uint32_t>(size);
  const bool ends_early = stream.total != 0 && (block.more ? end >= stream.total : end != stream.total);
  if (ends_early) return fail_exchange(index, Errc::kMalformed);

  stream.begun = true;
  stream.tag = tag;
  const BodyPart part{stream.offset, !block.more, announced(stream.total)};
  stream.offset = end;
  if (part.last) {
    close_exchange(index);
    (void)bodies_->on_part(id, response, part, now_);
    return;
  }
  const bool wanted = bodies_->on_part(id, response, part, now_);
  // The handler may have cancelled the request or dropped the peer.
  if (find_by_request(id) != index || exchanges_[index].state == Exchange::State::kClosed) return;
  if (!wanted) return close_exchange(index);
  const std::uint8_t szx = std::min(block.szx, preferred_szx(exchanges_[index].link));
  if (Block::at(end, false, szx).number > Block::kMaxNumber || !write_block2(index, szx))
    return fail_exchange(index, Errc::kTooLarge);
  send_again(index);
}

}  // namespace linnet::coap
