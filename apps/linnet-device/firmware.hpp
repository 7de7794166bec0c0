// SPDX-License-Identifier: Apache-2.0
// The firmware of the simulated device, in a folder of its own (docs/linnet-device.md): the package on
// its way, the one that is installed, and what of object 5 outlives the process.
//
// A package is a line and the image behind it:
//
//   linnet-firmware 1 NAME VERSION SIZE CRC\n
//
// SIZE: bytes of the image; CRC: of the image, CRC-32 (IEEE 802.3), eight hexadecimal digits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "linnet/client/objects/firmware_update.hpp"
#include "refusal.hpp"

namespace linnet::device {

/// What a package says in its first line.
struct FirmwareHeader {
  static constexpr std::size_t kMaxLine = 256;  ///< bytes, the line feed included

  std::string name, version;
  std::uint64_t size = 0;
  std::uint32_t crc = 0;
  std::size_t line = 0;  ///< bytes of the first line

  [[nodiscard]] static std::optional<FirmwareHeader> parse(std::string_view beginning);
};

class Firmware final : public client::PackageSink, public client::FirmwareInstaller {
 public:
  static constexpr std::uint64_t kMaxPackage = 64U << 20;  ///< bytes; more is no storage

  /// Takes up what the folder holds, which is made where it is not there. `downloader` null: push
  /// only. `reboot` is called when a package has been installed. All must outlive it.
  [[nodiscard]] static OrRefusal<std::unique_ptr<Firmware>> open(std::filesystem::path folder,
                                                                 client::Downloader* downloader,
                                                                 std::function<void()> reboot);

  /// Object 5; the same one for ever.
  [[nodiscard]] client::FirmwareUpdateObject& object() noexcept { return *object_; }
  /// Of what is installed, nothing where nothing ever was.
  [[nodiscard]] const std::optional<FirmwareHeader>& installed() const noexcept { return installed_; }

  /// A new engine has object 5.
  void start(client::Engine& engine);
  /// That engine is about to go; the object begins again with what is on disk.
  void stop();

 private:
  Firmware(std::filesystem::path folder, client::Downloader* downloader, std::function<void()> reboot);

  // client::PackageSink
  client::PackageResult begin(std::optional<std::uint32_t> size) noexcept override;
  bool resume(std::uint32_t offset) noexcept override;
  client::PackageResult write(std::uint32_t offset, ByteView bytes) noexcept override;
  client::PackageResult finish(client::PackageInfo& info) noexcept override;
  void discard() noexcept override;
  // client::FirmwareInstaller
  bool install() noexcept override;
  void on_change() noexcept override;

  void make_object();
  void load();

  std::filesystem::path folder_;
  client::Downloader* downloader_;
  std::function<void()> reboot_;
  std::optional<client::FirmwareUpdateObject> object_;
  std::optional<client::PackageStreams> streams_;
  std::optional<FirmwareHeader> installed_;
  std::ofstream package_;
  bool loading_ = false;
};

}  // namespace linnet::device
