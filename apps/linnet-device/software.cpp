// SPDX-License-Identifier: Apache-2.0
#include "software.hpp"

#include <utility>

namespace linnet::device {

using Json = nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr const char* kPackage = "package";      // on its way, or waiting for Install
constexpr const char* kInstalled = "installed";  // what is there
constexpr const char* kState = "state";

}  // namespace

Software::Parts::Parts(Software& owner, client::Downloader* downloader)
    : packages{client::SoftwarePackage(owner.files_[0], downloader),
               client::SoftwarePackage(owner.files_[1], downloader),
               client::SoftwarePackage(owner.files_[2], downloader),
               client::SoftwarePackage(owner.files_[3], downloader)},
      object(packages, owner) {}

OrRefusal<std::unique_ptr<Software>> Software::open(fs::path folder, client::Downloader* downloader,
                                                    Told told) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return refuse(Errc::kIo, "--software " + folder.string() + ": " + error.message());
  return std::unique_ptr<Software>(new Software(std::move(folder), downloader, std::move(told)));
}

Software::Software(fs::path folder, client::Downloader* downloader, Told told)
    : folder_(std::move(folder)),
      downloader_(downloader),
      told_(std::move(told)),
      files_{PackageFile(PackageKind::kSoftware, file(kPackage, 0), [this] { on_change(0); }),
             PackageFile(PackageKind::kSoftware, file(kPackage, 1), [this] { on_change(1); }),
             PackageFile(PackageKind::kSoftware, file(kPackage, 2), [this] { on_change(2); }),
             PackageFile(PackageKind::kSoftware, file(kPackage, 3), [this] { on_change(3); })} {
  load();
}

fs::path Software::file(const char* what, Id package) const {
  return folder_ / (std::string(what) + '-' + std::to_string(package));
}

/// What the disk says; a state file that cannot be read is no state.
void Software::load() {
  loading_ = true;
  parts_.emplace(*this, downloader_);
  for (Id i = 0; i < kPackages; ++i) {
    std::ifstream in(file(kState, i));
    if (in) {
      try {
        const Json json = Json::parse(in);
        auto record = from_json<client::SoftwareRecord>(json, 5);
        record.active = json.at("active").get<bool>();
        object().restore(i, record);
      } catch (const std::exception&) {
        (void)object().remove(i);
      }
    }
    show_component(i);
  }
  // A server finds one to write to.
  if (object().next_instance(0) == lwm2m::kMaxId) (void)object().add(0);
  loading_ = false;
  for (Id i = 0; i < kPackages; ++i) {
    const client::SoftwareRecord record = object().record(i);
    last_[i] = {i,
                record.state,
                record.result,
                record.active,
                std::string(record.info.name.view()),
                std::string(record.info.version.view())};
  }
}

void Software::stop() {
  for (Id i = 0; i < kPackages; ++i) {
    on_change(i);
    if (downloader_ != nullptr) downloader_->close(parts_->packages[i].transfer());
    files_[i].close();
  }
  load();
}

/// Object 14 shows what is installed, active or not.
void Software::show_component(Id package) {
  const auto installed = PackageHeader::read(PackageKind::kSoftware, file(kInstalled, package));
  if (!installed) {
    (void)components_.drop(package);
    return;
  }
  client::SoftwareComponentInstance* component = components_.get(package);
  if (component == nullptr) component = components_.add(package);
  component->runner = this;
  component->installed = true;
  using Component = client::SoftwareComponentInstance;
  components_.set<&Component::identifier>(package, std::string_view(installed->name));
  components_.set<&Component::version>(package, std::string_view(installed->version));
  components_.set<&Component::active>(package, object().record(package).active);
}

bool Software::install(Id package) noexcept {
  if (!files_[package].move_to(file(kInstalled, package))) return false;
  object().installed(package, true);
  show_component(package);
  return true;
}

bool Software::uninstall(Id package, bool for_update) noexcept {
  if (for_update) return true;  // it goes on until the next one takes its place
  std::error_code error;
  fs::remove(file(kInstalled, package), error);
  if (error) return false;
  (void)components_.drop(package);
  return true;
}

bool Software::activate(Id package, bool active) noexcept {
  return components_.set<&client::SoftwareComponentInstance::active>(package, active);
}

/// A component is switched by itself too.
Result<void> Software::activate(client::SoftwareComponentInstance& /*component*/, bool /*active*/) noexcept {
  return {};
}

void Software::on_change(Id package) noexcept {
  if (loading_ || !parts_) return;
  const client::SoftwareRecord record = object().record(package);
  if (object().exists(package)) {
    Json json = to_json(record);
    json["active"] = record.active;
    (void)replace_file(file(kState, package), json.dump());
  } else {
    std::error_code ignored;
    fs::remove(file(kState, package), ignored);
  }
  SoftwareReport now{package,
                     record.state,
                     record.result,
                     record.active,
                     std::string(record.info.name.view()),
                     std::string(record.info.version.view())};
  if (now == last_[package]) return;
  last_[package] = std::move(now);
  told_(last_[package]);
}

}  // namespace linnet::device
