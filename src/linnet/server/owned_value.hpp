// SPDX-License-Identifier: Apache-2.0
// Values and records that own their bytes, for whoever keeps them longer than a call.
#pragma once

#include <string>

#include "linnet/lwm2m/path.hpp"
#include "linnet/lwm2m/value.hpp"

namespace linnet::server {

/// A value that owns its bytes.
class OwnedValue {
 public:
  explicit OwnedValue(const lwm2m::Value& value);
  /// Views live as long as this.
  [[nodiscard]] lwm2m::Value view() const noexcept;
  /// Of its bytes; a number has none.
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }

 private:
  lwm2m::Value value_;
  std::string bytes_;
};

struct OwnedRecord {
  lwm2m::Path path;
  OwnedValue value;
};

}  // namespace linnet::server
