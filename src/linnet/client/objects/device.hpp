// SPDX-License-Identifier: Apache-2.0
// Device, object 3 version 1.1.
#pragma once

#include <array>

#include "linnet/client/platform.hpp"
#include "linnet/client/typed_object.hpp"

namespace linnet::client {

struct DeviceInstance {
  static constexpr std::size_t kMaxPowerSources = 4;
  static constexpr std::size_t kMaxErrors = 8;

  Platform* platform = nullptr;  ///< clock, reboot; without one there is none of these
  // Constant texts: what is empty is not there.
  ConstantText manufacturer, model_number, serial_number, firmware_version;
  ConstantText device_type, hardware_version, software_version;
  Multiple<std::int32_t, kMaxPowerSources> power_sources;
  Multiple<std::int32_t, kMaxPowerSources> power_voltages;  ///< mV
  Multiple<std::int32_t, kMaxPowerSources> power_currents;  ///< mA
  std::optional<std::int32_t> battery_level;                ///< percent
  std::optional<std::int32_t> battery_status;
  std::optional<std::int32_t> memory_free;   ///< kB
  std::optional<std::int32_t> memory_total;  ///< kB
  Multiple<std::int32_t, kMaxErrors> error_codes{0};
  Text<8> utc_offset;
  Text<32> timezone;
  Text<8> binding{"U"};

  /// Adds an error code where there is room; 0 (no error) stands alone.
  void raise(std::int32_t error) noexcept;

  Result<void> reboot(std::string_view) noexcept;
  Result<void> factory_reset(std::string_view) noexcept;
  Result<void> reset_errors(std::string_view) noexcept;
  [[nodiscard]] std::optional<UnixTime> current_time() const noexcept;
  void set_current_time(UnixTime time) noexcept;

  static constexpr ObjectId kId = 3;
  static constexpr lwm2m::Version kVersion{1, 1};
  static constexpr auto resources() noexcept {
    return std::array{
        resource<&DeviceInstance::manufacturer>(0, Operations::kR),
        resource<&DeviceInstance::model_number>(1, Operations::kR),
        resource<&DeviceInstance::serial_number>(2, Operations::kR),
        resource<&DeviceInstance::firmware_version>(3, Operations::kR),
        command<&DeviceInstance::reboot>(4, Presence::kMandatory),
        command<&DeviceInstance::factory_reset>(5),
        resource<&DeviceInstance::power_sources>(6, Operations::kR),
        resource<&DeviceInstance::power_voltages>(7, Operations::kR),
        resource<&DeviceInstance::power_currents>(8, Operations::kR),
        resource<&DeviceInstance::battery_level>(9, Operations::kR),
        resource<&DeviceInstance::memory_free>(10, Operations::kR),
        resource<&DeviceInstance::error_codes>(11, Operations::kR, Presence::kMandatory),
        command<&DeviceInstance::reset_errors>(12),
        computed<&DeviceInstance::current_time, &DeviceInstance::set_current_time>(13, Operations::kRW),
        resource<&DeviceInstance::utc_offset>(14, Operations::kRW),
        resource<&DeviceInstance::timezone>(15, Operations::kRW),
        resource<&DeviceInstance::binding>(16, Operations::kR, Presence::kMandatory),
        resource<&DeviceInstance::device_type>(17, Operations::kR),
        resource<&DeviceInstance::hardware_version>(18, Operations::kR),
        resource<&DeviceInstance::software_version>(19, Operations::kR),
        resource<&DeviceInstance::battery_status>(20, Operations::kR),
        resource<&DeviceInstance::memory_total>(21, Operations::kR)};
  }
};

/// All resources of version 1.1.
struct WholeDeviceInstance : DeviceInstance {
  static constexpr std::size_t kMaxExternalInfo = 4;
  Multiple<lwm2m::Objlnk, kMaxExternalInfo> external_info;  ///< instances of objects that say more

  static constexpr auto resources() noexcept {
    return joined(DeviceInstance::resources(),
                  std::array{resource<&WholeDeviceInstance::external_info>(22, Operations::kR)});
  }
};

using DeviceObject = Instances<DeviceInstance, 1>;
using WholeDeviceObject = Instances<WholeDeviceInstance, 1>;

}  // namespace linnet::client
