// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/objects/firmware_update.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "linnet/client/features.hpp"

namespace linnet::client {

namespace {

enum Resource : ResourceId {
  kPackage = 0,
  kPackageUri = 1,
  kUpdate = 2,
  kState = 3,
  kUpdateResult = 5,
  kName = 6,
  kVersion = 7,
  kProtocolSupport = 8,
  kDeliveryMethod = 9,
};
enum Delivery : std::uint8_t { kPushOnly = 1, kPushAndPull = 2 };

using lwm2m::DataType;
constexpr std::array<ResourceDefinition, 9> kResources{{
    {kPackage, DataType::kOpaque, Operations::kW, false, true},
    {kPackageUri, DataType::kString, Operations::kRW, false, true},
    {kUpdate, DataType::kNone, Operations::kE, false, true},
    {kState, DataType::kInteger, Operations::kR, false, true},
    {kUpdateResult, DataType::kInteger, Operations::kR, false, true},
    {kName, DataType::kString, Operations::kR},
    {kVersion, DataType::kString, Operations::kR},
    {kProtocolSupport, DataType::kInteger, Operations::kR, true},
    {kDeliveryMethod, DataType::kInteger, Operations::kR, false, true},
}};
constexpr ObjectDefinition kDefinition{5, lwm2m::kDefaultObjectVersion, kResources};
constexpr Path kInstance(5, 0);

/// An empty package, or one that is NUL, asks for a reset.
bool empties(const Value& value) noexcept {
  if (value.type() == DataType::kString) return value.as_string().empty();
  const ByteView bytes = value.as_opaque();
  return bytes.empty() || (bytes.size() == 1 && bytes[0] == 0);
}

}  // namespace

struct FirmwareUpdateObject::Transition {
  FirmwareState from;
  Event event;
  FirmwareState to;
};

using State = FirmwareState;
// What is not here does not happen.
constexpr FirmwareUpdateObject::Transition FirmwareUpdateObject::kTransitions[] = {
    {State::kIdle, Event::kBegin, State::kDownloading},
    {State::kDownloading, Event::kReceived, State::kDownloaded},
    {State::kDownloading, Event::kFailed, State::kIdle},
    {State::kDownloaded, Event::kUpdate, State::kUpdating},
    {State::kUpdating, Event::kUpdated, State::kIdle},
    {State::kUpdating, Event::kFailed, State::kDownloaded},
    {State::kIdle, Event::kReset, State::kIdle},
    {State::kDownloading, Event::kReset, State::kIdle},
    {State::kDownloaded, Event::kReset, State::kIdle},
};

FirmwareUpdateObject::FirmwareUpdateObject(PackageSink& sink, FirmwareInstaller& installer,
                                           Downloader* downloader,
                                           std::span<const Protocol> protocols) noexcept
    : Object(kDefinition),
      installer_(installer),
      protocols_(protocols),
      pulls_(downloader != nullptr),
      transfer_(*this, sink, downloader) {}

bool FirmwareUpdateObject::connect(PackageStreams& streams) noexcept {
  transfer_.attach(streams);
  return streams.add(*this);
}

const FirmwareUpdateObject::Transition* FirmwareUpdateObject::find(State from, Event event) noexcept {
  const auto row = std::ranges::find_if(
      kTransitions, [&](const Transition& t) { return t.from == from && t.event == event; });
  return row == std::end(kTransitions) ? nullptr : row;
}

/// False, and nothing changed, where the state does not allow it.
bool FirmwareUpdateObject::happen(Event event, PackageResult result) noexcept {
  const Transition* transition = find(state_, event);
  if (transition == nullptr) return false;
  const State before = std::exchange(state_, transition->to);
  const PackageResult result_before = std::exchange(result_, result);
  if (state_ != before) changed(kInstance.child(kState));
  if (result_ != result_before) changed(kInstance.child(kUpdateResult));
  installer_.on_change();
  return true;
}

void FirmwareUpdateObject::on_package(PackageResult result) noexcept {
  const bool received = result == PackageResult::kSuccess;
  if (received) info_ = transfer_.info();
  happen(received ? Event::kReceived : Event::kFailed, received ? PackageResult::kInitial : result);
  if (received) changed(kInstance);
}

Result<void> FirmwareUpdateObject::reset() noexcept {
  if (find(state_, Event::kReset) == nullptr) return fail(Errc::kNotAllowed);
  transfer_.discard();
  uri_.clear();
  info_.clear();
  happen(Event::kReset);
  changed(kInstance);
  return {};
}

FirmwareRecord FirmwareUpdateObject::record() const noexcept {
  FirmwareRecord record{.state = state_, .result = result_, .info = info_, .uri = uri_, .etag = {}};
  if (!transfer_.pulls()) return record;
  record.offset = transfer_.offset();
  record.etag.assign(transfer_.etag());
  return record;
}

void FirmwareUpdateObject::restore(const FirmwareRecord& record) noexcept {
  state_ = record.state;
  result_ = record.result;
  info_ = record.info;
  uri_ = record.uri;
  if (state_ != State::kDownloading) return;
  if (uri_.view().empty())
    happen(Event::kFailed, PackageResult::kConnectionLost);
  else
    transfer_.resume(uri_.view(), record.offset, record.etag.view());
}

void FirmwareUpdateObject::updated(bool success) noexcept {
  if (state_ != State::kUpdating) return;
  happen(success ? Event::kUpdated : Event::kFailed,
         success ? PackageResult::kSuccess : PackageResult::kUpdateFailed);
}

/// A download that was begun is ended by writing what was there before. Where values are not kept there is
/// nothing to put back: it goes on.
bool FirmwareUpdateObject::memory(FunctionRef<void(ByteSpan)> /*part*/) noexcept {
  return !kSnapshots;
}

Instant FirmwareUpdateObject::step(Instant now) noexcept {
  if (std::exchange(install_, false) && !installer_.install()) updated(false);
  return transfer_.step(now);
}

InstanceId FirmwareUpdateObject::next_instance(InstanceId from) const noexcept {
  return from == 0 ? InstanceId{0} : kMaxId;
}

bool FirmwareUpdateObject::has(InstanceId, const ResourceDefinition& resource) const noexcept {
  switch (resource.id) {
    case kName: return !info_.name.view().empty();
    case kVersion: return !info_.version.view().empty();
    case kProtocolSupport: return !protocols_.empty();
    default: return true;
  }
}

InstanceId FirmwareUpdateObject::next_resource_instance(InstanceId, ResourceId resource,
                                                        InstanceId from) const noexcept {
  return resource == kProtocolSupport && from < protocols_.size() ? from : kMaxId;
}

Result<Value> FirmwareUpdateObject::read(const Path& path) noexcept {
  switch (path.resource()) {
    case kPackageUri: return Value::string(uri_.view());
    case kState: return Value::integer(static_cast<std::int64_t>(state_));
    case kUpdateResult: return Value::integer(static_cast<std::int64_t>(result_));
    case kName: return Value::string(info_.name.view());
    case kVersion: return Value::string(info_.version.view());
    case kProtocolSupport:
      if (path.depth() != 4 || path.resource_instance() >= protocols_.size()) return fail(Errc::kNotFound);
      return Value::integer(protocols_[path.resource_instance()]);
    case kDeliveryMethod: return Value::integer(pulls_ ? kPushAndPull : kPushOnly);
    default: return fail(Errc::kNotFound);
  }
}

Result<void> FirmwareUpdateObject::validate(const Path& path, const Value& value) const noexcept {
  if (path.resource() == kPackageUri && value.as_string().size() > PackageTransfer::kMaxUri)
    return fail(Errc::kInvalidArgument);
  const Event event = empties(value) ? Event::kReset : Event::kBegin;
  return find(state_, event) != nullptr ? Result<void>() : fail(Errc::kNotAllowed);
}

Result<void> FirmwareUpdateObject::write(const Path& path, const Value& value) noexcept {
  if (empties(value)) return reset();
  if (path.resource() == kPackage) {
    const ByteView bytes = value.as_opaque();
    const auto begun = begin_package(path, static_cast<std::uint32_t>(bytes.size()));
    return begun ? take_package(path, bytes, true) : begun;
  }
  if (!happen(Event::kBegin)) return fail(Errc::kNotAllowed);
  uri_.assign(value.as_string());
  transfer_.pull(uri_.view());
  installer_.on_change();
  return {};
}

Result<void> FirmwareUpdateObject::execute(const Path&, std::string_view) noexcept {
  if (!happen(Event::kUpdate)) return fail(Errc::kNotAllowed);
  install_ = true;
  return {};
}

bool FirmwareUpdateObject::takes_package(const Path& path) const noexcept {
  return path == kInstance.child(kPackage);
}

Result<void> FirmwareUpdateObject::begin_package(const Path&, std::optional<std::uint32_t> size) noexcept {
  if (!happen(Event::kBegin)) return fail(Errc::kNotAllowed);
  uri_.clear();
  const PackageResult begun = transfer_.begin(size);
  if (begun != PackageResult::kInitial) happen(Event::kFailed, begun);
  return package_answer(begun);
}

Result<void> FirmwareUpdateObject::take_package(const Path&, ByteView bytes, bool last) noexcept {
  // It may have been reset meanwhile.
  if (!transfer_.active() || transfer_.pulls())
    return fail(Errc::kClosed, static_cast<std::uint8_t>(coap::Code::kRequestEntityIncomplete));
  const PackageResult taken = transfer_.take(bytes, last);
  // A package that is whole was written; what was found in it is for Update Result.
  return last ? Result<void>() : package_answer(taken);
}

void FirmwareUpdateObject::break_package(const Path&) noexcept {
  if (!transfer_.active() || transfer_.pulls()) return;
  transfer_.reset();
  happen(Event::kFailed, PackageResult::kConnectionLost);
}

}  // namespace linnet::client
