// SPDX-License-Identifier: Apache-2.0
// The registry of object models as the engines ask it.
#pragma once

#include "linnet/registry/model_registry.hpp"
#include "linnet/server/formats.hpp"

namespace linnet::api {

/// Refers to a registry that outlives it.
class RegistryModels final : public server::Models {
 public:
  explicit RegistryModels(const registry::ModelRegistry& registry) : registry_(registry) {}
  const lwm2m::ObjectModel* find(lwm2m::ObjectId object, lwm2m::Version version) const noexcept override {
    return registry_.find(object, version);
  }

 private:
  const registry::ModelRegistry& registry_;
};

}  // namespace linnet::api
