// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/objects/software_management.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace linnet::client {

namespace {

enum Resource : ResourceId {
  kPkgName = 0,
  kPkgVersion = 1,
  kPackage = 2,
  kPackageUri = 3,
  kInstall = 4,
  kUninstall = 6,
  kUpdateState = 7,
  kUpdateResult = 9,
  kActivate = 10,
  kDeactivate = 11,
  kActivationState = 12,
};

using lwm2m::DataType;
constexpr std::array<ResourceDefinition, 11> kResources{{
    {kPkgName, DataType::kString, Operations::kR, false, true},
    {kPkgVersion, DataType::kString, Operations::kR, false, true},
    {kPackage, DataType::kOpaque, Operations::kW},
    {kPackageUri, DataType::kString, Operations::kW},
    {kInstall, DataType::kNone, Operations::kE, false, true},
    {kUninstall, DataType::kNone, Operations::kE, false, true},
    {kUpdateState, DataType::kInteger, Operations::kR, false, true},
    {kUpdateResult, DataType::kInteger, Operations::kR, false, true},
    {kActivate, DataType::kNone, Operations::kE, false, true},
    {kDeactivate, DataType::kNone, Operations::kE, false, true},
    {kActivationState, DataType::kBoolean, Operations::kR, false, true},
}};
constexpr ObjectDefinition kDefinition{9, lwm2m::kDefaultObjectVersion, kResources};

/// The transfer's numbers are those of object 5.
SoftwareResult result_of(PackageResult result) noexcept {
  switch (result) {
    case PackageResult::kInitial:
    case PackageResult::kSuccess: return SoftwareResult::kVerified;
    case PackageResult::kNoStorage: return SoftwareResult::kNoStorage;
    case PackageResult::kNoMemory: return SoftwareResult::kNoMemory;
    case PackageResult::kConnectionLost: return SoftwareResult::kConnectionLost;
    case PackageResult::kIntegrity: return SoftwareResult::kIntegrity;
    case PackageResult::kUnsupportedType: return SoftwareResult::kUnsupportedType;
    case PackageResult::kInvalidUri:
    case PackageResult::kUnsupportedProtocol: return SoftwareResult::kInvalidUri;
    default: return SoftwareResult::kDeviceDefined;
  }
}

/// Whether Uninstall's one argument is 1, "ForUpdate"; an error where there is anything else.
Result<bool> is_for_update(std::string_view arguments) noexcept {
  if (arguments.empty() || arguments == "0") return false;
  if (arguments == "1") return true;
  return fail(Errc::kInvalidArgument);
}

}  // namespace

struct SoftwareManagementObject::Transition {
  SoftwareState from;
  Event event;
  SoftwareState to;
};

using State = SoftwareState;
// What is not here does not happen.
constexpr SoftwareManagementObject::Transition SoftwareManagementObject::kTransitions[] = {
    {State::kInitial, Event::kBegin, State::kDownloadStarted},
    {State::kInitial, Event::kUninstall, State::kInitial},
    {State::kInitial, Event::kNotUninstalled, State::kInitial},
    {State::kDownloadStarted, Event::kReceived, State::kDelivered},
    {State::kDownloadStarted, Event::kFailed, State::kInitial},
    {State::kDownloadStarted, Event::kUninstall, State::kInitial},
    {State::kDownloadStarted, Event::kNotUninstalled, State::kDownloadStarted},
    {State::kDelivered, Event::kInstall, State::kDelivered},
    {State::kDelivered, Event::kInstalled, State::kInstalled},
    {State::kDelivered, Event::kNotInstalled, State::kDelivered},
    {State::kDelivered, Event::kUninstall, State::kInitial},
    {State::kDelivered, Event::kNotUninstalled, State::kDelivered},
    {State::kInstalled, Event::kSwitch, State::kInstalled},
    {State::kInstalled, Event::kUninstall, State::kInitial},
    {State::kInstalled, Event::kNotUninstalled, State::kInstalled},
};

