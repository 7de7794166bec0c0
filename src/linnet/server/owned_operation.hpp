// SPDX-License-Identifier: Apache-2.0
// An operation that outlives the call that asks for it.
#pragma once

#include <string>
#include <vector>

#include "linnet/server/operation.hpp"

namespace linnet::server {

/// An Operation together with what its views point to.
class OwnedOperation {
 public:
  OwnedOperation() = default;
  explicit OwnedOperation(const Operation& given)
      : operation_(given),
        paths_(given.paths.begin(), given.paths.end()),
        payload_(given.payload.begin(), given.payload.end()),
        arguments_(given.arguments),
        attributes_(given.attributes.begin(), given.attributes.end()) {
    operation_.lent = false;  // who keeps this until the result may say otherwise
  }

  /// Views live until this is changed or gone.
  [[nodiscard]] Operation view() const noexcept {
    Operation seen = operation_;
    seen.paths = paths_;
    seen.payload = payload_;
    seen.arguments = arguments_;
    seen.attributes = attributes_;
    return seen;
  }
  /// Bytes that it holds beside itself.
  [[nodiscard]] std::size_t size() const noexcept {
    return paths_.size() * sizeof(lwm2m::Path) + payload_.size() + arguments_.size() +
           attributes_.size() * sizeof(lwm2m::AttributeWrite);
  }

 private:
  Operation operation_;
  std::vector<lwm2m::Path> paths_;
  std::vector<std::uint8_t> payload_;
  std::string arguments_;
  std::vector<lwm2m::AttributeWrite> attributes_;
};

}  // namespace linnet::server
