// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/operation_table.hpp"

namespace linnet::server {

void OperationTable::init(std::uint32_t capacity) noexcept {
  capacity_ = capacity;
  table_ = std::make_unique<PendingOperation[]>(capacity);
  timers_ = std::make_unique_for_overwrite<TimerWheel<std::uint64_t>::Node[]>(capacity);
  wheel_.init({timers_.get(), capacity});
  requests_.init(capacity);
  for (std::uint32_t index = capacity; index-- > 0;) {
    wheel_.reset(index);
    table_[index].next = free_;
    free_ = index;
  }
}

std::uint32_t OperationTable::add(const PendingOperation& operation, std::uint32_t& first,
                                  Instant deadline) noexcept {
  const std::uint32_t index = free_;
  const std::uint32_t generation = table_[index].generation + 1;
  free_ = table_[index].next;
  table_[index] = operation;
  table_[index].generation = generation;
  table_[index].used = true;
  table_[index].next = first;
  first = index;
  requests_.insert(hash_of(operation.request), index);
  wheel_.arm(index, tick_of(deadline));
  ++size_;
  return index;
}

void OperationTable::remove(std::uint32_t index, std::uint32_t& first) noexcept {
  std::uint32_t* place = &first;
  while (*place != index) place = &table_[*place].next;
  *place = table_[index].next;
  wheel_.cancel(index);
  requests_.erase(hash_of(table_[index].request), index,
                  [&](std::uint32_t other) { return hash_of(table_[other].request); });
  table_[index].used = false;
  table_[index].next = free_;
  free_ = index;
  --size_;
}

std::uint32_t OperationTable::find(OperationId id) const noexcept {
  const auto index = static_cast<std::uint32_t>(static_cast<std::uint64_t>(id));
  if (index >= capacity_ || !table_[index].used) return kNone;
  return table_[index].generation == static_cast<std::uint64_t>(id) >> 32U ? index : kNone;
}

std::uint32_t OperationTable::find(coap::RequestId request) const noexcept {
  return requests_.find(hash_of(request),
                        [&](std::uint32_t index) { return table_[index].request == request; });
}

}  // namespace linnet::server
