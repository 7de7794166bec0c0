// SPDX-License-Identifier: Apache-2.0
// Event Log, object 20 version 2.0: each instance collects the events of one class between LogStart
// and LogStop. The data is the events' bytes one behind the other, no more (LogDataFormat 0).
#pragma once

#include <array>

#include "linnet/client/typed_object.hpp"

namespace linnet::client {

/// LogClass, 20/x/4010; 100 to 255 are the vendor's.
enum class LogClass : std::uint8_t {
  kGeneric = 0,
  kSystem = 1,
  kSecurity = 2,
  kEvent = 3,
  kTrace = 4,
  kPanic = 5,
  kCharging = 6,
};

/// Argument 0 of LogStart and LogStop: false where it is absent or 0, true for 1; kInvalidArgument for
/// anything else.
[[nodiscard]] Result<bool> log_argument(std::string_view arguments) noexcept;

/// Room for so many bytes of events.
template <std::size_t kBytes>
struct EventLogInstance {
  enum Status : std::uint8_t { kStopped = 1, kValid = 2, kError = 4 };

  std::int16_t log_class = 0;
  std::optional<std::int16_t> data_format;
  Bytes<kBytes> data;
  bool running = false;
  bool failed = false;  ///< an event had no room

  /// Bits of Status.
  [[nodiscard]] std::int32_t status() const noexcept {
    return (running ? 0 : kStopped) | (data.view().empty() ? 0 : kValid) | (failed ? kError : 0);
  }
  /// What was collected goes, unless argument 0 is 1.
  Result<void> start(std::string_view arguments) noexcept {
    const auto extends = log_argument(arguments);
    if (!extends) return std::unexpected(extends.error());
    if (!*extends) data = {};
    running = true;
    failed = false;
    return {};
  }
  /// What was collected stays, unless argument 0 is 1.
  Result<void> stop(std::string_view arguments) noexcept {
    const auto empties = log_argument(arguments);
    if (!empties) return std::unexpected(empties.error());
    if (*empties) data = {};
    running = false;
    return {};
  }

  static constexpr ObjectId kId = 20;
  static constexpr lwm2m::Version kVersion{2, 0};
  using Self = EventLogInstance;
  static constexpr auto resources() noexcept {
    return std::array{
        resource<&Self::log_class>(4010, Operations::kRW, Presence::kOptional, in_range<0, 255>),
        command<&Self::start>(4011),
        command<&Self::stop>(4012),
        computed<&Self::status>(4013, Operations::kR),
        resource<&Self::data>(4014, Operations::kR, Presence::kMandatory),
        resource<&Self::data_format>(4015, Operations::kRW, Presence::kOptional, in_range<0, 0>)};
  }
};

template <std::size_t kBytes>
class EventLogBehaviour : public TypedObject {
 public:
  /// An event of this class, for every instance that runs and collects the class. One without room for
  /// all of it keeps what it has and shows an error.
  void record(LogClass log_class, ByteView event) noexcept {
    for (InstanceId i = next_instance(0); i != kMaxId; i = next_instance(i + 1)) {
      auto& log = *static_cast<EventLogInstance<kBytes>*>(find(i));
      if (!log.running || log.log_class != static_cast<std::int16_t>(log_class)) continue;
      if (!log.data.append(event)) log.failed = true;
      changed(Path(id(), i));
    }
  }

 protected:
  using TypedObject::TypedObject;
  ~EventLogBehaviour() = default;
};

template <std::size_t N, std::size_t kBytes = 512>
using EventLogObject =
    Instances<EventLogInstance<kBytes>, N, Creation::kByServers, EventLogBehaviour<kBytes>>;

}  // namespace linnet::client
