// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/link_table.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <utility>

namespace linnet::net {

namespace {

// Registered devices stand side by side, as they came. A hand that goes from one to the next would pass
// thousands of them before it meets a link that may be taken; one that goes on by the golden section
// has looked into every tenth of the table after 16 steps, and has been everywhere once after a round.
std::uint32_t golden_stride(std::uint32_t capacity) noexcept {
  auto stride = static_cast<std::uint32_t>(capacity * 0.618'033'988'749'895);
  while (stride > 1 && std::gcd(stride, capacity) != 1) --stride;
  return std::max(stride, 1U);
}

}  // namespace

PathId PathTable::intern(const Path& path) {
  if (!paths_.empty() && (*this)[last_] == path) return last_;
  auto found = std::ranges::find(paths_, path);
  if (found == paths_.end()) {
    if (paths_.size() == kMaxPaths) {
      found = std::ranges::find(paths_, path.socket, &Path::socket);
    } else {
      found = paths_.insert(paths_.end(), path);
    }
  }
  return last_ = PathId{static_cast<std::uint16_t>(found - paths_.begin())};
}

LinkTable::LinkTable(std::uint32_t capacity, const HashKey& key)
    : key_(key),
      capacity_(std::max(capacity, 1U)),
      stride_(golden_stride(capacity_)),
      shift_(32U - static_cast<unsigned>(std::countr_zero(kFirstSlots))),
      entry_pages_(std::size_t{capacity_} * sizeof(Entry)),
      slot_pages_(kFirstSlots * sizeof(Slot)),
      entries_(entry_pages_.as<Entry>(capacity_)),
      slots_(slot_pages_.as<Slot>(kFirstSlots)) {}

LinkTable::Hash LinkTable::hash(const Address& remote, std::uint32_t socket) const noexcept {
  std::uint64_t words[3];
  std::memcpy(words, remote.ip().data(), 16);
  words[2] = std::uint64_t{remote.port()} << 32 | socket;
  return static_cast<Hash>(siphash(key_, words));
}

void LinkTable::prefetch_link(Hash hash) const noexcept {
  const Slot& slot = slots_[hash >> shift_];
  if (slot.link_plus_one != 0) __builtin_prefetch(&entries_[slot.link_plus_one - 1]);
}

bool LinkTable::matches(const Entry& entry, const Address& remote, std::uint32_t socket) const noexcept {
  return entry.ip == remote.ip() && entry.port == remote.port() && entry.socket == socket;
}

coap::LinkId LinkTable::find(Hash hash, const Address& remote, std::uint32_t socket) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash >> shift_; slots_[at].link_plus_one != 0; at = (at + 1) & mask) {
    const std::uint32_t link = slots_[at].link_plus_one - 1;
    if (slots_[at].hash == hash && matches(entries_[link], remote, socket)) return coap::LinkId{link};
  }
  return coap::kNoLink;
}

coap::LinkId LinkTable::insert(Hash hash, const Address& remote, std::uint32_t socket,
                               FunctionRef<LinkLoss(coap::LinkId)> loss) {
  const bool full = size_ == capacity_;
  coap::LinkId link = reuse(full, loss);
  if (link == coap::kNoLink) {
    if (full) return coap::kNoLink;
    if ((std::size_t{size_} + 1) * 2 > slots_.size()) grow();
    link = coap::LinkId{size_++};
  }
  entries_[index(link)] = {.ip = remote.ip(),
                           .port = remote.port(),
                           .path = 0,
                           .socket = static_cast<std::uint8_t>(socket),
                           .shard_plus_one = 0,
                           .kind = LinkKind::kUdp,
                           .reserved = 0};
  place({hash, index(link) + 1});
  return link;
}

Address LinkTable::remote(coap::LinkId link) const noexcept {
  const Entry& entry = entries_[index(link)];
  return {entry.ip, entry.port};
}

void LinkTable::place(Slot slot) noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = slot.hash >> shift_;
  while (slots_[at].link_plus_one != 0) at = (at + 1) & mask;
  slots_[at] = slot;
}

void LinkTable::remove(coap::LinkId link) noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t hole = hash(remote(link), entries_[index(link)].socket) >> shift_;
  while (slots_[hole].link_plus_one != index(link) + 1) hole = (hole + 1) & mask;
  // Linear probing without tombstones: whoever could have stood in the hole moves into it.
  for (std::size_t at = (hole + 1) & mask; slots_[at].link_plus_one != 0; at = (at + 1) & mask) {
    const std::size_t home = slots_[at].hash >> shift_;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    slots_[hole] = std::exchange(slots_[at], Slot{});
    hole = at;
  }
  slots_[hole] = {};
}

void LinkTable::grow() {
  const std::size_t count = slots_.size() * 2;
  const Pages old = std::exchange(slot_pages_, Pages(count * sizeof(Slot)));
  const std::span<Slot> before = std::exchange(slots_, slot_pages_.as<Slot>(count));
  --shift_;
  for (const Slot& slot : before) {
    if (slot.link_plus_one != 0) place(slot);
  }
}

coap::LinkId LinkTable::reuse(bool full, FunctionRef<LinkLoss(coap::LinkId)> loss) noexcept {
  coap::LinkId cheapest = coap::kNoLink;
  LinkLoss least = full ? LinkLoss::kPeer : LinkLoss::kDuplicates;  // what it must stay below
  std::uint32_t after = hand_;
  const std::uint32_t stride = full ? stride_ : 1;
  for (std::uint32_t steps = std::min(full ? kFullSteps : kEasySteps, size_); steps > 0; --steps) {
    const coap::LinkId link{hand_};
    hand_ = hand_ + stride < size_ ? hand_ + stride : hand_ + stride - size_;
    if (const LinkLoss cost = loss(link); cost < least) {
      cheapest = link;
      least = cost;
      after = hand_;
    }
    if (least == LinkLoss::kNothing) break;
  }
  if (cheapest == coap::kNoLink) return cheapest;
  hand_ = after;  // what it passed beyond keeps its turn: each newcomer stays for a whole round
  remove(cheapest);
  return cheapest;
}

}  // namespace linnet::net
