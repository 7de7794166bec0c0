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
  [[nodiscard]] Traffic collected() const noexcept;

  Traffic counted_;           ///< what had been counted at Start; once it has stopped, what was collected
  Instant started_{};         ///< while it is running
  std::uint32_t period_ = 0;  ///< seconds; 0: until Stop
  bool running_ = false;
};

}  // namespace linnet::client
