// SPDX-License-Identifier: Apache-2.0
// Handshakes that are under way: bounded in number, for each source as well, and each in time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "linnet/base/time.hpp"
#include "linnet/net/address.hpp"

namespace linnet::net {

/// `Payload` is what is kept of one. Not shared between threads.
template <typename Payload>
class HandshakeTable {
 public:
  struct Name {
    Address remote;
    std::uint32_t socket = 0;
    friend auto operator<=>(const Name&, const Name&) = default;
  };
  struct Entry {
    Payload payload;
    Instant until;  ///< it is given up
    typename std::multimap<Instant, Name>::iterator due;
  };
  using Place = typename std::map<Name, Entry>::iterator;

  HandshakeTable(std::uint32_t most, std::uint32_t per_source) noexcept
      : most_(most), per_source_(per_source) {}

  [[nodiscard]] Place find(const Name& name) { return entries_.find(name); }
  [[nodiscard]] Place none() noexcept { return entries_.end(); }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

  [[nodiscard]] bool has_room_for(const Name& name) const {
    const auto source = sources_.find(name.remote.ip());
    return entries_.size() < most_ && (source == sources_.end() || source->second < per_source_);
  }
  /// There must be room, and none of that name. It is due once, at `until`, unless `wait` says earlier.
  template <typename... Arguments>
  Place open(const Name& name, Instant until, Arguments&&... payload) {
    ++sources_[name.remote.ip()];
    const Place place =
        entries_.emplace(name, Entry{Payload{std::forward<Arguments>(payload)...}, until, due_.end()}).first;
    place->second.due = due_.emplace(until, name);
    return place;
  }
  void wait(Place place, Instant due) {
    due_.erase(place->second.due);
    place->second.due = due_.emplace(std::min(due, place->second.until), place->first);
  }
  void end(Place place) {
    const auto source = sources_.find(place->first.remote.ip());
    if (source != sources_.end() && --source->second == 0) sources_.erase(source);
    due_.erase(place->second.due);
    entries_.erase(place);
  }
  void clear() {
    entries_.clear();
    due_.clear();
    sources_.clear();
  }

  [[nodiscard]] Instant next_due() const noexcept { return due_.empty() ? kNever : due_.begin()->first; }
  /// One that is due: to be ended, or to `wait` again.
  [[nodiscard]] Place due() { return entries_.find(due_.begin()->second); }

 private:
  std::uint32_t most_;
  std::uint32_t per_source_;
  std::map<Name, Entry> entries_;
  std::multimap<Instant, Name> due_;
  std::map<Address::Ip, std::uint32_t> sources_;
};

}  // namespace linnet::net
