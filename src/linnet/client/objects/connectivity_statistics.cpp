// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/objects/connectivity_statistics.hpp"

#include <array>

#include "linnet/base/quotient.hpp"
#include "linnet/client/engine.hpp"

namespace linnet::client {

namespace {

enum Resource : ResourceId {
  kTxData = 2,
  kRxData = 3,
  kMaxMessageSize = 4,
  kAverageMessageSize = 5,
  kStart = 6,
  kStop = 7,
  kCollectionPeriod = 8,
};

using lwm2m::DataType;
constexpr std::array<ResourceDefinition, 7> kResources{{
    {kTxData, DataType::kInteger, Operations::kR},
    {kRxData, DataType::kInteger, Operations::kR},
    {kMaxMessageSize, DataType::kInteger, Operations::kR},
    {kAverageMessageSize, DataType::kInteger, Operations::kR},
    {kStart, DataType::kNone, Operations::kE, false, true},
    {kStop, DataType::kNone, Operations::kE, false, true},
    {kCollectionPeriod, DataType::kInteger, Operations::kRW},
}};
constexpr ObjectDefinition kDefinition{7, lwm2m::kDefaultObjectVersion, kResources};
constexpr std::uint16_t kKilobyte = 1000;

/// Of messages, none of which is longer than 65535 bytes: so is the average, and what it takes is less
/// than a division of 64 bits.
std::uint32_t average(std::uint64_t bytes, std::uint32_t messages) noexcept {
  if (messages == 0) return 0;
  std::uint32_t result = 0;
  for (int bit = 15; bit >= 0; --bit) {
    const std::uint64_t part = std::uint64_t{messages} << bit;
    if (bytes < part) continue;
    bytes -= part;
    result |= 1U << bit;
  }
  return result;
}

}  // namespace

ConnectivityStatisticsObject::ConnectivityStatisticsObject() noexcept : Object(kDefinition) {}

InstanceId ConnectivityStatisticsObject::next_instance(InstanceId from) const noexcept {
  return from == 0 ? InstanceId{0} : kMaxId;
}

Traffic ConnectivityStatisticsObject::collected() const noexcept {
  if (!running_) return counted_;
  const Traffic& now = engine()->traffic();
  return {.sent_bytes = now.sent_bytes - counted_.sent_bytes,
          .received_bytes = now.received_bytes - counted_.received_bytes,
          .messages = now.messages - counted_.messages,
          .largest = now.largest};
}

Result<Value> ConnectivityStatisticsObject::read(const Path& path) noexcept {
  const Traffic traffic = collected();
  std::uint64_t value = period_;
  switch (path.resource()) {
    case kTxData: value = divide(traffic.sent_bytes, kKilobyte).quotient; break;
    case kRxData: value = divide(traffic.received_bytes, kKilobyte).quotient; break;
    case kMaxMessageSize: value = traffic.largest; break;
    case kAverageMessageSize:
      value = average(traffic.sent_bytes + traffic.received_bytes, traffic.messages);
      break;
    default: break;
  }
  return Value::integer(static_cast<std::int64_t>(value));
}

Result<void> ConnectivityStatisticsObject::validate(const Path&, const Value& value) const noexcept {
  return value.as_integer() >= 0 && value.as_integer() <= INT32_MAX ? Result<void>()
                                                                    : fail(Errc::kInvalidArgument);
}

Result<void> ConnectivityStatisticsObject::write(const Path&, const Value& value) noexcept {
  period_ = static_cast<std::uint32_t>(value.as_integer());
  return {};
}

void ConnectivityStatisticsObject::erase(const Path&) noexcept {
  period_ = 0;
}

Result<void> ConnectivityStatisticsObject::execute(const Path& path, std::string_view) noexcept {
  if (engine() == nullptr) return fail(Errc::kClosed);
  const bool starts = path.resource() == kStart;
  counted_ = starts ? engine()->restart_traffic() : collected();
  started_ = engine()->now();
  running_ = starts;
  changed(path.prefix(2));
  return {};
}

bool ConnectivityStatisticsObject::memory(FunctionRef<void(ByteSpan)> part) noexcept {
  part({reinterpret_cast<std::uint8_t*>(&period_), sizeof period_});
  return true;
}

Instant ConnectivityStatisticsObject::step(Instant now) noexcept {
  if (!running_ || period_ == 0) return kNever;
  const Instant end = started_ + Seconds(period_);
  if (now < end) return end;
  counted_ = collected();
  running_ = false;
  return kNever;
}

}  // namespace linnet::client
