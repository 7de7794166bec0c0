// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/package_transfer.hpp"

#include "linnet/coap/uri.hpp"

namespace linnet::client {

namespace {

constexpr std::uint32_t kSmallestBlock = 16;

/// What a scheme's name begins with where the engine itself fetches.
bool over_coap(std::string_view uri) noexcept {
  constexpr std::string_view kCoap = "coap";
  if (uri.size() < kCoap.size()) return false;
  for (std::size_t i = 0; i < kCoap.size(); ++i) {
    if ((uri[i] | 0x20) != kCoap[i]) return false;
  }
  return true;
}

}  // namespace

Result<void> package_answer(PackageResult result) noexcept {
  switch (result) {
    case PackageResult::kInitial:
    case PackageResult::kSuccess: return {};
    case PackageResult::kNoStorage:
      return fail(Errc::kNoSpace, static_cast<std::uint8_t>(coap::Code::kRequestEntityTooLarge));
    case PackageResult::kUnsupportedType:
      return fail(Errc::kUnsupported, static_cast<std::uint8_t>(coap::Code::kUnsupportedContentFormat));
    default: return fail(Errc::kIo);
  }
}

PackageResult PackageTransfer::begin(std::optional<std::uint32_t> size) noexcept {
  reset();
  restart();
  info_.clear();
  total_ = size;
  const PackageResult begun = sink_.begin(size);
  if (begun == PackageResult::kInitial) state_ = State::kPushed;
  return begun;
}

PackageResult PackageTransfer::take(ByteView bytes, bool last) noexcept {
  const PackageResult stored = store(bytes, last);
  if (stored != PackageResult::kInitial) end(stored);
  return stored;
}

void PackageTransfer::start(std::string_view uri) noexcept {
  restart();
  uri_ = uri;
  info_.clear();
  retries_ = 0;
  state_ = State::kDelayed;
  delay_ = 0;
}

void PackageTransfer::pull(std::string_view uri) noexcept {
  reset();
  start(uri);
}

void PackageTransfer::resume(std::string_view uri, std::uint32_t offset, ByteView etag) noexcept {
  if (offset == 0 || !sink_.resume(offset)) return pull(uri);
  start(uri);
  offset_ = offset;
  etag_.assign(etag);
}

/// From the first byte on.
void PackageTransfer::restart() noexcept {
  offset_ = 0;
  total_.reset();
  etag_.clear();
}

void PackageTransfer::reset() noexcept {
  if (!active()) return;
  close();
  state_ = State::kNone;
  sink_.discard();
}

void PackageTransfer::discard() noexcept {
  if (active()) return reset();
  sink_.discard();
}

Instant PackageTransfer::step(Instant now) noexcept {
  if (state_ == State::kDelayed) {
    due_ = now + Seconds(delay_);
    state_ = State::kWaiting;
  }
  if (state_ != State::kWaiting) return kNever;
  if (now < due_) return due_;
  open();
  return state_ == State::kDelayed ? now : kNever;
}

void PackageTransfer::open() noexcept {
  state_ = State::kOpened;
  const bool coap = over_coap(uri_);
  if (coap) {
    std::array<std::uint8_t, kMaxUri> room;
    const auto uri = coap::Uri::parse(uri_, room);
    if (!uri) return end(PackageResult::kInvalidUri);
  }
  if (downloader_ == nullptr || (coap && streams_ == nullptr))
    return end(PackageResult::kUnsupportedProtocol);
  if (offset_ == 0) {
    if (const PackageResult begun = sink_.begin(std::nullopt); begun != PackageResult::kInitial)
      return end(begun);
  }
  const PackageResult opened = downloader_->open(*this, uri_, offset_);
  if (opened != PackageResult::kInitial) return failed(opened);
  downloading_ = true;
}

void PackageTransfer::close() noexcept {
  if (streams_ != nullptr) streams_->cancel(*this);
  if (downloading_) downloader_->close(*this);
  downloading_ = false;
}

void PackageTransfer::linked(coap::LinkId link) noexcept {
  if (state_ != State::kOpened) return;
  std::array<std::uint8_t, kMaxUri> room;
  const auto uri = coap::Uri::parse(uri_, room);
  coap::OutgoingRequest request;
  request.path = uri->path();
  request.query = uri->query();
  // A block begins at a multiple of 16: a few bytes may come again.
  const auto asked =
      streams_->fetch(*this, link, request, {offset_ / kSmallestBlock * kSmallestBlock, etag_.view()});
  if (!asked) on_fetch_failed(coap::Code::kEmpty, asked.error().code);
}

bool PackageTransfer::on_fetched(const coap::IncomingResponse& response,
                                 const coap::BodyPart& part) noexcept {
  offset_ = part.offset;
  if (part.total) total_ = part.total;
  if (!etag_.assign(response.etag)) etag_.clear();
  retries_ = 0;
  return take(response.payload, part.last) == PackageResult::kInitial;
}

void PackageTransfer::on_fetch_failed(coap::Code response, Errc why) noexcept {
  if (response != coap::Code::kEmpty) {
    // 4.xx: what is asked for is not there, whatever is done; 5.xx may pass.
    return failed(coap::code_class(response) == 4 ? PackageResult::kInvalidUri
                                                  : PackageResult::kConnectionLost);
  }
  if (why == Errc::kTooLarge) return failed(PackageResult::kNoStorage);
  if (why == Errc::kMalformed) restart();
  failed(PackageResult::kConnectionLost);
}

void PackageTransfer::received(ByteView bytes, bool last) noexcept {
  if (state_ != State::kOpened) return;
  retries_ = 0;
  (void)take(bytes, last);
}

void PackageTransfer::failed(PackageResult why) noexcept {
  if (state_ != State::kOpened) return;
  if (why != PackageResult::kConnectionLost || retries_ == kMaxRetries) return end(why);
  close();
  state_ = State::kDelayed;
  delay_ = kFirstRetry << retries_++;
}

/// kInitial: more is to come. All else is the end.
PackageResult PackageTransfer::store(ByteView bytes, bool last) noexcept {
  if (const PackageResult written = sink_.write(offset_, bytes); written != PackageResult::kInitial)
    return written;
  offset_ += static_cast<std::uint32_t>(bytes.size());
  if (!last) return PackageResult::kInitial;
  if (total_ && offset_ != *total_) return PackageResult::kIntegrity;
  const PackageResult finished = sink_.finish(info_);
  return finished == PackageResult::kInitial ? PackageResult::kSuccess : finished;
}

void PackageTransfer::end(PackageResult result) noexcept {
  close();
  state_ = State::kNone;
  if (result != PackageResult::kSuccess) sink_.discard();
  owner_.on_package(result);
}

}  // namespace linnet::client
