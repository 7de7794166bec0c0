// SPDX-License-Identifier: Apache-2.0
// The firmware of the simulated device, in a folder of its own (docs/linnet-device.md): the package on
// its way, the one that is installed, and what of object 5 outlives the process.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "linnet/client/objects/firmware_update.hpp"
#include "package_file.hpp"
#include "refusal.hpp"

namespace linnet::device {

class Firmware final : public client::FirmwareInstaller {
 public:
  /// Takes up what the folder holds, which is made where it is not there. `downloader` null: push
  /// only. `reboot` is called when a package has been installed. All must outlive it.
  [[nodiscard]] static OrRefusal<std::unique_ptr<Firmware>> open(std::filesystem::path folder,
                                                                 client::Downloader* downloader,
                                                                 std::function<void()> reboot);

  /// Object 5; the same one for ever.
  [[nodiscard]] client::FirmwareUpdateObject& object() noexcept { return *object_; }
  /// Of what is installed, nothing where nothing ever was.
  [[nodiscard]] const std::optional<PackageHeader>& installed() const noexcept { return installed_; }

  /// A new engine has object 5.
  void start(client::PackageStreams& streams);
  /// That engine is about to go; the object begins again with what is on disk.
  void stop();

 private:
  Firmware(std::filesystem::path folder, client::Downloader* downloader, std::function<void()> reboot);

  // client::FirmwareInstaller
  bool install() noexcept override;
  void on_change() noexcept override;

  void make_object();
  void load();

  std::filesystem::path folder_;
  PackageFile package_;
  client::Downloader* downloader_;
  std::function<void()> reboot_;
  std::optional<client::FirmwareUpdateObject> object_;
  std::optional<PackageHeader> installed_;
  bool loading_ = false;
};

}  // namespace linnet::device
