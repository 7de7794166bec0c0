// SPDX-License-Identifier: Apache-2.0
// LWM2M Software Management, object 9 version 1.0: each instance is one package, which comes by Package
// (push) or Package URI (pull) into a sink of the application, is installed, switched on and off, and
// removed.
//
//             begin                      received             Install
//   kInitial ──────▶ kDownloadStarted ───────────▶ kDelivered ───────▶ kInstalled ◀─┐ Activate,
//     ▲  ◀───failed───────┘                            │   ◀──failed──┘   │  └──────┘ Deactivate
//     └──────────────────────Uninstall─────────────────┴──────────────────┘
//
// DOWNLOADED lasts as long as PackageSink::finish looks at the package: no server sees it.
#pragma once

#include "linnet/client/object.hpp"
#include "linnet/client/package_transfer.hpp"

namespace linnet::client {

/// Update State, 9/x/7.
enum class SoftwareState : std::uint8_t {
  kInitial = 0,
  kDownloadStarted = 1,
  kDownloaded = 2,
  kDelivered = 3,
  kInstalled = 4,
};

/// Update Result, 9/x/9.
enum class SoftwareResult : std::uint8_t {
  kInitial = 0,
  kDownloading = 1,
  kInstalled = 2,
  kVerified = 3,  ///< downloaded, and its integrity is proven
  kNoStorage = 50,
  kNoMemory = 51,
  kConnectionLost = 52,
  kIntegrity = 53,
  kUnsupportedType = 54,
  kInvalidUri = 56,
  kDeviceDefined = 57,
  kInstallationFailed = 58,
  kUninstallationFailed = 59,
};

/// What outlives a reboot: the application keeps it.
struct SoftwareRecord {
  SoftwareState state = SoftwareState::kInitial;
  SoftwareResult result = SoftwareResult::kInitial;
  bool active = false;
  PackageInfo info;
  Text<PackageTransfer::kMaxUri> uri;
  std::uint32_t offset = 0;  ///< of a pull under way
  Bytes<PackageTransfer::kMaxEtag> etag;
};

/// Does with a package what servers ask for.
class SoftwareInstaller {
 public:
  /// Install was executed and answered. False: it cannot be installed. True: SoftwareManagementObject::
  /// installed will be called.
  virtual bool install(InstanceId package) noexcept = 0;
  /// Removes what is installed. `for_update`: the next package of this instance replaces it, and it may go on
  /// until then. False: it stays, and the instance shows kUninstallationFailed.
  virtual bool uninstall(InstanceId package, bool for_update) noexcept = 0;
  /// False: it stays as it was.
  virtual bool activate(InstanceId package, bool active) noexcept = 0;
  /// `record` of the package is another one now.
  virtual void on_change(InstanceId /*package*/) noexcept {}

 protected:
  ~SoftwareInstaller() = default;
};

class SoftwareManagementObject;

/// Room for one package.
class SoftwarePackage final : private PackageTransfer::Owner {
 public:
  /// `downloader` null: push only. Both must outlive the package.
  explicit SoftwarePackage(PackageSink& sink, Downloader* downloader = nullptr) noexcept
      : pulls_(downloader != nullptr), transfer_(*this, sink, downloader) {}

  [[nodiscard]] SoftwareState state() const noexcept { return state_; }
  [[nodiscard]] SoftwareResult result() const noexcept { return result_; }
  [[nodiscard]] bool active() const noexcept { return active_; }
  [[nodiscard]] const PackageInfo& info() const noexcept { return info_; }
  [[nodiscard]] PackageTransfer& transfer() noexcept { return transfer_; }

 private:
  friend class SoftwareManagementObject;
  void on_package(PackageResult result) noexcept override;

  SoftwareManagementObject* object_ = nullptr;  ///< null: there is no such instance
  InstanceId id_ = kMaxId;
  bool pulls_;
  bool active_ = false;
  bool install_ = false;     ///< at the next step, when the Execute has been answered
  bool installing_ = false;  ///< `installed` is awaited
  SoftwareState state_ = SoftwareState::kInitial;
  SoftwareResult result_ = SoftwareResult::kInitial;
  PackageInfo info_;
  Text<PackageTransfer::kMaxUri> uri_;
  PackageTransfer transfer_;
};

/// Instance i is packages[i]. Servers may create and delete instances; one that is installed has to be
/// uninstalled first.
class SoftwareManagementObject final : public Object, public PackageReceiver {
 public:
  /// Both must outlive the object.
  SoftwareManagementObject(std::span<SoftwarePackage> packages, SoftwareInstaller& installer) noexcept;
  /// After Engine::init, each time: from here on packages may be larger than max_body, and coap URIs
  /// are fetched.
  bool connect(PackageStreams& streams) noexcept;

  /// The device has this instance from the start. False: there is no room for it, or it is there.
  bool add(InstanceId package) noexcept;
  [[nodiscard]] SoftwareRecord record(InstanceId package) const noexcept;
  /// After a reboot, before the engine's first step: the instance is there as it was. A pull goes on; a push
  /// that was under way has lost its connection; an installation that was, is to be executed anew.
  void restore(InstanceId package, const SoftwareRecord& record) noexcept;
  /// An installation ended. Ignored when none is under way.
  void installed(InstanceId package, bool success) noexcept;

  // Object
  [[nodiscard]] InstanceId next_instance(InstanceId from) const noexcept override;
  [[nodiscard]] bool has(InstanceId instance, const ResourceDefinition& resource) const noexcept override;
  [[nodiscard]] Result<Value> read(const Path& path) noexcept override;
  [[nodiscard]] Result<void> validate(const Path& path, const Value& value) const noexcept override;
  Result<void> write(const Path& path, const Value& value) noexcept override;
  Result<void> execute(const Path& path, std::string_view arguments) noexcept override;
  [[nodiscard]] Result<void> can_create(InstanceId instance) const noexcept override;
  [[nodiscard]] Result<void> can_remove(InstanceId instance) const noexcept override;
  Result<void> create(InstanceId instance) noexcept override;
  Result<void> remove(InstanceId instance) noexcept override;
  Instant step(Instant now) noexcept override;

  // PackageReceiver
  [[nodiscard]] bool takes_package(const Path& path) const noexcept override;
  Result<void> begin_package(const Path& path, std::optional<std::uint32_t> size) noexcept override;
  Result<void> take_package(const Path& path, ByteView bytes, bool last) noexcept override;
  void break_package(const Path& path) noexcept override;

 private:
  friend class SoftwarePackage;
  enum class Event : std::uint8_t {
    kBegin,
    kReceived,
    kFailed,
    kInstall,
    kInstalled,
    kNotInstalled,
    kUninstall,
    kNotUninstalled,
    kSwitch,
  };
  struct Transition;
  static const Transition kTransitions[];
  [[nodiscard]] static const Transition* find(SoftwareState from, Event event) noexcept;

  /// The instance, null where there is none.
  [[nodiscard]] SoftwarePackage* at(InstanceId instance) const noexcept;
  bool happen(SoftwarePackage& package, Event event, SoftwareResult result) noexcept;
  void ended(SoftwarePackage& package, PackageResult result) noexcept;
  Result<void> install(SoftwarePackage& package) noexcept;
  Result<void> uninstall(SoftwarePackage& package, std::string_view arguments) noexcept;
  Result<void> turn(SoftwarePackage& package, bool active) noexcept;

  std::span<SoftwarePackage> packages_;
  SoftwareInstaller& installer_;
};

}  // namespace linnet::client
