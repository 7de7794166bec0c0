// SPDX-License-Identifier: Apache-2.0
// One request on `.../composite` as the LwM2M operation that it asks for.
#pragma once

#include <string>

#include "linnet/api/object_call.hpp"

namespace linnet::api {

/// What the route alone says, before anything is known of the device.
struct CompositeCall {
  server::OperationKind kind{};
  std::string endpoint;
  HttpRequest request;

  /// From the segments behind `composite`. 405 where the method does nothing there, 404 for another route.
  [[nodiscard]] static OrProblem<CompositeCall> route(std::string endpoint, HttpRequest request);
};

/// Resolves names, reads `paths` or the body, and encodes values. Paths are put in order and named once, so
/// that equal ones are the same observation however they were written. 409 for a device that takes no
/// composite operations.
[[nodiscard]] OrProblem<OwnedOperation> make_operation(const CompositeCall& call, const net::Device& device,
                                                       const registry::ModelRegistry& models,
                                                       TimeoutBounds timeouts);

}  // namespace linnet::api
