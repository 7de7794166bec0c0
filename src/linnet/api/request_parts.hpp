// SPDX-License-Identifier: Apache-2.0
// What requests on devices have in common: names in paths, the query.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "linnet/api/http.hpp"
#include "linnet/api/problem.hpp"
#include "linnet/base/time.hpp"
#include "linnet/lwm2m/content_format.hpp"
#include "linnet/net/device.hpp"
#include "linnet/registry/model_registry.hpp"

namespace linnet::api {

/// Object definitions in the versions that a device registered. The registry must outlive it.
class DeviceModels {
 public:
  DeviceModels(const registry::ModelRegistry& models, std::vector<std::uint8_t> object_list)
      : models_(&models), object_list_(std::move(object_list)) {}

  /// Null where the object is unknown; the newest of one that the device has not registered.
  [[nodiscard]] const lwm2m::ObjectModel* operator()(lwm2m::ObjectId object) const noexcept {
    const auto version = lwm2m::CompactObjectList(object_list_).version_of(object);
    return version ? models_->find(object, *version) : models_->newest(object);
  }

 private:
  const registry::ModelRegistry* models_;
  std::vector<std::uint8_t> object_list_;
};

struct TimeoutBounds {
  Seconds otherwise;
  Seconds most;
};

/// Numbers and names of the model as a path.
[[nodiscard]] OrProblem<lwm2m::Path> resolve_path(const std::vector<std::string>& names,
                                                  const net::Device& device,
                                                  const registry::ModelRegistry& models);
/// `?timeout=`
[[nodiscard]] OrProblem<Millis> timeout_of(const HttpRequest& request, TimeoutBounds bounds);
/// `?format=`: a number or a media type.
[[nodiscard]] OrProblem<std::optional<lwm2m::ContentFormat>> format_of(const HttpRequest& request);

}  // namespace linnet::api
