// SPDX-License-Identifier: Apache-2.0
// A file of two halves as the medium of the engine's state, held by one process at a time.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "linnet/client/persistence.hpp"

namespace linnet::device {

class StateFile final : public client::Medium {
 public:
  /// Opens or creates the file for images of up to `max_state` bytes. The error is a sentence.
  [[nodiscard]] static std::expected<std::unique_ptr<StateFile>, std::string> open(const std::string& path,
                                                                                   std::size_t max_state);
  ~StateFile();
  StateFile(const StateFile&) = delete;
  StateFile& operator=(const StateFile&) = delete;

  [[nodiscard]] std::size_t region_size() const noexcept override { return region_size_; }
  bool read(unsigned region, std::size_t at, ByteSpan out) noexcept override;
  bool erase(unsigned region) noexcept override;
  bool write(unsigned region, std::size_t at, ByteView bytes) noexcept override;

 private:
  StateFile(int file, std::size_t region_size) noexcept : file_(file), region_size_(region_size) {}

  int file_;
  std::size_t region_size_;
};

}  // namespace linnet::device
