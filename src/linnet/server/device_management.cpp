// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/device_management.hpp"

#include "linnet/server/device_queue.hpp"

namespace linnet::server {
namespace {

std::optional<lwm2m::ContentFormat> format_of(std::optional<std::uint16_t> number) noexcept {
  if (!number) return std::nullopt;
  return static_cast<lwm2m::ContentFormat>(*number);
}

bool reads(OperationKind kind) noexcept {
  return kind == OperationKind::kRead || kind == OperationKind::kObserve;
}

bool observes(OperationKind kind) noexcept {
  return kind == OperationKind::kObserve || kind == OperationKind::kObserveComposite;
}

/// Room for the longest name of a record with what stands around it, in either format.
constexpr std::size_t kNameRoom = lwm2m::Path::kMaxText + 16;

}  // namespace

void DeviceManagement::init(const EngineConfig& config, coap::Endpoint& endpoint,
                            RegistrationTable& registrations, DeviceQueue& queue, const Models& models,
                            Listener& listener, Random& random) noexcept {
  config_ = &config;
  endpoint_ = &endpoint;
  registrations_ = &registrations;
  queue_ = &queue;
  models_ = &models;
  listener_ = &listener;
  operations_.init(config.max_operations);
  observations_.init(config, random);
  names_.resize(config.max_composite_paths * kNameRoom);
}

std::string_view DeviceManagement::alternate_path_of(std::uint32_t registration) const noexcept {
  const ByteView objects = registrations_->objects_of((*registrations_)[registration]);
  const auto root = lwm2m::CompactObjectList(objects).root();
  return root ? root->alternate_path : std::string_view{};
}

std::optional<lwm2m::ContentFormat> DeviceManagement::accept_for(std::uint32_t registration,
                                                                 const Operation& operation) const noexcept {
  if (operation.kind == OperationKind::kDiscover) return lwm2m::ContentFormat::kLinkFormat;
  if (!reads(operation.kind)) return std::nullopt;
  if (operation.format) return operation.format;
  const Registration view = registrations_->view(registration);
  const lwm2m::ResourceModel* resource = nullptr;
  if (operation.path.depth() >= 3) {
    const auto version = view.objects.version_of(operation.path.object());
    const lwm2m::ObjectModel* model =
        models_->find(operation.path.object(), version.value_or(lwm2m::kDefaultObjectVersion));
    if (model != nullptr) resource = model->find(operation.path.resource());
  }
  return read_format(formats_of(view), operation.path, resource);
}

Result<OperationId> DeviceManagement::perform(RegistrationId id, const Operation& operation,
                                              Instant now) noexcept {
  const std::uint32_t index = registrations_->find(id);
  if (index == kNone) return fail(Errc::kNotFound);
  const auto possible = check_operation(operation, config_->max_composite_paths);
  if (!possible) return std::unexpected(possible.error());
  RegistrationSlot& slot = (*registrations_)[index];
  if (slot.link == kNone) return fail(Errc::kClosed);
  if (operations_.full() || slot.operation_count >= config_->max_operations_per_device)
    return fail(Errc::kBusy);
  const bool cancels = operation.kind == OperationKind::kCancelObserve ||
                       operation.kind == OperationKind::kCancelObserveComposite;
  return cancels ? cancel_observe(index, operation, now) : start(index, operation, now);
}

void DeviceManagement::fill(DeviceRequest& wire, std::uint32_t index,
                            const Operation& operation) const noexcept {
  const auto accept = accept_for(index, operation);
  if (accept) wire.request.accept = static_cast<std::uint16_t>(*accept);
  if (operation.format && !reads(operation.kind)) {
    wire.request.content_format = static_cast<std::uint16_t>(*operation.format);
  }
  wire.request.payload = operation.payload;
  wire.request.lent = operation.lent;
  if (operation.kind == OperationKind::kExecute && !operation.arguments.empty()) {
    wire.request.content_format = static_cast<std::uint16_t>(lwm2m::ContentFormat::kText);
    wire.request.payload = as_bytes(operation.arguments);
  }
  if (operation.kind == OperationKind::kWriteAttributes) wire.attributes(operation.attributes);
}

Result<void> DeviceManagement::fill_composite(DeviceRequest& wire, std::uint32_t index,
                                              const Operation& operation) noexcept {
  const DeviceFormats device = formats_of(registrations_->view(index));
  if (device.version == lwm2m::LwM2mVersion::k1_0) return fail(Errc::kUnsupported);
  const auto format = operation.format ? operation.format : composite_format(device);
  if (!format) return fail(Errc::kUnsupported);
  if (operation.kind != OperationKind::kWriteComposite) return name_paths(wire, operation.paths, *format);
  wire.request.content_format = static_cast<std::uint16_t>(*format);
  wire.request.payload = operation.payload;
  wire.request.lent = operation.lent;
  return {};
}

/// Makes a FETCH of it: records that have a name and no value, and the answer in the same format.
Result<void> DeviceManagement::name_paths(DeviceRequest& wire, std::span<const lwm2m::Path> paths,
                                          lwm2m::ContentFormat format) noexcept {
  const auto walk = [paths](lwm2m::RecordSink sink) -> Result<void> {
    for (const lwm2m::Path& path : paths) {
      if (const auto taken = sink({path, {}, {}}); !taken) return taken;
    }
    return {};
  };
  const auto size = lwm2m::encode(format, lwm2m::Path(), walk, names_);
  if (!size) return std::unexpected(size.error());
  wire.request.content_format = wire.request.accept = static_cast<std::uint16_t>(format);
  wire.request.payload = ByteView(names_).first(*size);
  return {};
}

Result<OperationId> DeviceManagement::start(std::uint32_t index, const Operation& operation,
                                            Instant now) noexcept {
  DeviceRequest wire(operation.kind, alternate_path_of(index), operation.path);
  if (is_composite(operation.kind)) {
    if (const auto filled = fill_composite(wire, index, operation); !filled)
      return std::unexpected(filled.error());
  } else {
    fill(wire, index, operation);
  }
  if (!observes(operation.kind)) return submit(index, operation, wire.request, std::nullopt, now);

  const Observed observed = operation.paths.empty() ? Observed(operation.path) : Observed(operation.paths);
  const auto observation = ask_observation(index, observed, wire.request.accept);
  if (!observation) return std::unexpected(observation.error());
  wire.request.observe = 0;
  wire.request.token = observations_.token_of(*observation);
  const auto started = submit(index, operation, wire.request, observations_.id_of(*observation), now);
  if (!started) drop_observation(*observation);
  return started;
}

Result<OperationId> DeviceManagement::cancel_observe(std::uint32_t index, const Operation& operation,
                                                     Instant now) noexcept {
  const Observed observed = operation.paths.empty() ? Observed(operation.path) : Observed(operation.paths);
  const std::uint32_t observation = observations_.find((*registrations_)[index].observations, observed);
  if (observation == kNone || observations_[observation].state != Observation::State::kActive) {
    return fail(Errc::kNotFound);
  }
  DeviceRequest wire(operation.kind, alternate_path_of(index), operation.path);
  // All options must be those of the request that asked for it (RFC 7641 §3.6), and so must the paths.
  const std::uint16_t accept = observations_[observation].accept;
  if (observed.composite()) {
    const auto named = name_paths(wire, observed.paths, static_cast<lwm2m::ContentFormat>(accept));
    if (!named) return std::unexpected(named.error());
  } else if (accept != Observation::kNoAccept) {
    wire.request.accept = accept;
  }
  wire.request.observe = 1;
  wire.request.token = observations_.token_of(observation);
  const auto started = submit(index, operation, wire.request, std::nullopt, now);
  if (started) end_observation(observation, ObservationEnd::kCancelled, now);
  return started;
}

Result<OperationId> DeviceManagement::submit(std::uint32_t index, const Operation& operation,
                                             coap::OutgoingRequest& request,
                                             std::optional<ObservationId> observation, Instant now) noexcept {
  RegistrationSlot& slot = (*registrations_)[index];
  const Millis timeout = operation.timeout.count() > 0 ? operation.timeout : config_->operation_timeout;
  request.timeout = timeout;
  const auto sent = endpoint_->request(coap::LinkId{slot.link}, request, now);
  if (!sent) return std::unexpected(sent.error());
  PendingOperation pending;
  pending.request = *sent;
  pending.registration = index;
  pending.kind = operation.kind;
  pending.observation = observation;
  pending.path = operation.path;
  pending.instance = operation.instance;
  ++slot.operation_count;
  return operations_.id_of(operations_.add(pending, slot.operations, now + timeout));
}

PendingOperation DeviceManagement::take(std::uint32_t operation) noexcept {
  const PendingOperation taken = operations_[operation];
  RegistrationSlot& slot = (*registrations_)[taken.registration];
  operations_.remove(operation, slot.operations);
  --slot.operation_count;
  return taken;
}

void DeviceManagement::on_response(coap::RequestId request, const coap::IncomingResponse& response,
                                   Instant now) noexcept {
  const std::uint32_t index = operations_.find(request);
  if (index == kNone) return;
  const OperationId id = operations_.id_of(index);
  const PendingOperation pending = take(index);
  queue_->heard(pending.registration, now);
  if (pending.rest) return finish_rest(pending, response, now);

  OperationResult result;
  result.registration = registrations_->id_of(pending.registration);
  result.kind = pending.kind;
  result.path = pending.path;
  result.code = response.code;
  result.format = format_of(response.content_format);
  result.payload = response.payload;
  if (pending.kind == OperationKind::kCreate && response.code == coap::Code::kCreated) {
    result.created = created_instance(pending.path, response.options);
    if (!result.created) result.created = pending.instance;
  }
  if (observes(pending.kind)) result.observation = finish_observe(pending, response, now);
  report(id, result, now);
}

void DeviceManagement::report(OperationId id, const OperationResult& result, Instant now) noexcept {
  if (!queue_->took(id, result, now)) listener_->on_result(id, result, now);
}

void DeviceManagement::on_failure(coap::RequestId request, Errc why, Instant now) noexcept {
  const std::uint32_t index = operations_.find(request);
  if (index != kNone) fail_operation(index, why, now);
}

void DeviceManagement::fail_operation(std::uint32_t index, Errc why, Instant now) noexcept {
  const OperationId id = operations_.id_of(index);
  const PendingOperation pending = take(index);
  if (pending.rest) return;
  if (observes(pending.kind)) {
    const std::uint32_t observation = observations_.find(*pending.observation);
    if (observation != kNone) drop_observation(observation);
  }
  OperationResult result;
  result.registration = registrations_->id_of(pending.registration);
  result.kind = pending.kind;
  result.path = pending.path;
  result.failure = why;
  report(id, result, now);
}

void DeviceManagement::abandon(OperationId operation, Instant now) noexcept {
  const std::uint32_t index = operations_.find(operation);
  if (index == kNone) return;
  const PendingOperation pending = take(index);
  endpoint_->cancel(pending.request, now);
  if (!observes(pending.kind)) return;
  const std::uint32_t observation = observations_.find(*pending.observation);
  if (observation != kNone) drop_observation(observation);
}

void DeviceManagement::step(Instant now) noexcept {
  operations_.advance(now, [&](std::uint32_t index) {
    endpoint_->cancel(operations_[index].request, now);
    fail_operation(index, Errc::kTimeout, now);
  });
}

void DeviceManagement::end(std::uint32_t registration, Instant now) noexcept {
  RegistrationSlot& slot = (*registrations_)[registration];
  while (slot.operations != kNone) {
    endpoint_->cancel(operations_[slot.operations].request, now);
    fail_operation(slot.operations, Errc::kClosed, now);
  }
  while (slot.observations != kNone) end_observation(slot.observations, ObservationEnd::kRegistration, now);
}

}  // namespace linnet::server