void SoftwarePackage::on_package(PackageResult result) noexcept {
  object_->ended(*this, result);
}

SoftwareManagementObject::SoftwareManagementObject(std::span<SoftwarePackage> packages,
                                                   SoftwareInstaller& installer) noexcept
    : Object(kDefinition), packages_(packages), installer_(installer) {}

bool SoftwareManagementObject::connect(PackageStreams& streams) noexcept {
  for (SoftwarePackage& package : packages_) package.transfer_.attach(streams);
  return streams.add(*this);
}

const SoftwareManagementObject::Transition* SoftwareManagementObject::find(State from, Event event) noexcept {
  const auto row = std::ranges::find_if(
      kTransitions, [&](const Transition& t) { return t.from == from && t.event == event; });
  return row == std::end(kTransitions) ? nullptr : row;
}

SoftwarePackage* SoftwareManagementObject::at(InstanceId instance) const noexcept {
  if (instance >= packages_.size() || packages_[instance].object_ == nullptr) return nullptr;
  return &packages_[instance];
}

/// False, and nothing changed, where the state does not allow it.
bool SoftwareManagementObject::happen(SoftwarePackage& package, Event event, SoftwareResult result) noexcept {
  const Transition* transition = find(package.state_, event);
  if (transition == nullptr) return false;
  const State before = std::exchange(package.state_, transition->to);
  const SoftwareResult result_before = std::exchange(package.result_, result);
  const Path instance(id(), package.id_);
  if (package.state_ != before) changed(instance.child(kUpdateState));
  if (package.result_ != result_before) changed(instance.child(kUpdateResult));
  installer_.on_change(package.id_);
  return true;
}

void SoftwareManagementObject::ended(SoftwarePackage& package, PackageResult result) noexcept {
  const bool received = result == PackageResult::kSuccess;
  if (received) package.info_ = package.transfer_.info();
  happen(package, received ? Event::kReceived : Event::kFailed, result_of(result));
  if (received) changed(Path(id(), package.id_));
}

bool SoftwareManagementObject::add(InstanceId package) noexcept {
  const bool added = create(package).has_value();
  if (added) instances_changed();
  return added;
}

SoftwareRecord SoftwareManagementObject::record(InstanceId package) const noexcept {
  const SoftwarePackage* known = at(package);
  if (known == nullptr) return {};
  SoftwareRecord record{.state = known->state_,
                        .result = known->result_,
                        .active = known->active_,
                        .info = known->info_,
                        .uri = known->uri_,
                        .etag = {}};
  if (!known->transfer_.pulls()) return record;
  record.offset = known->transfer_.offset();
  record.etag.assign(known->transfer_.etag());
  return record;
}

void SoftwareManagementObject::restore(InstanceId package, const SoftwareRecord& record) noexcept {
  if (at(package) == nullptr && !create(package)) return;
  SoftwarePackage& known = packages_[package];
  known.state_ = record.state;
  known.result_ = record.result;
  known.active_ = record.active;
  known.info_ = record.info;
  known.uri_ = record.uri;
  if (known.state_ != State::kDownloadStarted) return;
  if (known.uri_.view().empty())
    happen(known, Event::kFailed, SoftwareResult::kConnectionLost);
  else
    known.transfer_.resume(known.uri_.view(), record.offset, record.etag.view());
}

void SoftwareManagementObject::installed(InstanceId package, bool success) noexcept {
  SoftwarePackage* known = at(package);
  if (known == nullptr || !std::exchange(known->installing_, false)) return;
  happen(*known, success ? Event::kInstalled : Event::kNotInstalled,
         success ? SoftwareResult::kInstalled : SoftwareResult::kInstallationFailed);
  // What is new begins switched off.
  if (!success || !std::exchange(known->active_, false)) return;
  changed(Path(id(), package, kActivationState));
  installer_.on_change(package);
}

