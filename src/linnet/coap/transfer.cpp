// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/transfer.hpp"

#include <algorithm>

namespace linnet::coap {

void Transfers::init(Arena& arena, std::uint16_t count, std::uint32_t max_body, Millis lifetime, Peers& peers,
                     TimerQueue& timers, std::uint32_t first_timer, const Instant& now) noexcept {
  arena.take(transfers_, count);
  arena.take(bytes_, std::size_t{count} * (max_body + kMaxOptions));
  free_.init(arena, count);
  peers_ = &peers;
  timers_ = &timers;
  now_ = &now;
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

Transfer* Transfers::open(LinkId link, std::uint32_t key, Transfer::Kind kind) noexcept {
  Peer& peer = (*peers_)[link];
  if (peer.transfers >= share_) {
    std::uint16_t last = peer.transfer;
    while ((*this)[last].next != 0) last = (*this)[last].next;
    close((*this)[last]);
  }
  Transfer* const transfer = take(link);
  if (transfer == nullptr) return nullptr;
  transfer->kind = kind;
  transfer->key = key;
  transfer->next = peer.transfer;
  peer.transfer = transfer->place;
  ++peer.transfers;
  touch(*transfer);
  return transfer;
}

Transfer* Transfers::open_own(LinkId link) noexcept {
  return take(link);
}

/// A free one, or that of a peer which has been idle for longest; the caller's own.
Transfer* Transfers::take(LinkId link) noexcept {
  std::uint32_t index = free_.take();
  if (index == IndexPool::kNone) {
    Transfer* oldest = nullptr;
    for (Transfer& transfer : transfers_) {
      if (transfer.kind != Transfer::Kind::kOwn && (oldest == nullptr || transfer.touched < oldest->touched))
        oldest = &transfer;
    }
    if (oldest == nullptr || *now_ - oldest->touched < kReplaceAfter) return nullptr;
    close(*oldest);
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

void Transfers::touch(Transfer& transfer) noexcept {
  transfer.touched = *now_;
  timers_->set(first_timer_ + transfer.place, *now_ + lifetime_);
}

void Transfers::retire(Transfer& transfer) noexcept {
  transfer.touched -= lifetime_;
}

void Transfers::detach(Transfer& transfer) noexcept {
  Peer& peer = (*peers_)[transfer.link];
  std::uint16_t* before = &peer.transfer;
  while (*before != transfer.place) before = &(*this)[*before].next;
  *before = transfer.next;
  --peer.transfers;
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
