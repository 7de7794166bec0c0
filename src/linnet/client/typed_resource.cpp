// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/typed_resource.hpp"

namespace linnet::client {

bool between(const Value& value, std::uint32_t low, std::uint32_t high) noexcept {
  if (value.type() == lwm2m::DataType::kUnsigned) {
    return value.as_unsigned() >= low && value.as_unsigned() <= high;
  }
  return value.as_integer() >= low && value.as_integer() <= high;
}

}  // namespace linnet::client