Instant SoftwareManagementObject::step(Instant now) noexcept {
  Instant next = kNever;
  for (InstanceId i = next_instance(0); i != kMaxId; i = next_instance(i + 1)) {
    SoftwarePackage& package = packages_[i];
    if (std::exchange(package.install_, false) && !installer_.install(i)) installed(i, false);
    next = std::min(next, package.transfer_.step(now));
  }
  return next;
}

InstanceId SoftwareManagementObject::next_instance(InstanceId from) const noexcept {
  for (std::size_t i = from; i < packages_.size(); ++i) {
    if (packages_[i].object_ != nullptr) return static_cast<InstanceId>(i);
  }
  return kMaxId;
}

bool SoftwareManagementObject::has(InstanceId instance, const ResourceDefinition& resource) const noexcept {
  return resource.id != kPackageUri || (instance < packages_.size() && packages_[instance].pulls_);
}

Result<Value> SoftwareManagementObject::read(const Path& path) noexcept {
  const SoftwarePackage* package = at(path.instance());
  if (package == nullptr) return fail(Errc::kNotFound);
  switch (path.resource()) {
    case kPkgName: return Value::string(package->info_.name.view());
    case kPkgVersion: return Value::string(package->info_.version.view());
    case kUpdateState: return Value::integer(static_cast<std::int64_t>(package->state_));
    case kUpdateResult: return Value::integer(static_cast<std::int64_t>(package->result_));
    case kActivationState: return Value::boolean(package->active_);
    default: return fail(Errc::kNotFound);
  }
}

Result<void> SoftwareManagementObject::validate(const Path& path, const Value& value) const noexcept {
  const bool uri = path.resource() == kPackageUri;
  if (uri && path.instance() < packages_.size() && !packages_[path.instance()].pulls_)
    return fail(Errc::kNotFound);
  const std::size_t size = uri ? value.as_string().size() : value.as_opaque().size();
  if (size == 0 || (uri && size > PackageTransfer::kMaxUri)) return fail(Errc::kInvalidArgument);
  const SoftwarePackage* package = at(path.instance());
  const State state = package != nullptr ? package->state_ : State::kInitial;
  return find(state, Event::kBegin) != nullptr ? Result<void>() : fail(Errc::kNotAllowed);
}

Result<void> SoftwareManagementObject::write(const Path& path, const Value& value) noexcept {
  if (path.resource() == kPackage) {
    const ByteView bytes = value.as_opaque();
    const auto begun = begin_package(path, static_cast<std::uint32_t>(bytes.size()));
    return begun ? take_package(path, bytes, true) : begun;
  }
  SoftwarePackage* package = at(path.instance());
  if (package == nullptr || !happen(*package, Event::kBegin, SoftwareResult::kDownloading))
    return fail(Errc::kNotAllowed);
  package->uri_.assign(value.as_string());
  package->transfer_.pull(package->uri_.view());
  installer_.on_change(package->id_);
  return {};
}

Result<void> SoftwareManagementObject::execute(const Path& path, std::string_view arguments) noexcept {
  SoftwarePackage* package = at(path.instance());
  if (package == nullptr) return fail(Errc::kNotFound);
  switch (path.resource()) {
    case kInstall: return install(*package);
    case kUninstall: return uninstall(*package, arguments);
    default: return turn(*package, path.resource() == kActivate);
  }
}

Result<void> SoftwareManagementObject::install(SoftwarePackage& package) noexcept {
  if (package.installing_ || !happen(package, Event::kInstall, package.result_))
    return fail(Errc::kNotAllowed);
  package.install_ = package.installing_ = true;
  return {};
}

Result<void> SoftwareManagementObject::uninstall(SoftwarePackage& package,
                                                 std::string_view arguments) noexcept {
  const auto for_update = is_for_update(arguments);
  if (!for_update) return std::unexpected(for_update.error());
  if (package.installing_ || find(package.state_, Event::kUninstall) == nullptr)
    return fail(Errc::kNotAllowed);
  if (!installer_.uninstall(package.id_, *for_update)) {
    happen(package, Event::kNotUninstalled, SoftwareResult::kUninstallationFailed);
    return fail(Errc::kIo);
  }
  if (package.state_ != State::kInstalled) package.transfer_.discard();
  package.uri_ = {};
  package.info_ = {};
  // What stays until it is replaced goes on.
  package.active_ = package.active_ && *for_update;
  happen(package, Event::kUninstall, SoftwareResult::kInitial);
  changed(Path(id(), package.id_));
  return {};
}

