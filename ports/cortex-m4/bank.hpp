// SPDX-License-Identifier: Apache-2.0
// Where a port keeps a firmware package and gets it from: here the second bank of a flash and the way to
// another host are words that a debugger or a simulator serves, as those of board.hpp.
#pragma once

#include "board.hpp"
#include "linnet/client/objects/firmware_update.hpp"

namespace board {

/// A flash controller that takes a byte at a time, and what becomes of the bank.
struct Flash {
  volatile std::uint32_t address = 0;
  volatile std::uint32_t byte = 0;     ///< writing it programs the byte at `address`
  volatile std::uint32_t install = 0;  ///< the bank is to be started from
  volatile std::uint32_t wanted = 0;   ///< a link to the host of a package's URI is wanted
  volatile std::uint32_t linked = 0;   ///< and is there: LinkId 1
};
inline Flash flash;

class Bank final : public linnet::client::PackageSink,
                   public linnet::client::FirmwareInstaller,
                   public linnet::client::Downloader {
 public:
  static constexpr std::uint32_t kSize = 128 * 1024;
  using Result = linnet::client::PackageResult;

  Result begin(std::optional<std::uint32_t> size) noexcept override {
    return size.value_or(0) > kSize ? Result::kNoStorage : Result::kInitial;
  }
  Result write(std::uint32_t offset, linnet::ByteView bytes) noexcept override {
    if (offset > kSize || bytes.size() > kSize - offset) return Result::kNoStorage;
    for (const std::uint8_t byte : bytes) {
      flash.address = offset++;
      flash.byte = byte;
    }
    return Result::kInitial;
  }
  Result finish(linnet::client::PackageInfo& /*info*/) noexcept override { return Result::kInitial; }
  void discard() noexcept override {}
  bool install() noexcept override {
    flash.install = 1;
    return true;
  }
  Result open(linnet::client::PackageTransfer& /*transfer*/, std::string_view /*uri*/,
              std::uint32_t /*offset*/) noexcept override {
    flash.wanted = 1;
    return Result::kInitial;
  }
  void close(linnet::client::PackageTransfer& /*transfer*/) noexcept override { flash.wanted = 0; }

  /// Tells the transfer when its link has come.
  static void serve(linnet::client::PackageTransfer& transfer) noexcept {
    if (flash.linked == 0) return;
    flash.linked = 0;
    transfer.linked(linnet::coap::LinkId{1});
  }
};

}  // namespace board
