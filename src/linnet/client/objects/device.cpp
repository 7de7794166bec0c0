// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/objects/device.hpp"

namespace linnet::client {

void DeviceInstance::raise(std::int32_t error) noexcept {
  if (error_codes.has(0) && error_codes[0] == 0) error_codes.clear();
  for (std::size_t i = 0; i < kMaxErrors; ++i) {
    if (error_codes.has(i) && error_codes[i] == error) return;
    if (error_codes.has(i)) continue;
    error_codes.set(i, error);
    return;
  }
}

// Commands of an object are not const, whatever this one touches (CommandOf).
// NOLINTBEGIN(readability-make-member-function-const)
Result<void> DeviceInstance::reboot(std::string_view) noexcept {
  return platform != nullptr && platform->reboot() ? Result<void>() : fail(Errc::kNotAllowed);
}

Result<void> DeviceInstance::factory_reset(std::string_view) noexcept {
  return platform != nullptr && platform->factory_reset() ? Result<void>() : fail(Errc::kNotAllowed);
}
// NOLINTEND(readability-make-member-function-const)

Result<void> DeviceInstance::reset_errors(std::string_view) noexcept {
  error_codes.clear();
  error_codes.set(0, 0);
  return {};
}

std::optional<UnixTime> DeviceInstance::current_time() const noexcept {
  return platform != nullptr ? platform->unix_time() : std::nullopt;
}

// NOLINTNEXTLINE(readability-make-member-function-const): a setter
void DeviceInstance::set_current_time(UnixTime time) noexcept {
  if (platform != nullptr) (void)platform->set_unix_time(time);
}

}  // namespace linnet::client
