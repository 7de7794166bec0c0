// SPDX-License-Identifier: Apache-2.0
// What became of a software package.
#pragma once

#include <string>

#include "linnet/client/objects/software_management.hpp"

namespace linnet::device {

struct SoftwareReport {
  lwm2m::InstanceId package = 0;  ///< instance of object 9
  client::SoftwareState state{};
  client::SoftwareResult result{};
  bool active = false;
  std::string name, version;  ///< once it is there

  friend bool operator==(const SoftwareReport&, const SoftwareReport&) = default;
};

}  // namespace linnet::device
