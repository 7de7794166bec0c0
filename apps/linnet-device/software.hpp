// SPDX-License-Identifier: Apache-2.0
// The software of the simulated device, in a folder of its own (docs/linnet-device.md): packages on their
// way, what is installed, and what of object 9 outlives the process. What is installed shows in object 14.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "linnet/client/objects/software_component.hpp"
#include "linnet/client/objects/software_management.hpp"
#include "package_file.hpp"
#include "refusal.hpp"
#include "software_report.hpp"

namespace linnet::device {

class Software final : private client::SoftwareInstaller, private client::SoftwareSwitch {
 public:
  static constexpr std::size_t kPackages = 4;  ///< instances of object 9
  using Told = std::function<void(const SoftwareReport&)>;

  /// Takes up what the folder holds, which is made where it is not there. `downloader` null: push only.
  /// `told` is called when something became of a package. All must outlive it.
  [[nodiscard]] static OrRefusal<std::unique_ptr<Software>> open(std::filesystem::path folder,
                                                                 client::Downloader* downloader, Told told);

  /// Object 9, and object 14; the same ones for ever.
  [[nodiscard]] client::SoftwareManagementObject& object() noexcept { return parts_->object; }
  [[nodiscard]] client::Object& components() noexcept { return components_; }

  /// A new engine has object 9.
  void start(client::PackageStreams& streams) { (void)object().connect(streams); }
  /// That engine is about to go; the objects begin again with what is on disk.
  void stop();

 private:
  using Id = lwm2m::InstanceId;
  struct Parts {
    Parts(Software& owner, client::Downloader* downloader);
    std::array<client::SoftwarePackage, kPackages> packages;
    client::SoftwareManagementObject object;
  };

  Software(std::filesystem::path folder, client::Downloader* downloader, Told told);

  // client::SoftwareInstaller
  bool install(Id package) noexcept override;
  bool uninstall(Id package, bool for_update) noexcept override;
  bool activate(Id package, bool active) noexcept override;
  void on_change(Id package) noexcept override;
  // client::SoftwareSwitch
  Result<void> activate(client::SoftwareComponentInstance& component, bool active) noexcept override;

  void load();
  [[nodiscard]] std::filesystem::path file(const char* what, Id package) const;
  void show_component(Id package);

  std::filesystem::path folder_;
  client::Downloader* downloader_;
  Told told_;
  std::array<PackageFile, kPackages> files_;
  client::SoftwareComponentObject<kPackages> components_;
  std::optional<Parts> parts_;
  std::array<SoftwareReport, kPackages> last_;  ///< of each, told
  bool loading_ = false;
};

}  // namespace linnet::device
