// SPDX-License-Identifier: Apache-2.0
#include "linnet/store/pending_touches.hpp"

#include <algorithm>
#include <iterator>

namespace linnet::store {
namespace {

SqlResult<std::size_t> write_range(RecordTable& table, auto first, auto last) {
  if (auto begun = table.begin(); !begun) return std::unexpected(std::move(begun).error());
  std::size_t found = 0;
  for (; first != last; ++first) {
    const auto touched = table.touch(first->first, first->second);
    if (!touched) return std::unexpected(touched.error());
    found += *touched ? 1U : 0U;
  }
  if (auto committed = table.commit(); !committed) return std::unexpected(std::move(committed).error());
  return found;
}

}  // namespace

void PendingTouches::add(std::string_view full_key, UnixTime expiry) {
  if (const auto known = collected_.find(full_key); known != collected_.end()) {
    known->second = expiry;
  } else {
    collected_.emplace(full_key, expiry);
  }
}

void PendingTouches::drop(std::string_view full_key) {
  for (Map* touches : {&collected_, &due_}) {
    if (touches->empty()) continue;
    if (const auto found = touches->find(full_key); found != touches->end()) touches->erase(found);
  }
}

SqlResult<std::size_t> PendingTouches::write(RecordTable& table, std::size_t limit) {
  const auto count = static_cast<std::ptrdiff_t>(std::min(limit, due_.size()));
  const auto last = std::next(due_.begin(), count);
  auto written = write_range(table, due_.begin(), last);
  if (written) {
    due_.erase(due_.begin(), last);
  } else {
    table.rollback();
  }
  return written;
}

}  // namespace linnet::store
