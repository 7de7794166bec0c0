// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/transfer.hpp"

#include <algorithm>

namespace linnet::coap {

void Transfers::init(Arena& arena, std::uint16_t count, std::uint32_t max_body, Millis lifetime, Peers& peers,
                     TimerQueue& timers, std::uint32_t first_timer) noexcept {
  arena.take(transfers_, count);
  arena.take(bytes_, std::size_t{count} * (max_body + kMaxOptions));
  free_.init(arena, count);
  peers_ = &peers;
  timers_ = &timers;
  max_body_ = max_body;
  first_timer_ = first_timer;
  lifetime_ = lifetime;
  share_ = static_cast<std::uint16_t>(std::max((count - 1) / 3, 1));
}

void Transfers::measure(ArenaMeter& meter, std::uint16_t count, std::uint32_t max_body) noexcept {
  meter.add<Transfer>(count);
  meter.add<std::uint8_t>(std::size_t{count} * (max_body + kMaxOptions));
  IndexPool::measure(meter, count);
}

ByteSpan Transfers::body(std::uint32_t index) const noexcept {
  return bytes_.subspan(std::size_t{index} * (max_body_ + kMaxOptions), max_body_);
}

ByteView Transfers::outgoing(std::uint32_t index) const noexcept {
  const Transfer& transfer = transfers_[index];
  return {transfer.lent != nullptr ? transfer.lent : body(index).data(), transfer.size};
}

ByteSpan Transfers::options(std::uint32_t index) const noexcept {
  return bytes_.subspan(std::size_t{index} * (max_body_ + kMaxOptions) + max_body_, kMaxOptions);
}

std::optional<std::uint32_t> Transfers::open(LinkId link, std::uint32_t key, Transfer::Kind kind,
                                             Instant now) noexcept {
  Peer& peer = (*peers_)[link];
  if (peer.transfers >= share_) {
    std::uint32_t last = peer.transfer;
    while (transfers_[last - 1].next != 0) last = transfers_[last - 1].next;
    close(last - 1);
  }
  const std::optional<std::uint32_t> index = take(now);
  if (!index) return std::nullopt;
  Transfer& transfer = transfers_[*index];
  transfer.kind = kind;
  transfer.link = link;
  transfer.key = key;
  transfer.next = peer.transfer;
  peer.transfer = static_cast<std::uint16_t>(*index + 1);
  ++peer.transfers;
  append(*index);
  touch(*index, now);
  return index;
}

std::optional<std::uint32_t> Transfers::open_own(LinkId link, Instant now) noexcept {
  const std::optional<std::uint32_t> index = take(now);
  if (!index) return std::nullopt;
  transfers_[*index].kind = Transfer::Kind::kOwn;
  transfers_[*index].link = link;
  return index;
}

/// A free one, or the one that has been idle for longest.
std::optional<std::uint32_t> Transfers::take(Instant now) noexcept {
  std::optional<std::uint32_t> index = free_.take();
  if (!index && oldest_ != 0) {
    const Transfer& oldest = transfers_[oldest_ - 1U];
    if (!oldest.served && now - oldest.touched < kReplaceAfter) return std::nullopt;
    close(oldest_ - 1U);
    index = free_.take();
  }
  if (index) transfers_[*index] = Transfer{};
  return index;
}

std::optional<std::uint32_t> Transfers::find(LinkId link, std::uint32_t key,
                                             Transfer::Kind kind) const noexcept {
  for (std::uint32_t at = (*peers_)[link].transfer; at != 0; at = transfers_[at - 1].next) {
    if (transfers_[at - 1].key == key && transfers_[at - 1].kind == kind) return at - 1;
  }
  return std::nullopt;
}

void Transfers::append(std::uint32_t index) noexcept {
  const auto self = static_cast<std::uint16_t>(index + 1);
  transfers_[index].older = newest_;
  transfers_[index].newer = 0;
  if (newest_ != 0)
    transfers_[newest_ - 1U].newer = self;
  else
    oldest_ = self;
  newest_ = self;
}

/// Takes it out of the order of age.
void Transfers::unlink(std::uint32_t index) noexcept {
  const Transfer& transfer = transfers_[index];
  if (transfer.older != 0)
    transfers_[transfer.older - 1U].newer = transfer.newer;
  else
    oldest_ = transfer.newer;
  if (transfer.newer != 0)
    transfers_[transfer.newer - 1U].older = transfer.older;
  else
    newest_ = transfer.older;
}

void Transfers::touch(std::uint32_t index, Instant now) noexcept {
  unlink(index);
  append(index);
  transfers_[index].touched = now;
  timers_->set(first_timer_ + index, now + lifetime_);
}

void Transfers::retire(std::uint32_t index) noexcept {
  unlink(index);
  Transfer& transfer = transfers_[index];
  transfer.served = true;
  transfer.older = 0;
  transfer.newer = oldest_;
  const auto self = static_cast<std::uint16_t>(index + 1);
  if (oldest_ != 0)
    transfers_[oldest_ - 1U].older = self;
  else
    newest_ = self;
  oldest_ = self;
}

void Transfers::detach(std::uint32_t index) noexcept {
  Transfer& transfer = transfers_[index];
  Peer& peer = (*peers_)[transfer.link];
  std::uint32_t before = 0;
  for (std::uint32_t at = peer.transfer; at != index + 1; at = transfers_[at - 1].next) before = at;
  if (before != 0)
    transfers_[before - 1].next = transfer.next;
  else
    peer.transfer = transfer.next;
  --peer.transfers;
  unlink(index);
  timers_->clear(first_timer_ + index);
  transfer.kind = Transfer::Kind::kOwn;
}

void Transfers::close(std::uint32_t index) noexcept {
  if (transfers_[index].kind != Transfer::Kind::kOwn) detach(index);
  transfers_[index].kind = Transfer::Kind::kFree;
  free_.give(index);
}

void Transfers::drop(LinkId link) noexcept {
  while ((*peers_)[link].transfer != 0) close((*peers_)[link].transfer - 1U);
}

}  // namespace linnet::coap
