// SPDX-License-Identifier: Apache-2.0
// Register, Update and De-register (Core 1.1 §6.2, TS 6.4.3, table 6.7-2), and what must be on disk
// before they are answered.
#pragma once

#include <array>
#include <vector>

#include "linnet/coap/endpoint.hpp"
#include "linnet/server/change_table.hpp"
#include "linnet/server/device_management.hpp"
#include "linnet/server/device_queue.hpp"
#include "linnet/server/engine.hpp"
#include "linnet/server/object_list_cache.hpp"
#include "linnet/server/registration_table.hpp"

namespace linnet::server {

class RegistrationInterface {
 public:
  void init(const EngineConfig& config, coap::Endpoint& endpoint, RegistrationTable& registrations,
            DeviceManagement& management, DeviceQueue& queue, Listener& listener, Random& random) noexcept;

  /// POST /rd
  [[nodiscard]] coap::Reply register_device(const coap::IncomingRequest& request, coap::DeferredId deferred,
                                            Instant now) noexcept;
  /// POST and DELETE /rd/{location}
  [[nodiscard]] coap::Reply update(std::string_view location, const coap::IncomingRequest& request,
                                   coap::DeferredId deferred, Instant now) noexcept;
  [[nodiscard]] coap::Reply deregister(std::string_view location, const coap::IncomingRequest& request,
                                       coap::DeferredId deferred, Instant now) noexcept;

  /// The device of a live registration spoke over this link, and may: it is reached there from now on.
  void follow(std::uint32_t index, coap::LinkId link, Instant now) noexcept;
  /// The registration whose device speaks over this link, in words that do not name it: its newest one, or
  /// that of the endpoint that the link has proved to be, which then follows it. kNone.
  [[nodiscard]] std::uint32_t sender(coap::LinkId link, Instant now) noexcept;

  void committed(Ticket ticket, Instant now) noexcept;
  void refused(Ticket ticket, Instant now) noexcept;

  /// Ends a live registration and all that hangs on it.
  void end(std::uint32_t index, EndReason why, Instant now) noexcept;
  /// The same, and has the store forget it where it keeps anything.
  void end_for_good(std::uint32_t index, EndReason why, Instant now) noexcept;
  /// Ends those whose time is over.
  void step(Instant now) noexcept;
  /// Takes every registration off a link.
  void drop(coap::LinkId link) noexcept;

  /// Fills the numbers that are counted here.
  void count(EngineStatistics& statistics) const noexcept;

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  /// What the Uri-Query options and the payload of a request say, in the scratch memory.
  struct Parsed {
    lwm2m::RegistrationParameters parameters;
    std::size_t extras = 0;  ///< bytes in extras_
    ByteView objects;        ///< compact, empty where there was no payload
  };
  [[nodiscard]] Result<Parsed> parse(const coap::IncomingRequest& request) noexcept;
  [[nodiscard]] Result<ByteView> parse_objects(const coap::IncomingRequest& request) noexcept;
  [[nodiscard]] Result<void> keep_extra(ByteWriter& out, std::string_view name,
                                        std::string_view value) const noexcept;

  /// The name that a device on this link has within the server: its own, or in its tenant. kTooLarge.
  [[nodiscard]] Result<std::string_view> name_within(std::string_view endpoint, coap::LinkId link) noexcept;
  [[nodiscard]] coap::Reply refuse(coap::Code code) noexcept;
  [[nodiscard]] coap::Reply refuse(const Error& error) noexcept;
  [[nodiscard]] coap::Reply created(std::uint32_t index) noexcept;
  [[nodiscard]] Change put(std::uint32_t index, std::optional<Ticket> ticket) const noexcept;
  void publish(std::uint32_t index, coap::LinkId link, Instant now) noexcept;
  /// The live registration that a location names, if this link may speak for it; kNone otherwise.
  [[nodiscard]] std::uint32_t locate(std::string_view location, coap::LinkId link) noexcept;
  [[nodiscard]] Result<UpdateChanges> apply(std::uint32_t index, const Parsed& parsed) noexcept;
  [[nodiscard]] Result<bool> merge_extras(std::uint32_t index, const Parsed& parsed) noexcept;
  void settle(const PendingChange& change, const coap::Reply& reply, Instant now) noexcept;
  /// A Register of that endpoint waits for the store.
  [[nodiscard]] bool registering(const RegistrationSlot& slot) noexcept;

  const EngineConfig* config_ = nullptr;
  coap::Endpoint* endpoint_ = nullptr;
  RegistrationTable* registrations_ = nullptr;
  DeviceManagement* management_ = nullptr;
  DeviceQueue* queue_ = nullptr;
  Listener* listener_ = nullptr;
  ChangeTable changes_;
  ObjectListCache lists_;
  std::vector<std::uint8_t> extras_;             // scratch
  std::vector<std::uint8_t> merged_;             // scratch
  std::string name_;                             // scratch
  std::vector<std::uint8_t> objects_;            // scratch
  std::vector<lwm2m::ObjectListEntry> entries_;  // scratch
  RegistrationId::Text location_{};              // what a Reply points to
  EngineStatistics counted_;
};

}  // namespace linnet::server
