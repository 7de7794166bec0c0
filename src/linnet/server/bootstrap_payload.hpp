// SPDX-License-Identifier: Apache-2.0
// Payloads of the bootstrap interface: a configuration's values in the format of one device, and
// what a device answers.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "linnet/lwm2m/codec.hpp"
#include "linnet/server/bootstrap_configuration.hpp"

namespace linnet::server {

/// What a Bootstrap-Write may be written in (TS table 6.4.2-1).
inline constexpr std::array kBootstrapFormats{lwm2m::ContentFormat::kSenmlCbor,
                                              lwm2m::ContentFormat::kSenmlJson, lwm2m::ContentFormat::kTlv};

[[nodiscard]] std::string text_of(const lwm2m::Path& path);

/// The values of a write as a payload for a message to `target`, which is its path, or that of
/// another instance that it goes to. The bytes written, or the codec's error.
[[nodiscard]] Result<std::size_t> encode_write(const BootstrapWrite& write, const lwm2m::Path& target,
                                               std::string_view endpoint, lwm2m::ContentFormat format,
                                               ByteSpan out);

/// Whether what a device answered to a Bootstrap-Read of `read` shows all values of `write` and no
/// others below its path. False where the answer does not say.
[[nodiscard]] bool shows(lwm2m::ContentFormat format, const lwm2m::Path& read, ByteView payload,
                         const BootstrapWrite& write, std::string_view endpoint);

/// What a Bootstrap-Discover tells of object 0 (Core 1.1 §6.1.7.3).
struct DiscoveredSecurity {
  std::vector<lwm2m::InstanceId> instances;
  std::vector<lwm2m::ShortServerId> servers;  ///< of each of them, 0 where it shows none
  /// The instance without a short server id: the bootstrap server's own account.
  std::optional<lwm2m::InstanceId> bootstrap;
};
/// Links that do not read are passed over.
[[nodiscard]] DiscoveredSecurity discovered_security(std::string_view links);

}  // namespace linnet::server
