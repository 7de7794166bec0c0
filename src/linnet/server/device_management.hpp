// SPDX-License-Identifier: Apache-2.0
// The server's side of Device Management and Information Reporting (Core 1.1 §6.3, §6.4): operations
// on their way to devices, their results, observations and notifications.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "linnet/coap/endpoint.hpp"
#include "linnet/server/device_request.hpp"
#include "linnet/server/engine.hpp"
#include "linnet/server/observation_table.hpp"
#include "linnet/server/operation_table.hpp"
#include "linnet/server/registration_table.hpp"

namespace linnet::server {

class DeviceQueue;

class DeviceManagement {
 public:
  void init(const EngineConfig& config, coap::Endpoint& endpoint, RegistrationTable& registrations,
            DeviceQueue& queue, const Models& models, Listener& listener, Random& random) noexcept;

  // As in Engine.
  [[nodiscard]] Result<OperationId> perform(RegistrationId registration, const Operation& operation,
                                            Instant now) noexcept;
  void abandon(OperationId operation, Instant now) noexcept;
  [[nodiscard]] Result<void> forget_observation(ObservationId observation, Instant now) noexcept;
  [[nodiscard]] std::optional<ObservationId> find_observation(RegistrationId registration,
                                                              const Observed& observed) const noexcept;
  void for_each_observation(RegistrationId registration,
                            FunctionRef<void(ObservationId, const Observed&)> visit) const noexcept;

  [[nodiscard]] Result<std::size_t> encode_observation(ObservationId observation,
                                                       ByteSpan out) const noexcept;
  [[nodiscard]] Result<ObservationId> restore_observation(ByteView record, Instant now) noexcept;

  // From the endpoint.
  void on_response(coap::RequestId request, const coap::IncomingResponse& response, Instant now) noexcept;
  void on_failure(coap::RequestId request, Errc why, Instant now) noexcept;
  /// The registration whose observation this notification is of; kNone where there is none, or where the
  /// link may not speak for it.
  [[nodiscard]] std::uint32_t notifying(const coap::IncomingResponse& response) const noexcept;
  /// Of a registration that `notifying` found.
  void on_notification(const coap::IncomingResponse& response, Instant now) noexcept;

  /// Fails the operations and ends the observations of a registration that is about to go.
  void end(std::uint32_t registration, Instant now) noexcept;
  /// Fails what has waited too long.
  void step(Instant now) noexcept;
  [[nodiscard]] Instant next_deadline() const noexcept { return operations_.next_deadline(); }

  [[nodiscard]] std::uint32_t operations() const noexcept { return operations_.size(); }
  [[nodiscard]] std::uint32_t observations() const noexcept { return observations_.size(); }
  [[nodiscard]] std::uint64_t notified() const noexcept { return notified_; }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  [[nodiscard]] std::string_view alternate_path_of(std::uint32_t registration) const noexcept;
  [[nodiscard]] std::optional<lwm2m::ContentFormat> accept_for(std::uint32_t registration,
                                                               const Operation& operation) const noexcept;
  void fill(DeviceRequest& wire, std::uint32_t index, const Operation& operation) const noexcept;
  [[nodiscard]] Result<void> fill_composite(DeviceRequest& wire, std::uint32_t index,
                                            const Operation& operation) noexcept;
  [[nodiscard]] Result<void> name_paths(DeviceRequest& wire, std::span<const lwm2m::Path> paths,
                                        lwm2m::ContentFormat format) noexcept;
  [[nodiscard]] Result<OperationId> start(std::uint32_t index, const Operation& operation,
                                          Instant now) noexcept;
  [[nodiscard]] Result<OperationId> cancel_observe(std::uint32_t index, const Operation& operation,
                                                   Instant now) noexcept;
  [[nodiscard]] Result<OperationId> submit(std::uint32_t index, const Operation& operation,
                                           coap::OutgoingRequest& request,
                                           std::optional<ObservationId> observation, Instant now) noexcept;
  PendingOperation take(std::uint32_t operation) noexcept;
  void report(OperationId id, const OperationResult& result, Instant now) noexcept;
  void fail_operation(std::uint32_t index, Errc why, Instant now) noexcept;

  // observing.cpp
  [[nodiscard]] Result<std::uint32_t> ask_observation(std::uint32_t index, const Observed& observed,
                                                      std::optional<std::uint16_t> accept) noexcept;
  [[nodiscard]] std::optional<ObservationId> finish_observe(const PendingOperation& pending,
                                                            const coap::IncomingResponse& response,
                                                            Instant now) noexcept;
  void fetch_rest(std::uint32_t index, const coap::IncomingResponse& first, Instant now) noexcept;
  void finish_rest(const PendingOperation& pending, const coap::IncomingResponse& response,
                   Instant now) noexcept;
  void notified(std::uint32_t index, const coap::IncomingResponse& response, Instant now) noexcept;
  void drop_observation(std::uint32_t index) noexcept;
  void end_observation(std::uint32_t index, ObservationEnd why, Instant now) noexcept;
  void tell_store(Change::Kind kind, ObservationId id, Instant now) noexcept;
  [[nodiscard]] bool speaks_for(std::uint32_t registration, coap::LinkId link) const noexcept;

  const EngineConfig* config_ = nullptr;
  coap::Endpoint* endpoint_ = nullptr;
  RegistrationTable* registrations_ = nullptr;
  DeviceQueue* queue_ = nullptr;
  const Models* models_ = nullptr;
  Listener* listener_ = nullptr;
  OperationTable operations_;
  ObservationTable observations_;
  std::vector<std::uint8_t> names_;  // scratch: the payload that names the paths of a composite operation
  std::uint64_t notified_ = 0;
};

}  // namespace linnet::server
