// SPDX-License-Identifier: Apache-2.0
// LWM2M Software Component, object 14 version 1.0: a piece of software that object 9 brought, or that the
// device has anyway, which can be switched on and off.
#pragma once

#include <array>

#include "linnet/client/typed_object.hpp"

namespace linnet::client {

struct SoftwareComponentInstance;

/// Starts and stops components.
class SoftwareSwitch {
 public:
  /// An error is the answer to the Execute, and the component stays as it was.
  virtual Result<void> activate(SoftwareComponentInstance& component, bool active) noexcept = 0;

 protected:
  ~SoftwareSwitch() = default;
};

/// One component; `installed` is for the device to keep, `active` follows what servers execute.
struct SoftwareComponentInstance {
  Text<64> identifier, version;
  SoftwareSwitch* runner = nullptr;  ///< null: the component cannot be switched
  bool installed = false;            ///< its package is in the state INSTALLED
  bool active = false;

  /// Resources 3 and 4; 4.05 for a component that is not installed, or has no switch.
  Result<void> activate(std::string_view /*arguments*/) noexcept { return turn(true); }
  Result<void> deactivate(std::string_view /*arguments*/) noexcept { return turn(false); }

  static constexpr ObjectId kId = 14;
  using Self = SoftwareComponentInstance;
  static constexpr auto resources() noexcept {
    return std::array{resource<&Self::identifier>(0, Operations::kR),
                      resource<&Self::version>(2, Operations::kR), command<&Self::activate>(3),
                      command<&Self::deactivate>(4), resource<&Self::active>(5, Operations::kR)};
  }

 private:
  Result<void> turn(bool on) noexcept {
    if (!installed || runner == nullptr) return fail(Errc::kNotAllowed);
    if (active == on) return {};
    if (const auto turned = runner->activate(*this, on); !turned) return turned;
    active = on;
    return {};
  }
};

template <std::size_t N>
using SoftwareComponentObject = Instances<SoftwareComponentInstance, N>;

}  // namespace linnet::client
