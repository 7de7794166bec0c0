// SPDX-License-Identifier: Apache-2.0
// Whether a bootstrap configuration can do what it is for, before any device comes: the rules of
// objects 0, 1, 2 and 21 (Core 1.1 appendix E) and of the bootstrap interface (TS 6.4.2).
#pragma once

#include <expected>
#include <string>

#include "linnet/server/bootstrap_configuration.hpp"
#include "linnet/server/formats.hpp"

namespace linnet::server {

/// Bounds of one configuration.
inline constexpr std::size_t kMaxConfigurationName = 128;  ///< bytes
inline constexpr std::size_t kMaxConfigurationEndpoints = 1024;
inline constexpr std::size_t kMaxConfigurationSteps = 256;   ///< deletions, questions and writes together
inline constexpr std::size_t kMaxBootstrapPayload = 16'384;  ///< bytes of one write in any format

/// What is wrong with which part of a configuration.
struct ConfigurationFault {
  std::string where;   ///< a path, or the name of a part: "/0/1/0", "endpoints"
  std::string reason;  ///< a sentence without its subject's name: "is no URI of a server"
};

using CheckedConfiguration = std::expected<void, ConfigurationFault>;

/// The definition that a configuration is held against: of objects 0, 1, 2 and 21 the versions that
/// belong to LwM2M 1.1, of others the newest. Null where the object is unknown.
[[nodiscard]] const lwm2m::ObjectModel* bootstrap_model(const Models& models,
                                                        lwm2m::ObjectId object) noexcept;

/// The first fault, in the order of the structure. It checks
/// - names, endpoints and paths: what each operation of the bootstrap interface may name,
/// - values: known resources, of their type, one or several as the definition has it, all mandatory
///   ones that a server could not add later, sizes in every format,
/// - accounts: a URI that parses and fits the security mode, with its keys; each security account has
///   the server instance of its short server id and the other way round; at least one is left when
///   the old ones are deleted,
/// - links and access control: what they refer to is there after it.
[[nodiscard]] CheckedConfiguration check_configuration(const BootstrapConfiguration& configuration,
                                                       const Models& models);

}  // namespace linnet::server
