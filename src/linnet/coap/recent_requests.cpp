// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/recent_requests.hpp"

#include <cstring>

namespace linnet::coap {

namespace {

constexpr std::size_t kTypeAndCode = 2;
constexpr std::size_t kMessageId = 2;

/// Steps of 64 ms: 32 bits of them last for eight years, so that no record comes alive again.
constexpr int kStampBits = 6;
std::uint32_t stamp(Instant now) noexcept {
  return static_cast<std::uint32_t>(now.time_since_epoch().count() >> kStampBits);
}

}  // namespace

bool RecentRequest::fresh(const TransmissionParameters& transmission, Instant now) const noexcept {
  Millis lifetime = transmission.exchange_lifetime();
  if (kept_ == Kept::kSilence) lifetime = transmission.non_lifetime();
  return stamp(now) - stamp_ <= static_cast<std::uint32_t>(lifetime.count() >> kStampBits);
}

bool RecentRequest::may_answer(const Token& token) const noexcept {
  if (kept_ != Kept::kReply) return true;
  return equal(ByteView(bytes_).subspan(kTypeAndCode, bytes_[0] & 15U), token.bytes());
}

void RecentRequest::begin(MessageId id, Instant now) noexcept {
  message_id_ = id;
  stamp_ = stamp(now);
  kept_ = Kept::kProcessing;
  size_ = 0;
}

void RecentRequest::keep_deferred(std::uint32_t deferred) noexcept {
  kept_ = Kept::kDeferred;
  std::memcpy(bytes_.data(), &deferred, sizeof deferred);
}

std::uint32_t RecentRequest::deferred() const noexcept {
  std::uint32_t deferred;
  std::memcpy(&deferred, bytes_.data(), sizeof deferred);
  return deferred;
}

void RecentRequest::keep_reply(ByteView message) noexcept {
  kept_ = Kept::kReply;
  size_ = static_cast<std::uint8_t>(message.size());
  std::memcpy(bytes_.data(), message.data(), kTypeAndCode);
  const ByteView rest = message.subspan(kTypeAndCode + kMessageId);
  std::memcpy(bytes_.data() + kTypeAndCode, rest.data(), rest.size());
}

std::size_t RecentRequest::reply(ByteSpan out) const noexcept {
  const auto id = static_cast<std::uint16_t>(message_id_);
  std::memcpy(out.data(), bytes_.data(), kTypeAndCode);
  out[2] = static_cast<std::uint8_t>(id >> 8);
  out[3] = static_cast<std::uint8_t>(id);
  std::memcpy(out.data() + 4, bytes_.data() + kTypeAndCode, size_ - kTypeAndCode - kMessageId);
  return size_;
}

RecentRequest* find(std::span<RecentRequest> ring, MessageId id) noexcept {
  for (RecentRequest& recent : ring) {
    if (recent.known(id)) return &recent;
  }
  return nullptr;
}

RecentRequest* oldest(std::span<RecentRequest> ring, std::uint8_t& next) noexcept {
  for (std::size_t i = 0; i < ring.size(); ++i) {
    RecentRequest& recent = ring[next];
    next = static_cast<std::uint8_t>(next + 1U == ring.size() ? 0 : next + 1);
    if (!recent.waits()) return &recent;
  }
  return nullptr;
}

}  // namespace linnet::coap
