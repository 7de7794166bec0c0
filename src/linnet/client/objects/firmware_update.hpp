// SPDX-License-Identifier: Apache-2.0
// Firmware Update, object 5 version 1.0: a package comes by Package (push) or Package URI (pull) into
// the application's sink, never whole into memory, and is installed when a server executes Update.
//
//                begin           received           Update
//   kIdle ───────────────▶ kDownloading ──▶ kDownloaded ──▶ kUpdating
//     ▲  ◀──failed, reset──┘                 │  ▲            │  │ updated: result 1
//     │  ◀──reset────────────────────────────┘  └───failed───┘  │
//     └──────────────────────────────────────────────────────────┘
#pragma once

#include "linnet/client/object.hpp"
#include "linnet/client/package_transfer.hpp"

namespace linnet::client {

/// State, 5/0/3.
enum class FirmwareState : std::uint8_t { kIdle = 0, kDownloading = 1, kDownloaded = 2, kUpdating = 3 };

/// Installs what the sink holds.
class FirmwareInstaller {
 public:
  /// Update was executed and answered. False: it cannot be installed. True: FirmwareUpdateObject::
  /// updated will be called, after a reboot if there is one.
  virtual bool install() noexcept = 0;
  /// `record` of the object is another one now.
  virtual void on_change() noexcept {}

 protected:
  ~FirmwareInstaller() = default;
};

/// What outlives a reboot: the application keeps it.
struct FirmwareRecord {
  FirmwareState state = FirmwareState::kIdle;
  PackageResult result = PackageResult::kInitial;
  PackageInfo info;
  Text<PackageTransfer::kMaxUri> uri;
  std::uint32_t offset = 0;  ///< of a pull under way
  Bytes<PackageTransfer::kMaxEtag> etag;
};

class FirmwareUpdateObject final : public Object, public PackageReceiver, private PackageTransfer::Owner {
 public:
  /// Firmware Update Protocol Support, 5/0/8.
  enum Protocol : std::uint8_t { kCoap = 0, kCoaps = 1, kHttp = 2, kHttps = 3, kCoapTcp = 4, kCoapTls = 5 };

  /// `downloader` null: push only. `protocols` are those of the downloader. All must outlive the object.
  FirmwareUpdateObject(PackageSink& sink, FirmwareInstaller& installer, Downloader* downloader = nullptr,
                       std::span<const Protocol> protocols = {}) noexcept;
  /// After Engine::init, each time: from here on packages may be larger than max_body, and coap URIs
  /// are fetched.
  bool connect(PackageStreams& streams) noexcept;

  [[nodiscard]] FirmwareRecord record() const noexcept;
  /// After a reboot, before the engine's first step. A pull goes on; a push that was under way has
  /// lost its connection; after kUpdating, `updated` says how it went.
  void restore(const FirmwareRecord& record) noexcept;
  /// The installation ended. Ignored when none is under way.
  void updated(bool success) noexcept;

  [[nodiscard]] FirmwareState state() const noexcept { return state_; }
  [[nodiscard]] PackageResult result() const noexcept { return result_; }
  [[nodiscard]] PackageTransfer& transfer() noexcept { return transfer_; }
  [[nodiscard]] const PackageInfo& info() const noexcept { return info_; }

  // Object
  [[nodiscard]] InstanceId next_instance(InstanceId from) const noexcept override;
  [[nodiscard]] bool has(InstanceId instance, const ResourceDefinition& resource) const noexcept override;
  [[nodiscard]] InstanceId next_resource_instance(InstanceId instance, ResourceId resource,
                                                  InstanceId from) const noexcept override;
  [[nodiscard]] Result<Value> read(const Path& path) noexcept override;
  [[nodiscard]] Result<void> validate(const Path& path, const Value& value) const noexcept override;
  Result<void> write(const Path& path, const Value& value) noexcept override;
  Result<void> execute(const Path& path, std::string_view arguments) noexcept override;
  bool memory(FunctionRef<void(ByteSpan)> part) noexcept override;
  Instant step(Instant now) noexcept override;

  // PackageReceiver
  [[nodiscard]] bool takes_package(const Path& path) const noexcept override;
  Result<void> begin_package(const Path& path, std::optional<std::uint32_t> size) noexcept override;
  Result<void> take_package(const Path& path, ByteView bytes, bool last) noexcept override;
  void break_package(const Path& path) noexcept override;

 private:
  enum class Event : std::uint8_t { kBegin, kReceived, kFailed, kUpdate, kUpdated, kReset };
  struct Transition;
  static const Transition kTransitions[];

  void on_package(PackageResult result) noexcept override;
  [[nodiscard]] static const Transition* find(FirmwareState from, Event event) noexcept;
  bool happen(Event event, PackageResult result = PackageResult::kInitial) noexcept;
  Result<void> reset() noexcept;

  FirmwareInstaller& installer_;
  std::span<const Protocol> protocols_;
  bool pulls_;
  PackageTransfer transfer_;
  FirmwareState state_ = FirmwareState::kIdle;
  PackageResult result_ = PackageResult::kInitial;
  bool install_ = false;  ///< at the next step, when the Execute has been answered
  PackageInfo info_;
  Text<PackageTransfer::kMaxUri> uri_;
};

}  // namespace linnet::client
