// SPDX-License-Identifier: Apache-2.0
// Random numbers of the operating system's cryptographic generator, fetched in blocks.
#pragma once

#include <array>
#include <cstdint>

#include "linnet/base/random.hpp"

namespace linnet::net {

/// One thread each. Aborts when the system has no random numbers: there is no safe way on.
class SystemRandom final : public Random {
 public:
  std::uint32_t next() noexcept override;
  [[nodiscard]] std::uint64_t next64() noexcept { return std::uint64_t{next()} << 32 | next(); }

 private:
  std::array<std::uint32_t, 1024> block_{};
  std::size_t used_ = 1024;
};

}  // namespace linnet::net
