// SPDX-License-Identifier: Apache-2.0
#include "protected.hpp"

#include <array>

#include "linnet/base/arena.hpp"

namespace linnet::fleet {

std::expected<std::unique_ptr<ProtectedDevices>, std::string> ProtectedDevices::make(
    std::uint32_t devices, const std::vector<std::uint8_t>& secret) {
  std::unique_ptr<ProtectedDevices> made(new ProtectedDevices(devices));
  oscore::ContextsConfig config;
  config.max_contexts = devices;
  config.max_links = devices;
  config.max_observations = 1;
  made->memory_.resize(oscore::Contexts::memory_needed(config));
  Arena arena(made->memory_);
  if (!made->contexts_.init(config, arena, made->crypto_, made->random_, *made))
    return std::unexpected("no memory for the contexts");
  for (std::uint32_t device = 0; device < devices; ++device) {
    oscore::InputParameters input;
    std::array<std::uint8_t, 4> number{};
    ByteWriter(number).uint(device, number.size());
    const bool fits = input.master_secret.assign(secret) && input.sender_id.assign(number) &&
                      input.recipient_id.assign({&kServerId, 1});
    const auto context = fits ? made->contexts_.add(input, oscore::FirstUse::kRederive, 0, 0)
                              : Result<oscore::ContextId>(fail(Errc::kInvalidArgument));
    if (!context) return std::unexpected("a Master Secret has 16 to 64 bytes");
    made->contexts_.secure(coap::LinkId{device}, *context);
  }
  return made;
}

ByteView ProtectedDevices::seal(std::uint32_t device, ByteView request) noexcept {
  const coap::LinkId link{device};
  coap::SecurityBinding& binding = bindings_[device];
  binding = contexts_.bind_request(link);
  if (!contexts_.number(binding)) return {};
  return contexts_.seal(link, binding, request).value_or(ByteView());
}

void ProtectedDevices::set_echo(std::uint32_t device, ByteView value) noexcept {
  // One that is too long is none of RFC 9175, and leaves nothing.
  [[maybe_unused]] const bool fits = echoes_[device].assign(value);
}

}  // namespace linnet::fleet
