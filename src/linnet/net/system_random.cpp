// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/system_random.hpp"

#include <sys/random.h>
#include <sys/types.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

namespace linnet::net {

std::uint32_t SystemRandom::next() noexcept {
  if (used_ == block_.size()) {
    auto* at = reinterpret_cast<std::uint8_t*>(block_.data());
    for (std::size_t missing = sizeof block_; missing > 0;) {
      const ssize_t got = getrandom(at, missing, 0);
      if (got < 0 && errno != EINTR) std::abort();
      if (got <= 0) continue;
      at += got;
      missing -= static_cast<std::size_t>(got);
    }
    used_ = 0;
  }
  return std::exchange(block_[used_++], 0);
}

}  // namespace linnet::net
