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
  first_timer_ = first_timer - 1;  // a place is an index plus one
  lifetime_ = lifetime;
  share_ = static_cast<std::uint16_t>(std::max((count - 1) / 3, 1));
}

void Transfers::measure(ArenaMeter& meter, std::uint16_t count, std::uint32_t max_body) noexcept {
  meter.add<Transfer>(count);
  meter.add<std::uint8_t>(std::size_t{count} * (max_body + kMaxOptions));
  IndexPool::measure(meter, count);
}

std::uint8_t* Transfers::body(const Transfer& transfer) const noexcept {
  return bytes_.data() + (transfer.place - std::size_t{1}) * (max_body_ + kMaxOptions);
}

ByteView Transfers::outgoing(const Transfer& transfer) const noexcept {
  return {transfer.lent != nullptr ? transfer.lent : body(transfer), transfer.size};
}

Transfer* Transfers::open(LinkId link, std::uint32_t key, Transfer::Kind kind, Instant now) noexcept {
  Peer& peer = (*peers_)[link];
  if (peer.transfers >= share_) {
    std::uint16_t last = peer.transfer;
    while ((*this)[last].next != 0) last = (*this)[last].next;
    close((*this)[last]);
  }
  Transfer* const transfer = take(link, now);
  if (transfer == nullptr) return nullptr;
  transfer->kind = kind;
  transfer->key = key;
  transfer->next = peer.transfer;
  peer.transfer = transfer->place;
  ++peer.transfers;
  append(*transfer);
  touch(*transfer, now);
  return transfer;
}

Transfer* Transfers::open_own(LinkId link, Instant now) noexcept {
  return take(link, now);
}

/// A free one, or the one that has been idle for longest; the caller's own.
Transfer* Transfers::take(LinkId link, Instant now) noexcept {
  std::uint32_t index = free_.take();
  if (index == IndexPool::kNone) {
    if (oldest_ == 0) return nullptr;
    Transfer& oldest = (*this)[oldest_];
    if (!oldest.served && now - oldest.touched < kReplaceAfter) return nullptr;
    close(oldest);
    index = free_.take();
  }
  Transfer& transfer = transfers_[index];
  transfer = Transfer{};
  transfer.place = static_cast<std::uint16_t>(index + 1);
  transfer.kind = Transfer::Kind::kOwn;
  transfer.link = link;
  return &transfer;
}

Transfer* Transfers::find(LinkId link, std::uint32_t key, Transfer::Kind kind) const noexcept {
  for (std::uint16_t at = (*peers_)[link].transfer; at != 0;) {
    Transfer& transfer = (*this)[at];
    if (transfer.key == key && transfer.kind == kind) return &transfer;
    at = transfer.next;
  }
  return nullptr;
}

/// What stands behind `place` in the order of age; behind 0 stands the oldest.
void Transfers::set_newer(std::uint16_t place, std::uint16_t newer) noexcept {
  (place != 0 ? (*this)[place].newer : oldest_) = newer;
}

void Transfers::set_older(std::uint16_t place, std::uint16_t older) noexcept {
  (place != 0 ? (*this)[place].older : newest_) = older;
}

void Transfers::append(Transfer& transfer) noexcept {
  transfer.older = newest_;
  transfer.newer = 0;
  set_newer(newest_, transfer.place);
  newest_ = transfer.place;
}

/// Takes it out of the order of age.
void Transfers::unlink(const Transfer& transfer) noexcept {
  set_newer(transfer.older, transfer.newer);
  set_older(transfer.newer, transfer.older);
}

void Transfers::touch(Transfer& transfer, Instant now) noexcept {
  unlink(transfer);
  append(transfer);
  transfer.touched = now;
  timers_->set(first_timer_ + transfer.place, now + lifetime_);
}

void Transfers::retire(Transfer& transfer) noexcept {
  unlink(transfer);
  transfer.served = true;
  transfer.older = 0;
  transfer.newer = oldest_;
  set_older(oldest_, transfer.place);
  oldest_ = transfer.place;
}

void Transfers::detach(Transfer& transfer) noexcept {
  Peer& peer = (*peers_)[transfer.link];
  std::uint16_t* before = &peer.transfer;
  while (*before != transfer.place) before = &(*this)[*before].next;
  *before = transfer.next;
  --peer.transfers;
  unlink(transfer);
  timers_->clear(first_timer_ + transfer.place);
  transfer.kind = Transfer::Kind::kOwn;
}

void Transfers::close(Transfer& transfer) noexcept {
  if (transfer.kind != Transfer::Kind::kOwn) detach(transfer);
  transfer.kind = Transfer::Kind::kFree;
  free_.give(transfer.place - 1U);
}

void Transfers::drop(LinkId link) noexcept {
  Peer& peer = (*peers_)[link];
  while (peer.transfer != 0) close((*this)[peer.transfer]);
}

}  // namespace linnet::coap
