// SPDX-License-Identifier: Apache-2.0
// A firmware or software package on its way into a device: what the application provides for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "linnet/base/bytes.hpp"
#include "linnet/base/result.hpp"
#include "linnet/client/fixed_storage.hpp"

namespace linnet::client {

/// How it went: the numbers of Update Result, 5/0/5.
enum class PackageResult : std::uint8_t {
  kInitial = 0,  ///< from a sink or a downloader: go on
  kSuccess = 1,
  kNoStorage = 2,
  kNoMemory = 3,
  kConnectionLost = 4,
  kIntegrity = 5,
  kUnsupportedType = 6,
  kInvalidUri = 7,
  kUpdateFailed = 8,
  kUnsupportedProtocol = 9,
};

/// How a transfer's end is answered while a server still writes: 4.13 without storage, 4.15 for
/// another type of package, 5.00 otherwise.
[[nodiscard]] Result<void> package_answer(PackageResult result) noexcept;

/// What a package says of itself.
struct PackageInfo {
  Text<64> name, version;

  void clear() noexcept {
    name.clear();
    version.clear();
  }
};

/// Where a package is kept: a flash bank, a file. All but kInitial ends the transfer with that result.
class PackageSink {
 public:
  /// A package begins; of one before it nothing is left. `size`: bytes, where they are known.
  virtual PackageResult begin(std::optional<std::uint32_t> size) noexcept = 0;
  /// A transfer goes on behind `offset` after a reboot. False: these bytes are not there any more.
  virtual bool resume(std::uint32_t /*offset*/) noexcept { return false; }
  /// Bytes in order. After a break some may come again: `offset` is then lower than what was reached.
  virtual PackageResult write(std::uint32_t offset, ByteView bytes) noexcept = 0;
  /// All is there: looks at its type and integrity and fills in `info`.
  virtual PackageResult finish(PackageInfo& info) noexcept = 0;
  /// The package is not wanted, whole or not.
  virtual void discard() noexcept = 0;

 protected:
  ~PackageSink() = default;
};

class PackageTransfer;

/// Brings packages from elsewhere.
class Downloader {
 public:
  /// Begins to bring `uri`. Of a coap scheme: opens a link to its host and calls
  /// PackageTransfer::linked. Of any other that it knows: brings the bytes from `offset` on and calls
  /// `received` for each piece. In the end, or when nothing comes of it, `failed`. None of these from
  /// within this call. kUnsupportedProtocol, kInvalidUri: at once.
  virtual PackageResult open(PackageTransfer& transfer, std::string_view uri,
                             std::uint32_t offset) noexcept = 0;
  /// What was opened last for this transfer is not needed any more.
  virtual void close(PackageTransfer& transfer) noexcept = 0;

 protected:
  ~Downloader() = default;
};

}  // namespace linnet::client
