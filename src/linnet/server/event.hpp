// SPDX-License-Identifier: Apache-2.0
// What the server engine tells its owner. Every call is made from inside receive, step, perform or
// committed, on the owner's thread; views live until the call returns. A listener must not call the
// engine back from here, except where a comment says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "linnet/lwm2m/path.hpp"
#include "linnet/server/operation.hpp"
#include "linnet/server/registration.hpp"

namespace linnet::server {

/// Why a registration is gone.
enum class EndReason : std::uint8_t {
  kDeregistered,  ///< the device said so
  kExpired,       ///< lifetime and grace went by
  kReplaced,      ///< the endpoint registered anew
  kForgotten,     ///< the owner said so: registered at another shard, or removed by hand
};

/// What an Update brought beside a new lease of life.
struct UpdateChanges {
  bool link = false;        ///< it speaks from another link now
  bool parameters = false;  ///< lifetime, binding, sms
  bool objects = false;     ///< the object list
  [[nodiscard]] bool any() const noexcept { return link || parameters || objects; }
};

/// A value that a device reported for an observation (RFC 7641 §4).
struct Notified {
  RegistrationId registration;
  ObservationId observation{};
  std::string_view endpoint;
  lwm2m::Path path;                    ///< the root for a composite observation
  std::span<const lwm2m::Path> paths;  ///< of a composite observation
  coap::Code code{};                   ///< 2.05, or an error that ends the observation
  std::optional<lwm2m::ContentFormat> format;
  ByteView payload;
};

/// Values that a device sent by itself (Send, TS 6.4.5): well formed, at least one, each a resource or
/// resource instance of an object that the device registered.
struct Sent {
  RegistrationId registration;
  std::string_view endpoint;
  lwm2m::ContentFormat format{};  ///< SenML JSON or SenML CBOR
  ByteView payload;
};

/// Why an observation is gone.
enum class ObservationEnd : std::uint8_t {
  kCancelled,     ///< by `perform(kCancelObserve)` or `forget_observation`
  kError,         ///< the device sent an error notification, or refused to go on
  kRegistration,  ///< its registration ended
};

/// Names a durable change until `committed` or `refused`.
enum class Ticket : std::uint64_t {};
/// Tickets of queued operations count from here, all others from 1.
inline constexpr std::uint64_t kFirstQueueTicket = std::uint64_t{1} << 63U;

/// Something that the store has to keep (EngineConfig::durable). Records are kept by endpoint name:
/// kPut replaces what is there under that name; kErase removes it only while it has that id.
struct Change {
  enum class Kind : std::uint8_t { kPut, kErase };
  Kind kind = Kind::kPut;
  /// With a ticket a device waits for its answer: `committed` or `refused` must be called, later,
  /// not from inside on_change. Without one nobody waits.
  std::optional<Ticket> ticket;
  RegistrationId id;
  std::string_view endpoint;
  Instant expires{};  ///< of kPut: to be kept beside the record
};

struct QueuedOperation;
struct QueuedChange;

/// An observation that the store has to keep or drop (EngineConfig::durable). kPut comes before the
/// result of its Observe, in the same call: an owner that holds that result back until the record is on
/// disk never says of an observation that it stands when a restart would lose it.
struct ObservationChange {
  Change::Kind kind = Change::Kind::kPut;
  ObservationId id{};
};

class Listener {
 public:
  /// Whether this endpoint may register over this link: nothing, or the response to give, 4.00,
  /// 4.03 or 4.09 in Error::response (TS table 6.7-2). Asked again with every Update and De-register, from
  /// the same link or another, where the answer to a refusal is 4.04. The default admits everybody.
  [[nodiscard]] virtual Result<void> admit(coap::LinkId /*link*/, std::string_view /*endpoint*/) noexcept {
    return {};
  }

  /// The tenant whose address the peer of this link speaks to (tenant.hpp): the names that it registers are
  /// in there. Empty: none. The view is good until the next call.
  [[nodiscard]] virtual std::string_view tenant(coap::LinkId /*link*/) noexcept { return {}; }
  /// The endpoint name that the peer of this link has proved to be its own; empty where it proved none.
  [[nodiscard]] virtual std::string proved_endpoint(coap::LinkId /*link*/) noexcept { return {}; }

  /// The 2.01 is on its way.
  virtual void on_registered(const Registration& registration, Instant now) noexcept = 0;
  /// After every Update, also one that only refreshes (`changes.any()` is false), and where another message
  /// showed that the device has another address (`changes.link`).
  virtual void on_updated(const Registration& registration, UpdateChanges changes, Instant now) noexcept = 0;
  /// Its operations have failed with kClosed and its observations have ended before this.
  virtual void on_ended(const Registration& registration, EndReason why, Instant now) noexcept = 0;

  /// The answer of an operation, exactly once for each.
  virtual void on_result(OperationId id, const OperationResult& result, Instant now) noexcept = 0;
  /// A notification that is newer than those before it. The first value is in the result of Observe.
  virtual void on_notified(const Notified& notified, Instant now) noexcept = 0;
  virtual void on_observation_ended(ObservationId id, RegistrationId registration, const Observed& observed,
                                    ObservationEnd why, Instant now) noexcept = 0;
  /// Once for each Send, whose 2.04 is on its way; not again when the device repeats the message.
  virtual void on_sent(const Sent& /*sent*/, Instant /*now*/) noexcept {}

  /// It is accepted and waits; again for one that was sent, or was to be cancelled, and goes on waiting.
  virtual void on_operation_queued(const QueuedOperation& /*operation*/, Instant /*now*/) noexcept {}
  virtual void on_operation_started(const QueuedOperation& /*operation*/, Instant /*now*/) noexcept {}
  /// With its result, or the reason why there is none; once for each.
  virtual void on_operation_finished(const QueuedOperation& /*operation*/, Instant /*now*/) noexcept {}
  /// Only with EngineConfig::durable.
  virtual void on_operation_change(const QueuedChange& /*change*/, Instant /*now*/) noexcept {}

  /// Only with EngineConfig::durable. The record may be read with `encode_registration` from here.
  virtual void on_change(const Change& /*change*/, Instant /*now*/) noexcept {}
  /// The same for observations and `encode_observation`.
  virtual void on_observation_change(const ObservationChange& /*change*/, Instant /*now*/) noexcept {}

 protected:
  ~Listener() = default;
};

}  // namespace linnet::server
