// SPDX-License-Identifier: Apache-2.0
// IPSO objects: Temperature 3303, Light Control 3311, Push Button 3347, each version 1.0.
#pragma once

#include <array>

#include "linnet/client/typed_object.hpp"

namespace linnet::client {

struct TemperatureInstance {
  double value = 0;
  std::optional<double> min_measured, max_measured;
  std::optional<double> min_range, max_range;
  std::string_view units = "Cel";

  /// The range starts again at the present value.
  Result<void> reset_range(std::string_view) noexcept;

  static constexpr ObjectId kId = 3303;
  static constexpr auto resources() noexcept {
    return std::array{resource<&TemperatureInstance::min_measured>(5601, Operations::kR),
                      resource<&TemperatureInstance::max_measured>(5602, Operations::kR),
                      resource<&TemperatureInstance::min_range>(5603, Operations::kR),
                      resource<&TemperatureInstance::max_range>(5604, Operations::kR),
                      command<&TemperatureInstance::reset_range>(5605),
                      resource<&TemperatureInstance::value>(5700, Operations::kR, Presence::kMandatory),
                      resource<&TemperatureInstance::units>(5701, Operations::kR)};
  }
};

template <std::size_t N>
using TemperatureObject = Instances<TemperatureInstance, N>;

/// A new reading of a sensor, with what it makes of the measured range. False: no such instance.
template <std::size_t N>
bool measure(TemperatureObject<N>& object, InstanceId instance, double value) noexcept {
  const TemperatureInstance* at = object.get(instance);
  if (at == nullptr) return false;
  if (value < at->min_measured.value_or(value + 1)) {
    object.template set<&TemperatureInstance::min_measured>(instance, value);
  }
  if (value > at->max_measured.value_or(value - 1)) {
    object.template set<&TemperatureInstance::max_measured>(instance, value);
  }
  return object.template set<&TemperatureInstance::value>(instance, value);
}

struct LightControlInstance {
  bool on = false;
  std::int32_t dimmer = 100;               ///< percent
  std::int32_t on_time = 0;                ///< seconds; writing 0 resets it
  std::optional<double> cumulative_power;  ///< Wh
  std::optional<double> power_factor;
  Text<32> colour;
  Text<32> application_type;

  static constexpr ObjectId kId = 3311;
  static constexpr auto resources() noexcept {
    return std::array{
        resource<&LightControlInstance::colour>(5706, Operations::kRW),
        resource<&LightControlInstance::application_type>(5750, Operations::kRW),
        resource<&LightControlInstance::cumulative_power>(5805, Operations::kR),
        resource<&LightControlInstance::power_factor>(5820, Operations::kR),
        resource<&LightControlInstance::on>(5850, Operations::kRW, Presence::kMandatory),
        resource<&LightControlInstance::dimmer>(5851, Operations::kRW, Presence::kOptional, in_range<0, 100>),
        resource<&LightControlInstance::on_time>(5852, Operations::kRW, Presence::kOptional, in_range<0, 0>)};
  }
};

template <std::size_t N>
using LightControlObject = Instances<LightControlInstance, N>;

struct PushButtonInstance {
  bool pressed = false;
  std::int64_t count = 0;  ///< presses
  Text<32> application_type;

  static constexpr ObjectId kId = 3347;
  static constexpr auto resources() noexcept {
    return std::array{resource<&PushButtonInstance::pressed>(5500, Operations::kR, Presence::kMandatory),
                      resource<&PushButtonInstance::count>(5501, Operations::kR),
                      resource<&PushButtonInstance::application_type>(5750, Operations::kRW)};
  }
};

template <std::size_t N>
using PushButtonObject = Instances<PushButtonInstance, N>;

/// The button went down or up; each way down counts. False: no such instance.
template <std::size_t N>
bool press(PushButtonObject<N>& object, InstanceId instance, bool down) noexcept {
  const PushButtonInstance* at = object.get(instance);
  if (at == nullptr) return false;
  if (down && !at->pressed) object.template set<&PushButtonInstance::count>(instance, at->count + 1);
  return object.template set<&PushButtonInstance::pressed>(instance, down);
}

}  // namespace linnet::client
