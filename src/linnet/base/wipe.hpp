// SPDX-License-Identifier: Apache-2.0
// Takes secrets out of memory in a way that no compiler leaves out.
#pragma once

#include <cstring>

#include "linnet/base/bytes.hpp"

namespace linnet {

/// Zeros, also where nobody reads the bytes again.
inline void wipe(ByteSpan bytes) noexcept {
  if (bytes.empty()) return;
  std::memset(bytes.data(), 0, bytes.size());
  asm volatile("" : : "r"(bytes.data()) : "memory");
}

}  // namespace linnet
