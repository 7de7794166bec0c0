// SPDX-License-Identifier: Apache-2.0
// DevCapMgmt, object 15 version 2.0: sensors, radios and other capabilities, which servers switch.
#pragma once

#include <array>

#include "linnet/client/typed_object.hpp"

namespace linnet::client {

/// Group, 15/x/1; 9 to 15 are reserved.
enum class CapabilityGroup : std::uint8_t {
  kSensor = 0,
  kControl = 1,
  kConnectivity = 2,
  kNavigation = 3,
  kStorage = 4,
  kVision = 5,
  kSound = 6,
  kAnalogInput = 7,
  kAnalogOutput = 8,
};

struct DeviceCapabilityInstance {
  ConstantText property;  ///< numbers of the vocabulary, divided by semicolons
  std::int8_t group = 0;  ///< a CapabilityGroup
  ConstantText description;
  std::optional<bool> attached;  ///< absent: it cannot be removed
  bool enabled = false;          ///< it works while it is attached
  std::optional<bool> notify;    ///< NotifyEn: observers hear of Attached and Enabled; false where absent

  /// The behaviour of the object sees to it.
  Result<void> switched_by_behaviour(std::string_view) noexcept { return {}; }

  static constexpr ObjectId kId = 15;
  static constexpr lwm2m::Version kVersion{2, 0};
  using Self = DeviceCapabilityInstance;
  static constexpr auto resources() noexcept {
    return std::array{resource<&Self::property>(0, Operations::kR, Presence::kMandatory),
                      resource<&Self::group>(1, Operations::kR, Presence::kMandatory),
                      resource<&Self::description>(2, Operations::kR),
                      resource<&Self::attached>(3, Operations::kR),
                      resource<&Self::enabled>(4, Operations::kR, Presence::kMandatory),
                      command<&Self::switched_by_behaviour>(5, Presence::kMandatory),
                      command<&Self::switched_by_behaviour>(6, Presence::kMandatory),
                      resource<&Self::notify>(7, Operations::kRW)};
  }
};

/// What really goes on and off.
class CapabilitySwitch {
 public:
  /// A server executed opEnable or opDisable. An error is the answer, and the state stays.
  virtual Result<void> enable(InstanceId instance, bool on) noexcept = 0;

 protected:
  ~CapabilitySwitch() = default;
};

/// Without a CapabilitySwitch opEnable and opDisable are answered 4.05.
class DeviceCapabilityBehaviour : public TypedObject {
 public:
  /// Must outlive the object.
  void provide(CapabilitySwitch& capabilities) noexcept { switch_ = &capabilities; }
  /// Something removable was attached or removed. False: no such instance.
  bool attach(InstanceId instance, bool attached) noexcept;

  Result<void> execute(const Path& path, std::string_view arguments) noexcept override;

 protected:
  using TypedObject::TypedObject;
  ~DeviceCapabilityBehaviour() = default;

 private:
  void tell(InstanceId instance, ResourceId resource) noexcept;

  CapabilitySwitch* switch_ = nullptr;
};

template <std::size_t N>
using DeviceCapabilityObject =
    Instances<DeviceCapabilityInstance, N, Creation::kByDevice, DeviceCapabilityBehaviour>;

}  // namespace linnet::client
