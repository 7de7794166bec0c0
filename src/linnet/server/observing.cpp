// SPDX-License-Identifier: Apache-2.0
// Notifications and the end of observations: the part of DeviceManagement that is Information
// Reporting (Core 1.1 §6.4, RFC 7641).
#include "linnet/server/device_management.hpp"
#include "linnet/server/device_queue.hpp"
#include "linnet/server/observation_record.hpp"

namespace linnet::server {

Result<std::uint32_t> DeviceManagement::ask_observation(std::uint32_t index, const Observed& observed,
                                                        std::optional<std::uint16_t> accept) noexcept {
  RegistrationSlot& slot = (*registrations_)[index];
  if (observations_.find(slot.observations, observed) != kNone) return fail(Errc::kExists);
  if (slot.observation_count >= config_->max_observations_per_device) return fail(Errc::kBusy);
  const std::uint32_t observation = observations_.add(index, slot.observations, observed, accept);
  if (observation == kNone) return fail(Errc::kBusy);
  ++slot.observation_count;
  return observation;
}

std::optional<ObservationId> DeviceManagement::finish_observe(const PendingOperation& pending,
                                                              const coap::IncomingResponse& response,
                                                              Instant now) noexcept {
  const std::uint32_t index = observations_.find(*pending.observation);
  if (index == kNone) return std::nullopt;
  if (!coap::is_success(response.code) || !response.observe) {
    drop_observation(index);
    return std::nullopt;
  }
  observations_[index].state = Observation::State::kActive;
  observations_[index].came(*response.observe, now);
  tell_store(Change::Kind::kPut, *pending.observation, now);
  return pending.observation;
}

void DeviceManagement::tell_store(Change::Kind kind, ObservationId id, Instant now) noexcept {
  if (config_->durable) listener_->on_observation_change({kind, id}, now);
}

Result<std::size_t> DeviceManagement::encode_observation(ObservationId id, ByteSpan out) const noexcept {
  const std::uint32_t index = observations_.find(id);
  if (index == kNone) return fail(Errc::kNotFound);
  const Observation& observation = observations_[index];
  return encode_record(ObservationRecord{registrations_->id_of(observation.registration), id,
                                         observation.accept, observations_.observed(index)},
                       out);
}

Result<ObservationId> DeviceManagement::restore_observation(ByteView bytes, Instant now) noexcept {
  std::vector<lwm2m::Path> paths(config_->max_composite_paths);
  const auto record = decode_observation(bytes, paths);
  if (!record) return std::unexpected(record.error());
  const std::uint32_t place = registrations_->find(record->registration);
  if (place == kNone) return fail(Errc::kNotFound);
  RegistrationSlot& slot = (*registrations_)[place];
  if (observations_.find(slot.observations, record->observed) != kNone) return fail(Errc::kExists);
  const auto added =
      observations_.add_at(record->id, place, slot.observations, record->observed, record->accept);
  if (!added) return std::unexpected(added.error());
  observations_[*added].state = Observation::State::kActive;
  observations_[*added].take_any(now);
  ++slot.observation_count;
  return record->id;
}

std::uint32_t DeviceManagement::notifying(const coap::IncomingResponse& response) const noexcept {
  const std::uint32_t index = observations_.find(response.token);
  if (index == kNone || observations_[index].state != Observation::State::kActive) return kNone;
  const std::uint32_t registration = observations_[index].registration;
  return speaks_for(registration, response.link) ? registration : kNone;
}

void DeviceManagement::on_notification(const coap::IncomingResponse& response, Instant now) noexcept {
  const std::uint32_t index = observations_.find(response.token);
  if (!coap::is_success(response.code) || !response.observe) {
    // An error, or a value with which the device says that no other will follow.
    notified(index, response, now);
    end_observation(index, ObservationEnd::kError, now);
    return;
  }
  if (!response.in_order && !observations_[index].newer(*response.observe, now)) return;
  observations_[index].came(*response.observe, now);
  if (response.more) {
    fetch_rest(index, response, now);
  } else {
    notified(index, response, now);
  }
}

/// A token is a secret of the link it was sent over. Behind a NAT the device may have moved on
/// without knowing: the same rule as for an Update.
bool DeviceManagement::speaks_for(std::uint32_t registration, coap::LinkId link) const noexcept {
  const RegistrationSlot& slot = (*registrations_)[registration];
  if (slot.link == coap::index(link)) return true;
  return config_->follow_address && listener_->admit(link, registrations_->name_of(slot)).has_value();
}

void DeviceManagement::notified(std::uint32_t index, const coap::IncomingResponse& response,
                                Instant now) noexcept {
  const Observation& observation = observations_[index];
  const RegistrationSlot& slot = (*registrations_)[observation.registration];
  Notified event;
  event.registration = registrations_->id_of(observation.registration);
  event.observation = observations_.id_of(index);
  event.endpoint = registrations_->name_of(slot);
  const Observed observed = observations_.observed(index);
  event.path = observed.path;
  event.paths = observed.paths;
  event.code = response.code;
  if (response.content_format) event.format = static_cast<lwm2m::ContentFormat>(*response.content_format);
  event.payload = response.payload;
  ++notified_;
  listener_->on_notified(event, now);
}

void DeviceManagement::fetch_rest(std::uint32_t index, const coap::IncomingResponse& first,
                                  Instant now) noexcept {
  const Observation& observation = observations_[index];
  RegistrationSlot& slot = (*registrations_)[observation.registration];
  if (operations_.full()) return;
  DeviceRequest wire(observation.composite() ? OperationKind::kReadComposite : OperationKind::kRead,
                     alternate_path_of(observation.registration), observation.path());
  if (observation.accept != Observation::kNoAccept) wire.request.accept = observation.accept;
  if (observation.composite()) wire.request.content_format = observation.accept;
  wire.request.timeout = config_->operation_timeout;
  const auto sent = endpoint_->request_rest(first.link, wire.request, first, now);
  if (!sent) return;
  PendingOperation pending;
  pending.request = *sent;
  pending.registration = observation.registration;
  pending.rest = true;
  pending.sequence = observation.sequence;
  pending.observation = observations_.id_of(index);
  pending.path = observation.path();
  ++slot.operation_count;
  operations_.add(pending, slot.operations, now + config_->operation_timeout);
}

void DeviceManagement::finish_rest(const PendingOperation& pending, const coap::IncomingResponse& response,
                                   Instant now) noexcept {
  const std::uint32_t index = observations_.find(*pending.observation);
  // Not when it was cancelled meanwhile, and not when a newer value has overtaken it.
  if (index == kNone || observations_[index].sequence != pending.sequence) return;
  if (coap::is_success(response.code)) notified(index, response, now);
}

void DeviceManagement::drop_observation(std::uint32_t index) noexcept {
  RegistrationSlot& slot = (*registrations_)[observations_[index].registration];
  observations_.remove(index, slot.observations);
  --slot.observation_count;
}

void DeviceManagement::end_observation(std::uint32_t index, ObservationEnd why, Instant now) noexcept {
  const Observation ended = observations_[index];
  const ObservationId id = observations_.id_of(index);
  const Observed observed = observations_.observed(index);
  drop_observation(index);
  if (ended.state != Observation::State::kActive) return;
  tell_store(Change::Kind::kErase, id, now);
  listener_->on_observation_ended(id, registrations_->id_of(ended.registration), observed, why, now);
}

Result<void> DeviceManagement::forget_observation(ObservationId observation, Instant now) noexcept {
  const std::uint32_t index = observations_.find(observation);
  if (index == kNone || observations_[index].state != Observation::State::kActive)
    return fail(Errc::kNotFound);
  end_observation(index, ObservationEnd::kCancelled, now);
  return {};
}

std::optional<ObservationId> DeviceManagement::find_observation(RegistrationId registration,
                                                                const Observed& observed) const noexcept {
  const std::uint32_t place = registrations_->find(registration);
  if (place == kNone) return std::nullopt;
  const std::uint32_t index = observations_.find((*registrations_)[place].observations, observed);
  if (index == kNone || observations_[index].state != Observation::State::kActive) return std::nullopt;
  return observations_.id_of(index);
}

void DeviceManagement::for_each_observation(
    RegistrationId registration, FunctionRef<void(ObservationId, const Observed&)> visit) const noexcept {
  const std::uint32_t place = registrations_->find(registration);
  if (place == kNone) return;
  for (std::uint32_t index = (*registrations_)[place].observations; index != kNone;
       index = observations_[index].next) {
    if (observations_[index].state == Observation::State::kActive) {
      visit(observations_.id_of(index), observations_.observed(index));
    }
  }
}

}  // namespace linnet::server
