// SPDX-License-Identifier: Apache-2.0
// A medium in memory whose power fails after so many bytes.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "linnet/client/persistence.hpp"

namespace linnet::client::test {

class Flash final : public Medium {
 public:
  explicit Flash(std::size_t size = 2048) {
    for (auto& region : regions) region.assign(size, 0xFF);
  }

  [[nodiscard]] std::size_t region_size() const noexcept override { return regions[0].size(); }
  bool read(unsigned region, std::size_t at, ByteSpan out) noexcept override {
    if (at + out.size() > regions[region].size()) return false;
    std::copy_n(regions[region].begin() + static_cast<std::ptrdiff_t>(at), out.size(), out.begin());
    return true;
  }
  /// Byte by byte too: an erasure that breaks off leaves the rest as it was.
  bool erase(unsigned region) noexcept override {
    for (std::uint8_t& byte : regions[region]) {
      if (!powered()) return false;
      byte = 0xFF;
    }
    return true;
  }
  bool write(unsigned region, std::size_t at, ByteView bytes) noexcept override {
    for (const std::uint8_t byte : bytes) {
      if (!powered()) return false;
      regions[region][at++] = byte;
    }
    ++writes;
    return true;
  }

  std::array<std::vector<std::uint8_t>, kRegions> regions;
  std::size_t bytes_left = SIZE_MAX;  ///< until the power fails
  int writes = 0;

 private:
  bool powered() noexcept { return bytes_left != 0 && bytes_left-- != 0; }
};

}  // namespace linnet::client::test
