// SPDX-License-Identifier: Apache-2.0
#include "linnet/store/registration_store.hpp"

namespace linnet::store {

const char* to_string(Condition condition) noexcept {
  switch (condition) {
    case Condition::kOk: return "ok";
    case Condition::kDiskFull: return "disk full";
    case Condition::kReadOnly: return "read-only";
    case Condition::kDamaged: return "damaged";
    case Condition::kIo: return "input or output failed";
  }
  return "unknown condition";
}

}  // namespace linnet::store
