// SPDX-License-Identifier: Apache-2.0
// One request on `.../objects/{path}` as the LwM2M operation that it asks for.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "linnet/api/http.hpp"
#include "linnet/api/problem.hpp"
#include "linnet/api/request_parts.hpp"
#include "linnet/net/device.hpp"
#include "linnet/registry/model_registry.hpp"
#include "linnet/server/operation.hpp"

namespace linnet::api {

/// What the route alone says, before anything is known of the device.
struct ObjectCall {
  server::OperationKind kind{};
  std::string endpoint;
  std::vector<std::string> names;  ///< path segments: numbers or names of the model
  HttpRequest request;

  /// api, v1, devices, ENDPOINT, objects
  static constexpr std::size_t kPathAt = 5;
  /// From the segments from `path_at` on, of which there is at least one. 405 where the method does nothing
  /// there.
  [[nodiscard]] static OrProblem<ObjectCall> route(std::string endpoint, HttpRequest request,
                                                   std::size_t path_at = kPathAt);
};

/// An operation together with what its views point to.
struct OwnedOperation {
  server::OperationKind kind{};
  lwm2m::Path path;
  std::vector<lwm2m::Path> paths;  ///< of a composite operation
  std::optional<lwm2m::ContentFormat> format;
  std::vector<std::uint8_t> payload;
  std::string arguments;
  std::vector<lwm2m::AttributeWrite> attributes;
  Millis timeout{0};
  const lwm2m::ObjectModel* model = nullptr;  ///< of the object, null where it is unknown
  std::optional<lwm2m::Path> new_instance;    ///< Create: where the request names it

  [[nodiscard]] server::Operation view() const noexcept {
    return {.kind = kind,
            .path = path,
            .paths = paths,
            .format = format,
            .payload = payload,
            .arguments = arguments,
            .attributes = attributes,
            .timeout = timeout,
            .instance = new_instance};
  }
};

/// Resolves names, reads query and body and encodes values as this device wants them.
[[nodiscard]] OrProblem<OwnedOperation> make_operation(const ObjectCall& call, const net::Device& device,
                                                       const registry::ModelRegistry& models,
                                                       TimeoutBounds timeouts);

}  // namespace linnet::api
