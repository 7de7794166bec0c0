// SPDX-License-Identifier: Apache-2.0
// Connectivity Statistics, object 7 version 1.0: counts the bytes of the engine's links between
// Start and Stop, or for the Collection Period.
#pragma once

#include "linnet/client/object.hpp"
#include "linnet/client/traffic.hpp"

namespace linnet::client {

class ConnectivityStatisticsObject final : public Object {
 public:
  ConnectivityStatisticsObject() noexcept;

  [[nodiscard]] InstanceId next_instance(InstanceId from) const noexcept override;
  [[nodiscard]] Result<Value> read(const Path& path) noexcept override;
  [[nodiscard]] Result<void> validate(const Path& path, const Value& value) const noexcept override;
  Result<void> write(const Path& path, const Value& value) noexcept override;
  void erase(const Path& resource) noexcept override;
  bool memory(FunctionRef<void(ByteSpan)> part) noexcept override;
  Result<void> execute(const Path& path, std::string_view arguments) noexcept override;
  Instant step(Instant now) noexcept override;

 private:
  void stop() noexcept;
  [[nodiscard]] Traffic collected() const noexcept;

  Traffic start_;             ///< what had been counted at Start
  Traffic result_;            ///< what was collected, once it has stopped
  Instant started_ = kNever;  ///< kNever while nothing is collected
  Seconds period_{0};         ///< 0: until Stop
};

}  // namespace linnet::client
