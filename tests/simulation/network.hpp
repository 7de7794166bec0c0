// SPDX-License-Identifier: Apache-2.0
// A virtual network under a virtual clock: what may happen to a datagram on its way, and the order of
// all things that happen. The same seed gives the same run, byte for byte.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "linnet/base/bytes.hpp"
#include "linnet/base/random.hpp"
#include "linnet/base/time.hpp"

namespace linnet::simulation {

using Bytes = std::vector<std::uint8_t>;

/// A seeded generator (splitmix64): predictable on purpose.
class Dice final : public Random {
 public:
  explicit Dice(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint32_t next() noexcept override {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ z >> 30U) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27U) * 0x94D049BB133111EBU;
    return static_cast<std::uint32_t>((z ^ z >> 31U) >> 32U);
  }
  [[nodiscard]] bool percent(std::uint32_t chance) noexcept { return chance != 0 && below(100) < chance; }
  /// In [least, most].
  [[nodiscard]] Millis between(Millis least, Millis most) noexcept {
    return least + Millis(below(static_cast<std::uint32_t>((most - least).count()) + 1));
  }

 private:
  std::uint64_t state_;
};

/// What happens at an instant: a kind that the fleet knows, and what it is about.
struct Event {
  std::uint32_t kind = 0;
  std::uint32_t subject = 0;
};

/// Things to come, by time and, at the same time, in the order in which they were asked for.
class EventQueue {
 public:
  struct Entry {
    Instant at;
    std::uint64_t sequence;
    Event event;
  };

  void push(Instant at, Event event) {
    heap_.push_back({at, sequence_++, event});
    std::ranges::push_heap(heap_, later);
  }
  Entry pop() {
    std::ranges::pop_heap(heap_, later);
    const Entry entry = heap_.back();
    heap_.pop_back();
    return entry;
  }
  [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }
  [[nodiscard]] Instant next() const noexcept { return heap_.empty() ? kNever : heap_.front().at; }

 private:
  static bool later(const Entry& a, const Entry& b) noexcept {
    return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
  }

  std::vector<Entry> heap_;
  std::uint64_t sequence_ = 0;
};

/// A host and its port; a new port is a new address, as behind a NAT.
struct Address {
  std::uint32_t host = 0;
  std::uint32_t port = 0;
  friend auto operator<=>(const Address&, const Address&) = default;
};

/// Percentages, and the time that a datagram takes: evenly between `least` and `most`, save for the
/// late ones, which overtaking makes arrive out of order.
struct Weather {
  std::uint32_t loss = 0;
  std::uint32_t duplication = 0;
  std::uint32_t late = 0;
  Millis least{20};
  Millis most{120};
  Millis latest{1500};
  std::size_t mtu = 1280;
};

struct Datagram {
  Address from, to;
  Bytes bytes;
};

struct NetworkStatistics {
  std::uint64_t sent = 0, lost = 0, duplicated = 0, delivered = 0, oversized = 0;
  std::uint64_t hash = 0xCBF29CE484222325U;  ///< FNV-1a of every datagram sent, with time and addresses
};

/// Datagrams on their way. Whoever owns the event queue delivers them: each is an event with its
/// place here.
class Network {
 public:
  Network(EventQueue& queue, std::uint32_t kind, std::uint64_t seed)
      : queue_(queue), kind_(kind), dice_(seed) {}

  void send(Address from, Address to, ByteView bytes, Instant now) {
    ++statistics_.sent;
    remember(from, to, bytes, now);
    trace(from, to, "says ", bytes, now);
    if (bytes.size() > weather.mtu) {
      ++statistics_.oversized;
      return;
    }
    if (cut(from.host) || cut(to.host) || dice_.percent(weather.loss)) {
      ++statistics_.lost;
      return;
    }
    put({from, to, Bytes(bytes.begin(), bytes.end())}, now);
    if (!dice_.percent(weather.duplication)) return;
    ++statistics_.duplicated;
    put({from, to, Bytes(bytes.begin(), bytes.end())}, now);
  }
  /// Takes one out that has arrived; false where a partition caught it on its way.
  bool take(std::uint32_t place, Datagram& datagram, Instant now) {
    datagram = std::move(flying_[place]);
    free_.push_back(place);
    if (cut(datagram.from.host) || cut(datagram.to.host)) return false;
    ++statistics_.delivered;
    trace(datagram.from, datagram.to, "heard", datagram.bytes, now);
    return true;
  }

  /// Nothing comes from or to this host.
  void partition(std::uint32_t host, bool away) {
    if (host >= away_.size()) away_.resize(host + 1);
    away_[host] = away;
  }
  [[nodiscard]] bool cut(std::uint32_t host) const noexcept { return host < away_.size() && away_[host]; }
  [[nodiscard]] const NetworkStatistics& statistics() const noexcept { return statistics_; }

  Weather weather;
  std::optional<std::uint32_t> traced;  ///< the host whose datagrams are printed

  /// Among the traced datagrams, if any are.
  void trace(const std::string& what, Instant now) const {
    if (traced) std::printf("%10.3f %s\n", seconds(now), what.c_str());
  }

 private:
  static double seconds(Instant at) { return static_cast<double>(at.time_since_epoch().count()) / 1000; }
  void trace(Address from, Address to, const char* what, ByteView bytes, Instant now) const {
    if (traced != from.host && traced != to.host) return;
    std::printf("%10.3f %s %u:%u > %u:%u ", seconds(now), what, from.host, from.port, to.host, to.port);
    for (const std::uint8_t byte : bytes) std::printf("%02x", byte);
    std::printf(" ");
    for (const std::uint8_t byte : bytes) std::printf("%c", byte >= 32 && byte < 127 ? byte : '.');
    std::printf("\n");
  }
  void put(Datagram datagram, Instant now) {
    const Millis delay = dice_.percent(weather.late) ? dice_.between(weather.most, weather.latest)
                                                     : dice_.between(weather.least, weather.most);
    std::uint32_t place = 0;
    if (free_.empty()) {
      place = static_cast<std::uint32_t>(flying_.size());
      flying_.push_back(std::move(datagram));
    } else {
      place = free_.back();
      free_.pop_back();
      flying_[place] = std::move(datagram);
    }
    queue_.push(now + delay, {kind_, place});
  }
  void remember(Address from, Address to, ByteView bytes, Instant now) noexcept {
    mix(static_cast<std::uint64_t>(now.time_since_epoch().count()));
    mix(std::uint64_t{from.host} << 32U | from.port);
    mix(std::uint64_t{to.host} << 32U | to.port);
    for (const std::uint8_t byte : bytes) mix(byte);
  }
  void mix(std::uint64_t value) noexcept { statistics_.hash = (statistics_.hash ^ value) * 0x100000001B3U; }

  EventQueue& queue_;
  std::uint32_t kind_;
  Dice dice_;
  std::vector<Datagram> flying_;
  std::vector<std::uint32_t> free_;
  std::vector<bool> away_;
  NetworkStatistics statistics_;
};

}  // namespace linnet::simulation
