// SPDX-License-Identifier: Apache-2.0
// Lifetimes that wait to be written behind: the newest of each key.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "linnet/base/time.hpp"
#include "linnet/store/record_table.hpp"

namespace linnet::store {

/// Touches collect for an interval, are then due, and are written in parts so that no save waits
/// long behind them. Bounded by the keys of the records that are touched.
class PendingTouches {
 public:
  [[nodiscard]] bool collecting() const noexcept { return !collected_.empty(); }
  [[nodiscard]] bool due() const noexcept { return !due_.empty(); }

  void add(std::string_view full_key, UnixTime expiry);
  /// A save or removal that is on disk overrides what was collected before it.
  void drop(std::string_view full_key);
  /// What is collected becomes due; only when nothing is due.
  void end_interval() { due_.swap(collected_); }

  /// Writes up to `limit` of those due in one transaction. The number of records that were there;
  /// after an error all of them stay due.
  [[nodiscard]] SqlResult<std::size_t> write(RecordTable& table, std::size_t limit);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const noexcept { return std::hash<std::string_view>{}(key); }
  };
  using Map = std::unordered_map<std::string, UnixTime, Hash, std::equal_to<>>;

  Map collected_;
  Map due_;
};

}  // namespace linnet::store
