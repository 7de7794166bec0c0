// SPDX-License-Identifier: Apache-2.0
// Numbers that are the same in every run.
#pragma once

#include "linnet/base/random.hpp"

namespace linnet::testing {

class Dice final : public Random {
 public:
  std::uint32_t next() noexcept override { return state_ = state_ * 1664525U + 1013904223U; }

 private:
  std::uint32_t state_ = 1;
};

}  // namespace linnet::testing
