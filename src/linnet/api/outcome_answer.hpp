// SPDX-License-Identifier: Apache-2.0
// What came of an operation as the answer of the API.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "linnet/api/http.hpp"
#include "linnet/api/object_call.hpp"
#include "linnet/api/request_parts.hpp"
#include "linnet/net/server.hpp"

namespace linnet::api {

/// What an answer needs to know of its question.
struct AskedOf {
  std::string endpoint;
  DeviceModels models;
  std::vector<lwm2m::Path> paths;  ///< of a composite operation
  std::optional<lwm2m::Path>
      new_instance;  ///< that a Create asked for: devices tell the location of others only
};

[[nodiscard]] inline AskedOf asked_of(const OwnedOperation& operation, const net::Device& device,
                                      const registry::ModelRegistry& models) {
  return {.endpoint = device.endpoint,
          .models = DeviceModels(models, device.object_list),
          .paths = operation.paths,
          .new_instance = operation.new_instance};
}

/// 200 or 201 with the body of docs/api.md, or a problem.
[[nodiscard]] HttpResponse outcome_response(const net::Outcome& outcome, const AskedOf& asked);

}  // namespace linnet::api
