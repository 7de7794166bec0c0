// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/owned_value.hpp"

namespace linnet::server {

using lwm2m::DataType;
using lwm2m::Value;

OwnedValue::OwnedValue(const Value& value) : value_(value) {
  if (value.type() == DataType::kOpaque) {
    bytes_ = as_text(value.as_opaque());
  } else {
    bytes_ = value.as_string();
  }
}

Value OwnedValue::view() const noexcept {
  switch (value_.type()) {
    case DataType::kString: return Value::string(bytes_);
    case DataType::kCorelnk: return Value::corelnk(bytes_);
    case DataType::kOpaque: return Value::opaque(as_bytes(bytes_));
    default: return value_;
  }
}

}  // namespace linnet::server
