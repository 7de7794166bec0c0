// SPDX-License-Identifier: Apache-2.0
// Bootstrap configurations and results as JSON (docs/api.md, "Bootstrap").
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "linnet/api/problem.hpp"
#include "linnet/registry/model_registry.hpp"
#include "linnet/server/bootstrap_configuration.hpp"
#include "linnet/server/bootstrap_result.hpp"

namespace linnet::api {

/// A whole configuration, checked. `before` is what is there under that name, or null: it has the
/// secrets that the JSON keeps (`{"set": true}`).
[[nodiscard]] OrProblem<server::BootstrapConfiguration> read_configuration(
    const std::string& name, const nlohmann::json& body, const registry::ModelRegistry& models,
    const server::BootstrapConfiguration* before);

/// Secrets are shown as `{"set": true}` or `{"set": false}` only.
[[nodiscard]] nlohmann::json configuration_json(const server::BootstrapConfiguration& configuration,
                                                const registry::ModelRegistry& models);
[[nodiscard]] nlohmann::json result_json(const server::BootstrapResult& result,
                                         const registry::ModelRegistry& models);

}  // namespace linnet::api
