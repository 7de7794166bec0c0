// SPDX-License-Identifier: Apache-2.0
#include "firmware.hpp"

namespace linnet::device {

using client::FirmwareState;
using Json = nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr const char* kPackage = "package";      // on its way, or waiting for Update
constexpr const char* kInstalled = "installed";  // what runs
constexpr const char* kState = "state.json";

constexpr client::FirmwareUpdateObject::Protocol kProtocols[]{client::FirmwareUpdateObject::kCoap,
                                                              client::FirmwareUpdateObject::kHttp,
                                                              client::FirmwareUpdateObject::kHttps};

}  // namespace

OrRefusal<std::unique_ptr<Firmware>> Firmware::open(fs::path folder, client::Downloader* downloader,
                                                    std::function<void()> reboot) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return refuse(Errc::kIo, "--firmware " + folder.string() + ": " + error.message());
  std::unique_ptr<Firmware> firmware(new Firmware(std::move(folder), downloader, std::move(reboot)));
  firmware->load();
  return firmware;
}

Firmware::Firmware(fs::path folder, client::Downloader* downloader, std::function<void()> reboot)
    : folder_(std::move(folder)),
      package_(PackageKind::kFirmware, folder_ / kPackage, [this] { on_change(); }),
      downloader_(downloader),
      reboot_(std::move(reboot)) {
  make_object();
}

void Firmware::make_object() {
  object_.emplace(package_, *this, downloader_,
                  downloader_ != nullptr ? std::span<const client::FirmwareUpdateObject::Protocol>(kProtocols)
                                         : std::span<const client::FirmwareUpdateObject::Protocol>());
}

/// What the disk says; a state file that cannot be read is no state.
void Firmware::load() {
  installed_ = PackageHeader::read(PackageKind::kFirmware, folder_ / kInstalled);
  std::ifstream in(folder_ / kState);
  if (!in) return;
  loading_ = true;
  try {
    object_->restore(from_json<client::FirmwareRecord>(Json::parse(in), 4));
  } catch (const std::exception&) {
    make_object();
  }
  loading_ = false;
}

void Firmware::start(client::PackageStreams& streams) {
  (void)object_->connect(streams);
  // The package was put in its place before the reboot.
  if (object_->state() == FirmwareState::kUpdating) {
    object_->updated(!package_.exists() && installed_.has_value());
  }
}

void Firmware::stop() {
  on_change();
  if (downloader_ != nullptr) downloader_->close(object_->transfer());
  package_.close();
  make_object();
  load();
}

bool Firmware::install() noexcept {
  if (!package_.move_to(folder_ / kInstalled)) return false;
  reboot_();
  return true;
}

void Firmware::on_change() noexcept {
  if (loading_ || !object_) return;
  (void)replace_file(folder_ / kState, to_json(object_->record()).dump());
}

}  // namespace linnet::device
