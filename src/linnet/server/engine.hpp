// SPDX-License-Identifier: Apache-2.0
// The management server without I/O: datagrams and the time go in; datagrams (through Links), calls
// of a Listener and the next deadline come out. One engine is one shard: it shares nothing and is
// called by one thread (ARCHITECTURE.md, decisions 1 and 4).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "linnet/base/function_ref.hpp"
#include "linnet/base/random.hpp"
#include "linnet/base/time.hpp"
#include "linnet/coap/endpoint.hpp"
#include "linnet/server/event.hpp"
#include "linnet/server/formats.hpp"
#include "linnet/server/operation.hpp"
#include "linnet/server/queued_operation.hpp"
#include "linnet/server/registration.hpp"

namespace linnet::server {

/// What the engine asks of whoever owns the links, beside coap::Links.
class LinkDirectory {
 public:
  static constexpr std::size_t kMaxAddress = 20;  ///< bytes
  /// The link to a peer that was written down by `address` before a restart; nothing when it cannot
  /// be reached without speaking first.
  [[nodiscard]] virtual std::optional<coap::LinkId> open(ByteView address) noexcept = 0;
  /// Writes what `open` takes into `out` (kMaxAddress bytes); 0 when there is nothing worth keeping.
  [[nodiscard]] virtual std::size_t address(coap::LinkId link, ByteSpan out) noexcept = 0;

