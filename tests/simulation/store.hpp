// SPDX-License-Identifier: Apache-2.0
// A store as the server engine sees one (EngineConfig::durable): it commits after a while, in groups
// and in order, refuses now and then, and loses in a crash what it had not committed.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "linnet/server/engine.hpp"
#include "network.hpp"

namespace linnet::simulation {

class Store {
 public:
  struct Record {
    server::RegistrationId id;
    Bytes bytes;
    UnixTime expires;
  };
  struct Change {
    server::Change::Kind kind;
    std::optional<server::Ticket> ticket;
    std::string endpoint;
    Record record;
  };

  explicit Store(std::uint64_t seed) : dice_(seed) {}

  void add(Change change) { waiting_.push_back(std::move(change)); }
  [[nodiscard]] bool waits() const noexcept { return !waiting_.empty(); }

  /// One group commit of all that waits. What has a ticket may be refused; the rest must succeed.
  /// `settled(ticket, committed)` is called when the group is through.
  template <typename Settled>
  void commit(std::uint32_t refused_percent, Settled&& settled) {
    std::deque<Change> group;
    group.swap(waiting_);
    for (Change& change : group) {
      const bool refused = change.ticket && dice_.percent(refused_percent);
      if (!refused) apply(change);
      if (change.ticket) settled(*change.ticket, !refused);
    }
  }
  void drop(const std::string& key) { records_.erase(key); }
  /// A lease of life, written behind.
  void touch(const std::string& endpoint, server::RegistrationId id, UnixTime expires) {
    const auto found = records_.find(endpoint);
    if (found != records_.end() && found->second.id == id) found->second.expires = expires;
  }
  /// The group that was under way may have reached the disk, but nobody is told.
  void crash() {
    if (dice_.percent(50)) {
      for (Change& change : waiting_) apply(change);
    }
    waiting_.clear();
  }
  [[nodiscard]] const std::map<std::string, Record>& records() const noexcept { return records_; }

 private:
  void apply(Change& change) {
    if (change.kind == server::Change::Kind::kPut) {
      records_[change.endpoint] = std::move(change.record);
      return;
    }
    const auto found = records_.find(change.endpoint);
    if (found != records_.end() && found->second.id == change.record.id) records_.erase(found);
  }

  Dice dice_;
  std::deque<Change> waiting_;
  std::map<std::string, Record> records_;
};

}  // namespace linnet::simulation
