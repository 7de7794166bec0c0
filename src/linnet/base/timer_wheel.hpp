// SPDX-License-Identifier: Apache-2.0
// Timers by the million: arm and cancel in constant time, exact to the tick, in memory that the
// caller gives. A hierarchy of wheels of 64 slots; a timer sits in the wheel of the highest six bits
// in which its deadline differs from the time reached, and comes down a wheel when these are reached.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace linnet {

/// `Tick` is an unsigned type that counts whatever the caller counts (seconds, milliseconds).
/// A timer is named by the index of its node. Not armed at first.
template <typename Tick>
class TimerWheel {
 public:
  struct Node {
    std::uint32_t next;
    std::uint32_t previous;
    Tick deadline;
  };
  static constexpr Tick kNoDeadline = std::numeric_limits<Tick>::max();

  TimerWheel() noexcept {
    for (auto& wheel : heads_) wheel.fill(kNone);
  }

  /// The memory of all timers; `reset` each node before it is used. Call once.
  void init(std::span<Node> nodes) noexcept { nodes_ = nodes; }
  void reset(std::uint32_t timer) noexcept { nodes_[timer] = Node{kUnarmed, kNone, 0}; }

  [[nodiscard]] bool armed(std::uint32_t timer) const noexcept { return nodes_[timer].next != kUnarmed; }
  [[nodiscard]] Tick deadline(std::uint32_t timer) const noexcept { return nodes_[timer].deadline; }

  /// Arms or moves a timer. A deadline in the past is due at once.
  void arm(std::uint32_t timer, Tick deadline) noexcept {
    cancel(timer);
    nodes_[timer].deadline = deadline < now_ ? now_ : deadline;
    link(timer);
  }

  void cancel(std::uint32_t timer) noexcept {
    Node& node = nodes_[timer];
    if (node.next == kUnarmed) return;
    if (node.next != kNone) nodes_[node.next].previous = node.previous;
    if (node.previous != kNone) {
      nodes_[node.previous].next = node.next;
    } else {
      const Place place = place_of(node.deadline);
      heads_[place.level][place.slot] = node.next;
      if (node.next == kNone) occupied_[place.level] &= ~(std::uint64_t{1} << place.slot);
    }
    node.next = kUnarmed;
  }

  /// Calls `fire(timer)` for each timer that is due at `now`, none of them armed any more, in the
  /// order of their ticks. `fire` may arm and cancel timers, but not arm one for `now` or earlier.
  template <typename Fire>
  void advance(Tick now, Fire&& fire) noexcept {
    for (Tick next = next_deadline(); next <= now && next != kNoDeadline; next = next_deadline()) {
      now_ = next;
      const unsigned level = lowest_level();
      const auto slot = static_cast<unsigned>(std::countr_zero(occupied_[level]));
      std::uint32_t& head = heads_[level][slot];
      while (head != kNone) {
        const std::uint32_t timer = head;
        unlink_head(level, slot);
        if (level == 0) {
          fire(timer);
        } else {
          link(timer);
        }
      }
    }
    if (now > now_) now_ = now;
  }

  /// Nothing is due before this tick; kNoDeadline when no timer is armed. Not always a tick at which
  /// one is due: far ones are looked at more closely as they come nearer.
  [[nodiscard]] Tick next_deadline() const noexcept {
    const unsigned level = lowest_level();
    if (level == kLevels) return kNoDeadline;
    const auto slot = static_cast<Tick>(std::countr_zero(occupied_[level]));
    if (level == 0) return (now_ & ~kSlotMask) | slot;
    const unsigned shift = kBits * level;
    const Tick above = shift + kBits >= kTickBits ? Tick{0} : now_ >> (shift + kBits) << (shift + kBits);
    return above | static_cast<Tick>(slot << shift);
  }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  static constexpr std::uint32_t kUnarmed = 0xFFFFFFFE;
  static constexpr unsigned kBits = 6;
  static constexpr unsigned kSlots = 1U << kBits;
  static constexpr Tick kSlotMask = kSlots - 1;
  static constexpr unsigned kTickBits = std::numeric_limits<Tick>::digits;
  static constexpr unsigned kLevels = (kTickBits + kBits - 1) / kBits;

  struct Place {
    unsigned level;
    unsigned slot;
  };
  /// Where a timer is, or belongs: the same answer as long as its slot has not been reached.
  [[nodiscard]] Place place_of(Tick deadline) const noexcept {
    const auto different = static_cast<Tick>((deadline ^ now_) | kSlotMask);
    const unsigned level = (kTickBits - 1 - static_cast<unsigned>(std::countl_zero(different))) / kBits;
    return {level, static_cast<unsigned>(deadline >> (kBits * level) & kSlotMask)};
  }

  void link(std::uint32_t timer) noexcept {
    Node& node = nodes_[timer];
    const Place place = place_of(node.deadline);
    std::uint32_t& head = heads_[place.level][place.slot];
    node.next = head;
    node.previous = kNone;
    if (head != kNone) nodes_[head].previous = timer;
    head = timer;
    occupied_[place.level] |= std::uint64_t{1} << place.slot;
  }

  void unlink_head(unsigned level, unsigned slot) noexcept {
    std::uint32_t& head = heads_[level][slot];
    Node& node = nodes_[head];
    head = node.next;
    if (head != kNone) {
      nodes_[head].previous = kNone;
    } else {
      occupied_[level] &= ~(std::uint64_t{1} << slot);
    }
    node.next = kUnarmed;
  }

  /// The lowest wheel that holds a timer: all of it is due before anything in a higher one.
  [[nodiscard]] unsigned lowest_level() const noexcept {
    unsigned level = 0;
    while (level < kLevels && occupied_[level] == 0) ++level;
    return level;
  }

  std::span<Node> nodes_;
  Tick now_ = 0;
  std::array<std::uint64_t, kLevels> occupied_{};
  std::array<std::array<std::uint32_t, kSlots>, kLevels> heads_{};
};

}  // namespace linnet