 protected:
  ~LinkDirectory() = default;
};

/// Every limit of an engine.
struct EngineConfig {
  std::uint8_t shard = 0;                     ///< in every location that this engine gives
  std::uint32_t max_registrations = 100'000;  ///< up to RegistrationId::kMaxIndex; more get 5.03
  std::uint32_t max_observations = 200'000;   ///< up to 2^24 - 1
  std::uint16_t max_observations_per_device = 64;
  std::uint16_t max_composite_paths = 64;  ///< of one composite operation
  std::uint32_t max_operations = 4096;     ///< under way, all devices
  std::uint16_t max_operations_per_device = 16;
  std::uint32_t max_changes = 8192;  ///< durable changes that wait for the store; more get 5.03
  /// Names, object lists and extra parameters together; as much again for paths of composite observations.
  std::uint32_t max_string_bytes = 1U << 30U;
  std::uint16_t max_object_list = 8192;      ///< bytes of one, compact; larger gets 4.13
  std::uint16_t max_extra_parameters = 512;  ///< bytes of one registration's; more gets 4.00
  std::uint32_t min_lifetime = 1;            ///< seconds; shorter ones are kept as this
  Seconds lifetime_grace{45};                ///< beyond `lt`: MAX_TRANSMIT_SPAN of an Update sent at its end
  Seconds restart_grace{60};                 ///< added to what `restore` brings back
  Millis operation_timeout{120'000};
  /// How long a device in queue mode is awake after a message of its own: MAX_TRANSMIT_WAIT (TS 6.5).
  Millis awake_window = coap::TransmissionParameters{}.max_transmit_wait();
  std::uint32_t max_queued = 65'536;  ///< operations that wait, all devices
  std::uint32_t max_queued_per_device = 64;
  std::size_t max_queued_bytes = 64U << 20U;  ///< of those and of the results kept
  std::uint32_t max_results = 4096;           ///< of queued operations that are kept; the oldest goes first
  Seconds keep_results{3600};                 ///< after their end
  static constexpr Seconds kLongestHold{365 * 86'400};
  /// An Update from another address takes the registration there: behind a NAT a device cannot know
  /// that its address changed. TS 6.4.3 wants it to register anew; false insists on that with 4.04.
  bool follow_address = true;
  bool durable = false;  ///< answer Register and De-register after `committed`
  coap::EndpointConfig endpoint = server_endpoint_config();
  /// Fresh pages, `Engine::endpoint_memory` bytes of zeros that outlive the engine, for the endpoint's
  /// tables: only what is used of them costs. Empty: the engine makes its own and touches all of it.
  std::span<std::byte> endpoint_pages;

  /// What an endpoint needs for a server of 100,000 links.
  [[nodiscard]] static coap::EndpointConfig server_endpoint_config() noexcept;
};

struct EngineStatistics {
  std::uint32_t registrations = 0, observations = 0, operations = 0, queued = 0, object_lists = 0;
  std::uint64_t registered = 0, updated = 0, deregistered = 0, expired = 0, notified = 0, refused = 0,
                sent = 0;
};

class Engine {
 public:
  Engine() noexcept;
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Makes all tables. All references must outlive the engine. kInvalidArgument for a config out of
  /// range, kNoSpace when there is no memory. Call once.
  [[nodiscard]] Result<void> init(const EngineConfig& config, coap::Links& links, LinkDirectory& directory,
                                  Random& random, const Models& models, Listener& listener) noexcept;

  /// The bytes that the endpoint's tables take.
  [[nodiscard]] static std::size_t endpoint_memory(const EngineConfig& config) noexcept;

  /// From now on messages are protected as `protection` says (coap/protection.hpp), which outlives the
  /// engine.
  void protect_by(coap::Protection& protection) noexcept;

  /// One datagram from a link. Any bytes at all.
  void receive(coap::LinkId link, ByteView datagram, Instant now) noexcept;
  /// Does what is due and returns when to call again.
  Instant step(Instant now) noexcept;
  [[nodiscard]] Instant next_deadline() const noexcept;
  /// Asks the processor for the lines that `receive` will touch.
  void prefetch(coap::LinkId link) const noexcept;

  /// The link is gone: what is under way over it fails with kClosed, its registrations stay without one.
  void drop(coap::LinkId link, Instant now) noexcept;
  /// True when no registration uses the link and nothing is under way over it: its id may be given to
  /// another peer, after `drop`, at the price of what deduplication remembers of the first one.
  [[nodiscard]] bool quiet(coap::LinkId link) const noexcept;
  /// True when it is quiet and the endpoint remembers nothing of it: that costs nothing.
  [[nodiscard]] bool idle(coap::LinkId link, Instant now) const noexcept;

  // Operations and observations.

  /// Starts an operation; its result comes through Listener::on_result, never inside this call.
  /// kNotFound: no such registration. kClosed: it has no link. kBusy: a bound is reached.
  /// kInvalidArgument: a path or payload that the operation cannot have. kExists: Observe of what is
  /// observed. kTooLarge: the payload exceeds the endpoint's max_body. kUnsupported: a composite operation
  /// on a device of LwM2M 1.0, or one that registered neither SenML format.
  [[nodiscard]] Result<OperationId> perform(RegistrationId registration, const Operation& operation,
                                            Instant now) noexcept;
  /// Forgets an operation; no result comes. Unknown ids are ignored.
  void abandon(OperationId operation, Instant now) noexcept;
  /// Cancels an observation without telling the device: its next notification gets a Reset
  /// (RFC 7641 §3.6). Unknown ids give kNotFound.
  [[nodiscard]] Result<void> forget_observation(ObservationId observation, Instant now) noexcept;
  [[nodiscard]] std::optional<ObservationId> find_observation(RegistrationId registration,
                                                              const Observed& observed) const noexcept;
  void for_each_observation(RegistrationId registration,
                            FunctionRef<void(ObservationId, const Observed&)> visit) const noexcept;

  // Queue mode (TS 6.5): operations that wait for their device and are done in order, one at a time.

  /// Takes an operation into the queue of the endpoint. It is accepted when Listener::on_operation_queued
  /// says so: inside this call, or with `durable` after `committed`. It starts at the next step or message
  /// at which the device is awake, at once where it does not use queue mode. `wall` are milliseconds
  /// since 1970. kNotFound, kInvalidArgument, kBusy and kTooLarge as for `perform`; kInvalidArgument also
  /// for a `ttl` that is not 1 s to EngineConfig::kLongestHold.
  [[nodiscard]] Result<QueuedId> enqueue(RegistrationId registration, const Operation& operation,
                                         const Hold& hold, Instant now, Millis wall) noexcept;
  /// Ends one that waits, or gives up one that was sent; on_operation_finished says when that is so.
  /// With `durable` that is after `committed`; where it is refused, on_operation_queued. A finished one
  /// is forgotten at once and silently. kNotFound.
  [[nodiscard]] Result<void> cancel(std::string_view endpoint, QueuedId id, Instant now) noexcept;
  /// One that waits, or is finished and still kept.
  [[nodiscard]] std::optional<QueuedOperation> find_queued(std::string_view endpoint,
                                                           QueuedId id) const noexcept;
  /// The finished ones that are kept, then those that wait, each oldest first.
  void for_each_queued(std::string_view endpoint,
                       FunctionRef<void(const QueuedOperation&)> visit) const noexcept;
  /// How many are not finished.
  [[nodiscard]] std::uint32_t queued(std::string_view endpoint) const noexcept;
  /// True where an operation would be sent now: the device does not use queue mode, or spoke lately.
  [[nodiscard]] bool awake(RegistrationId registration, Instant now) const noexcept;

  // Registrations.

  [[nodiscard]] std::optional<RegistrationId> find(std::string_view endpoint) const noexcept;
  [[nodiscard]] std::optional<Registration> get(RegistrationId registration) const noexcept;
  /// The newest registration that speaks over this link.
  [[nodiscard]] std::optional<RegistrationId> registration_of(coap::LinkId link) const noexcept;

  struct Filter {
    std::string_view endpoint_contains;     ///< empty: all
    std::optional<lwm2m::ObjectId> object;  ///< has this object
    std::string_view tenant = {};           ///< empty: all
  };
  /// Shows up to `limit` registrations that pass from `cursor` (0 at first) on, and looks at no more
  /// than 4096 + limit places, so that one call stays short. Returns the cursor to go on with,
  /// nothing at the end; what is registered and removed meanwhile may or may not be seen.
  [[nodiscard]] std::optional<std::uint32_t> list(
      std::uint32_t cursor, std::uint32_t limit, const Filter& filter,
      FunctionRef<void(const Registration&)> visit) const noexcept;

  // Shards.

  [[nodiscard]] bool owns(RegistrationId registration) const noexcept;
  /// The shard that an Update, a De-register or a notification is for, nothing for any other message. Only
  /// worth asking where the link is not known yet.
  [[nodiscard]] static std::optional<std::uint8_t> shard_of(const coap::Message& message) noexcept;
  /// Whether it is a Send, which names nothing: its sender is who the link proves to be.
  [[nodiscard]] static bool is_send(const coap::Message& message) noexcept;
  /// Ends a registration with kForgotten and tells the store nothing: the endpoint is registered at
  /// another shard. False when there is none.
  bool forget_endpoint(std::string_view endpoint, Instant now) noexcept;
  /// Shows what waits for an endpoint that is registered at another shard, for `restore_operation` there,
  /// and forgets it without a word to the store. What is with the store or under way stays: it is told by
  /// on_operation_queued when it can be taken.
  void take_operations(std::string_view endpoint, FunctionRef<void(const QueuedChange&)> visit) noexcept;
  /// Removes a registration by hand, and what waits for it; with `durable`, Listener::on_change follows.
  /// kNotFound.
  [[nodiscard]] Result<void> remove(RegistrationId registration, Instant now) noexcept;

  // Durability (EngineConfig::durable).

  /// The change is on disk: the device gets its answer. Unknown tickets are ignored.
  void committed(Ticket ticket, Instant now) noexcept;
  /// The store cannot: the device gets 5.03 and nothing changes, save that what an Update brought
  /// stays, and is a change again at the next Update.
  void refused(Ticket ticket, Instant now) noexcept;
  /// Shows every registration that was refreshed since the last call, until `visit` returns false.
  /// Write their `expires` behind, each only over a record with the same id.
  void drain_touched(FunctionRef<bool(const Registration&)> visit) noexcept;
  /// The record of a registration (registration_record.hpp) into `out`, its expiry not included:
  /// that is kept beside it. `wall` is `now` on the calendar. kNotFound, kNoSpace.
  [[nodiscard]] Result<std::size_t> encode_registration(RegistrationId registration, Instant now,
                                                        UnixTime wall, ByteSpan out) noexcept;
  /// Brings a registration back as it was, location included. A refresh in the last moments before a
  /// crash may be missing from `expires`: it lives for another lifetime beyond that, but for no more
  /// than a whole one from now, and the restart grace. kMalformed and kTruncated for a damaged record,
  /// kUnsupported for another version or shard, kExists for a location or an endpoint that is taken,
  /// kNoSpace.
  [[nodiscard]] Result<RegistrationId> restore(ByteView record, UnixTime expires, Instant now,
                                               UnixTime wall) noexcept;

  /// Brings a queued operation back, in its order, whether its device is registered or not. `expires` is what
  /// was kept beside the record. kMalformed, kTruncated, kUnsupported, kExists.
  [[nodiscard]] Result<QueuedId> restore_operation(ByteView record, Instant expires,
                                                   RestoreFrom from) noexcept;
  /// The record of an observation (observation_record.hpp) into `out`. kNotFound, kNoSpace.
  [[nodiscard]] Result<std::size_t> encode_observation(ObservationId observation,
                                                       ByteSpan out) const noexcept;
  /// Brings an observation back under its token, once its registration is there; the next notification
  /// is taken whatever its number. kNotFound: its registration is gone, and so is it. kExists for a place
  /// that is taken, kNoSpace, and as `restore` for damage.
  [[nodiscard]] Result<ObservationId> restore_observation(ByteView record, Instant now) noexcept;

  [[nodiscard]] EngineStatistics statistics() const noexcept;
  [[nodiscard]] const coap::EndpointStatistics& endpoint_statistics() const noexcept;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace linnet::server
