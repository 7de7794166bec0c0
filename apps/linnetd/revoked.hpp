// SPDX-License-Identifier: Apache-2.0
// The files that name revoked certificates (--crl), read at the start and again when they change.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "linnet/tls/revocation.hpp"

namespace linnet::linnetd {

class RevokedCertificates {
 public:
  /// How often a change of the files is looked for.
  static constexpr std::chrono::seconds kLookInterval{10};

  explicit RevokedCertificates(std::vector<std::filesystem::path> files) : files_(std::move(files)) {}

  [[nodiscard]] bool watched() const noexcept { return !files_.empty(); }
  /// Reads all files and puts what is in them in force. The error is a sentence; what was in force stays.
  [[nodiscard]] std::expected<void, std::string> read();
  /// The same with a line in the log; where a file cannot be read, that is the line.
  void read_again();
  /// ... where a file has changed since.
  void look();

  /// What sessions are held against: null without files.
  [[nodiscard]] std::shared_ptr<const tls::Revocations> in_force() const {
    return watched() ? in_force_ : nullptr;
  }

 private:
  using Stamp = std::pair<std::filesystem::file_time_type, std::uintmax_t>;  // and size
  [[nodiscard]] std::vector<Stamp> stamps() const;

  std::vector<std::filesystem::path> files_;
  std::vector<Stamp> seen_;
  std::shared_ptr<tls::Revocations> in_force_ = std::make_shared<tls::Revocations>();
};

}  // namespace linnet::linnetd
