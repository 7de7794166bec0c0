// SPDX-License-Identifier: Apache-2.0
// The folder of a server's state, held by one process at a time.
#pragma once

#include <filesystem>

#include "linnet/store/registration_store.hpp"

namespace linnet::store {

/// The folder and the lock on it, given back when this goes.
class StateFolder {
 public:
  /// Makes the folder where it is missing (0700) and takes its lock, or says who has it (kBusy).
  [[nodiscard]] static std::expected<StateFolder, OpenError> open(const std::filesystem::path& path);

  StateFolder(StateFolder&& other) noexcept;
  StateFolder& operator=(StateFolder&& other) noexcept;
  ~StateFolder();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::filesystem::path database() const { return path_ / "linnet.db"; }
  /// Makes a new or renamed entry of the folder survive a power cut; false with errno.
  [[nodiscard]] bool sync() const noexcept;

 private:
  StateFolder(std::filesystem::path path, int lock) noexcept : path_(std::move(path)), lock_(lock) {}

  std::filesystem::path path_;
  int lock_;
};

}  // namespace linnet::store
