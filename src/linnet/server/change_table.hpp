// SPDX-License-Identifier: Apache-2.0
// Changes that wait for the store, each with the request that is to be answered.
#pragma once

#include <cstdint>
#include <vector>

#include "linnet/coap/endpoint.hpp"
#include "linnet/server/event.hpp"

namespace linnet::server {

struct PendingChange {
  enum class Kind : std::uint8_t { kFree, kRegister, kUpdate, kDeregister };

  Kind kind = Kind::kFree;
  RegistrationId id;
  coap::LinkId link = coap::kNoLink;
  coap::DeferredId deferred{};
  std::uint32_t generation = 0;
  std::uint32_t next = 0;  ///< of free ones, the next free one
};

class ChangeTable {
 public:
  void init(std::uint32_t capacity) noexcept { capacity_ = capacity; }

  [[nodiscard]] bool full() const noexcept { return size_ == capacity_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// The table must not be full.
  Ticket add(PendingChange change) noexcept {
    std::uint32_t index = free_;
    if (index != kNone) {
      free_ = table_[index].next;
    } else {
      index = static_cast<std::uint32_t>(table_.size());
      table_.emplace_back();
    }
    change.generation = (table_[index].generation + 1U) & kGenerationMask;
    table_[index] = change;
    ++size_;
    return Ticket{std::uint64_t{change.generation} << 32U | index};
  }

  /// Takes a change out; one of kind kFree for a ticket that is not waiting.
  PendingChange take(Ticket ticket) noexcept {
    const auto value = static_cast<std::uint64_t>(ticket);
    const auto index = static_cast<std::uint32_t>(value);
    if (index >= table_.size() || table_[index].kind == PendingChange::Kind::kFree) return {};
    if (table_[index].generation != value >> 32U) return {};
    const PendingChange taken = table_[index];
    table_[index].kind = PendingChange::Kind::kFree;
    table_[index].next = free_;
    free_ = index;
    --size_;
    return taken;
  }

  /// `visit(PendingChange&)` for each that waits.
  template <typename Visit>
  void for_each(Visit&& visit) noexcept {
    if (size_ == 0) return;
    for (PendingChange& change : table_) {
      if (change.kind != PendingChange::Kind::kFree) visit(change);
    }
  }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  static constexpr std::uint32_t kGenerationMask = 0x7FFFFFFF;  // the upper half is of DeviceQueue

  std::vector<PendingChange> table_;
  std::uint32_t capacity_ = 0, size_ = 0, free_ = kNone;
};

}  // namespace linnet::server
