// SPDX-License-Identifier: Apache-2.0
// Packs of the Send operation that wait for their server, oldest first, in memory handed over.
#pragma once

#include <cstring>
#include <memory>
#include <span>

#include "linnet/base/time.hpp"
#include "linnet/client/object.hpp"

namespace linnet::client {

/// Names a pack until its outcome has been told.
using SendId = std::uint32_t;

class SendQueue {
 public:
  /// What stands before each pack, where it lies. Positions are bytes from the beginning and change with
  /// `remove`.
  struct Head {
    ShortServerId server = 0;
    bool under_way = false;  ///< `request` has no outcome yet
    SendId id = 0;
    std::uint32_t request = 0;  ///< coap::RequestId
    std::uint32_t size = 0;     ///< bytes of the pack
    Instant not_before{};       ///< when it may be tried (again)
  };
  /// Heads and packs begin at whole cells.
  struct Cell {
    alignas(Head) std::uint8_t bytes[alignof(Head)];
  };

  SendQueue() noexcept = default;
  explicit SendQueue(std::span<Cell> memory) noexcept
      : memory_(memory.empty() ? nullptr : memory.front().bytes), size_(memory.size_bytes()) {}

  /// Room for one more pack, empty where not even its head fits.
  [[nodiscard]] ByteSpan room() const noexcept {
    const std::size_t free = size_ - used_;
    return free > sizeof(Head) ? ByteSpan(memory_ + used_ + sizeof(Head), free - sizeof(Head)) : ByteSpan();
  }
  /// Takes the first `head.size` bytes of `room` in.
  void add(const Head& head) noexcept {
    std::construct_at(&this->head(used_), head);
    used_ = next(used_);
  }
  /// Takes back all that was added at `end` and behind it.
  void truncate(std::size_t end) noexcept { used_ = end; }

  [[nodiscard]] std::size_t end() const noexcept { return used_; }
  [[nodiscard]] std::size_t next(std::size_t at) const noexcept {
    return at + ((sizeof(Head) + head(at).size + sizeof(Cell) - 1) & ~(sizeof(Cell) - 1));
  }
  [[nodiscard]] Head& head(std::size_t at) const noexcept {
    return *static_cast<Head*>(static_cast<void*>(memory_ + at));  // NOLINT(bugprone-casting-through-void)
  }
  [[nodiscard]] ByteView pack(std::size_t at) const noexcept {
    return {memory_ + at + sizeof(Head), head(at).size};
  }
  /// The oldest pack of a server, `end()` where it has none.
  [[nodiscard]] std::size_t first(ShortServerId server) const noexcept {
    std::size_t at = 0;
    while (at < used_ && head(at).server != server) at = next(at);
    return at;
  }
  void remove(std::size_t at) noexcept {
    const std::size_t behind = next(at);
    std::memmove(memory_ + at, memory_ + behind, used_ - behind);
    used_ -= behind - at;
  }

 private:
  std::uint8_t* memory_ = nullptr;
  std::size_t size_ = 0;
  std::size_t used_ = 0;
};

}  // namespace linnet::client