Result<void> SoftwareManagementObject::turn(SoftwarePackage& package, bool active) noexcept {
  if (find(package.state_, Event::kSwitch) == nullptr) return fail(Errc::kNotAllowed);
  if (package.active_ == active) return {};
  if (!installer_.activate(package.id_, active)) return fail(Errc::kIo);
  package.active_ = active;
  happen(package, Event::kSwitch, package.result_);
  changed(Path(id(), package.id_, kActivationState));
  return {};
}

Result<void> SoftwareManagementObject::can_create(InstanceId instance) const noexcept {
  if (instance >= packages_.size()) return fail(Errc::kNoSpace);
  return at(instance) == nullptr ? Result<void>() : fail(Errc::kExists);
}

Result<void> SoftwareManagementObject::can_remove(InstanceId instance) const noexcept {
  const SoftwarePackage* package = at(instance);
  const bool busy = package != nullptr && (package->state_ == State::kInstalled || package->installing_);
  return busy ? fail(Errc::kNotAllowed) : Result<void>();
}

Result<void> SoftwareManagementObject::create(InstanceId instance) noexcept {
  if (const auto possible = can_create(instance); !possible) return possible;
  packages_[instance].object_ = this;
  packages_[instance].id_ = instance;
  installer_.on_change(instance);
  return {};
}

Result<void> SoftwareManagementObject::remove(InstanceId instance) noexcept {
  SoftwarePackage* package = at(instance);
  if (package == nullptr) return fail(Errc::kNotFound);
  package->transfer_.discard();
  package->object_ = nullptr;
  package->state_ = State::kInitial;
  package->result_ = SoftwareResult::kInitial;
  package->active_ = package->install_ = package->installing_ = false;
  package->info_ = {};
  package->uri_ = {};
  installer_.on_change(instance);
  return {};
}

bool SoftwareManagementObject::takes_package(const Path& path) const noexcept {
  return path.depth() == 3 && path.object() == id() && path.resource() == kPackage &&
         at(path.instance()) != nullptr;
}

Result<void> SoftwareManagementObject::begin_package(const Path& path,
                                                     std::optional<std::uint32_t> size) noexcept {
  SoftwarePackage* package = at(path.instance());
  if (package == nullptr || !happen(*package, Event::kBegin, SoftwareResult::kDownloading))
    return fail(Errc::kNotAllowed);
  package->uri_ = {};
  const PackageResult begun = package->transfer_.begin(size);
  if (begun != PackageResult::kInitial) happen(*package, Event::kFailed, result_of(begun));
  return package_answer(begun);
}

Result<void> SoftwareManagementObject::take_package(const Path& path, ByteView bytes, bool last) noexcept {
  SoftwarePackage* package = at(path.instance());
  // It may have been reset meanwhile.
  if (package == nullptr || !package->transfer_.active() || package->transfer_.pulls())
    return fail(Errc::kClosed, static_cast<std::uint8_t>(coap::Code::kRequestEntityIncomplete));
  const PackageResult taken = package->transfer_.take(bytes, last);
  // A package that is whole was written; what was found in it is for Update Result.
  return last ? Result<void>() : package_answer(taken);
}

void SoftwareManagementObject::break_package(const Path& path) noexcept {
  SoftwarePackage* package = at(path.instance());
  if (package == nullptr || !package->transfer_.active() || package->transfer_.pulls()) return;
  package->transfer_.reset();
  happen(*package, Event::kFailed, SoftwareResult::kConnectionLost);
}

}  // namespace linnet::client
