// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/device_management.hpp"

#include "linnet/server/device_request.hpp"

namespace linnet::server {
namespace {

std::optional<lwm2m::ContentFormat> format_of(std::optional<std::uint16_t> number) noexcept {
  if (!number) return std::nullopt;
  return static_cast<lwm2m::ContentFormat>(*number);
}

std::string_view alternate_path_of(ByteView objects) noexcept {
  const auto root = lwm2m::CompactObjectList(objects).root();
  return root ? root->alternate_path : std::string_view{};
}

bool reads(OperationKind kind) noexcept {
  return kind == OperationKind::kRead || kind == OperationKind::kObserve;
}

}  // namespace

void DeviceManagement::init(const EngineConfig& config, coap::Endpoint& endpoint,
                            RegistrationTable& registrations, const Models& models, Listener& listener,
                            Random& random) noexcept {
  config_ = &config;
  endpoint_ = &endpoint;
  registrations_ = &registrations;
  models_ = &models;
  listener_ = &listener;
  operations_.init(config.max_operations);
  observations_.init(config.max_observations, random);
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
  const auto possible = check_operation(operation);
  if (!possible) return std::unexpected(possible.error());
  RegistrationSlot& slot = (*registrations_)[index];
  if (slot.link == kNone) return fail(Errc::kClosed);
  if (operations_.full() || slot.operation_count >= config_->max_operations_per_device)
    return fail(Errc::kBusy);
  return operation.kind == OperationKind::kCancelObserve ? cancel_observe(index, operation, now)
                                                         : start(index, operation, now);
}

Result<OperationId> DeviceManagement::start(std::uint32_t index, const Operation& operation,
                                            Instant now) noexcept {
  RegistrationSlot& slot = (*registrations_)[index];
  DeviceRequest wire(operation.kind, alternate_path_of(registrations_->objects_of(slot)), operation.path);
  const auto accept = accept_for(index, operation);
  if (accept) wire.request.accept = static_cast<std::uint16_t>(*accept);
  if (operation.format && !reads(operation.kind)) {
    wire.request.content_format = static_cast<std::uint16_t>(*operation.format);
  }
  wire.request.payload = operation.payload;
  if (operation.kind == OperationKind::kExecute && !operation.arguments.empty()) {
    wire.request.content_format = static_cast<std::uint16_t>(lwm2m::ContentFormat::kText);
    wire.request.payload = as_bytes(operation.arguments);
  }
  if (operation.kind == OperationKind::kWriteAttributes) wire.attributes(operation.attributes);
  if (operation.kind != OperationKind::kObserve)
    return submit(index, operation, wire.request, std::nullopt, now);

  const auto observation = ask_observation(index, operation.path, accept);
  if (!observation) return std::unexpected(observation.error());
  wire.request.observe = 0;
  wire.request.token = observations_.token_of(*observation);
  const auto started = submit(index, operation, wire.request, observations_.id_of(*observation), now);
  if (!started) drop_observation(*observation);
  return started;
}

Result<OperationId> DeviceManagement::cancel_observe(std::uint32_t index, const Operation& operation,
                                                     Instant now) noexcept {
  RegistrationSlot& slot = (*registrations_)[index];
  const std::uint32_t observation = observations_.find(slot.observations, operation.path);
  if (observation == kNone || observations_[observation].state != Observation::State::kActive) {
    return fail(Errc::kNotFound);
  }
  DeviceRequest wire(operation.kind, alternate_path_of(registrations_->objects_of(slot)), operation.path);
  wire.request.observe = 1;
  wire.request.token = observations_.token_of(observation);
  // All options must be those of the request that asked for it (RFC 7641 §3.6).
  if (observations_[observation].accept != Observation::kNoAccept) {
    wire.request.accept = observations_[observation].accept;
  }
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
  }
  if (pending.kind == OperationKind::kObserve) result.observation = finish_observe(pending, response, now);
  listener_->on_result(id, result, now);
}

void DeviceManagement::on_failure(coap::RequestId request, Errc why, Instant now) noexcept {
  const std::uint32_t index = operations_.find(request);
  if (index != kNone) fail_operation(index, why, now);
}

void DeviceManagement::fail_operation(std::uint32_t index, Errc why, Instant now) noexcept {
  const OperationId id = operations_.id_of(index);
  const PendingOperation pending = take(index);
  if (pending.rest) return;
  if (pending.kind == OperationKind::kObserve) {
    const std::uint32_t observation = observations_.find(*pending.observation);
    if (observation != kNone) drop_observation(observation);
  }
  OperationResult result;
  result.registration = registrations_->id_of(pending.registration);
  result.kind = pending.kind;
  result.path = pending.path;
  result.failure = why;
  listener_->on_result(id, result, now);
}

void DeviceManagement::abandon(OperationId operation, Instant now) noexcept {
  const std::uint32_t index = operations_.find(operation);
  if (index == kNone) return;
  const PendingOperation pending = take(index);
  endpoint_->cancel(pending.request, now);
  if (pending.kind != OperationKind::kObserve) return;
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
