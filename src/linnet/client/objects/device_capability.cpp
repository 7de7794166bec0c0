// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/objects/device_capability.hpp"

#include <utility>

namespace linnet::client {

namespace {

enum Resource : ResourceId { kAttached = 3, kEnabled = 4, kEnable = 5 };

}  // namespace

void DeviceCapabilityBehaviour::tell(InstanceId instance, ResourceId resource) noexcept {
  if (static_cast<const DeviceCapabilityInstance*>(find(instance))->notify.value_or(false))
    changed(Path(id(), instance, resource));
}

bool DeviceCapabilityBehaviour::attach(InstanceId instance, bool attached) noexcept {
  auto* capability = static_cast<DeviceCapabilityInstance*>(find(instance));
  if (capability == nullptr) return false;
  if (std::exchange(capability->attached, attached) != attached) tell(instance, kAttached);
  return true;
}

Result<void> DeviceCapabilityBehaviour::execute(const Path& path, std::string_view /*arguments*/) noexcept {
  if (switch_ == nullptr) return fail(Errc::kNotAllowed);
  const bool on = path.resource() == kEnable;
  if (const auto done = switch_->enable(path.instance(), on); !done) return done;
  auto& capability = *static_cast<DeviceCapabilityInstance*>(find(path.instance()));
  if (std::exchange(capability.enabled, on) != on) tell(path.instance(), kEnabled);
  return {};
}

}  // namespace linnet::client
