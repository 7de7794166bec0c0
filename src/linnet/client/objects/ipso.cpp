// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/objects/ipso.hpp"

namespace linnet::client {

Result<void> TemperatureInstance::reset_range(std::string_view) noexcept {
  min_measured = max_measured = value;
  return {};
}

}  // namespace linnet::client
