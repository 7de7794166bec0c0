// SPDX-License-Identifier: Apache-2.0
// What a server asks of a device (Core 1.1 §6.3, §6.4; TS 6.4.4, 6.4.5) and what became of it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "linnet/base/bytes.hpp"
#include "linnet/base/time.hpp"
#include "linnet/coap/code.hpp"
#include "linnet/lwm2m/attributes.hpp"
#include "linnet/lwm2m/content_format.hpp"
#include "linnet/lwm2m/path.hpp"
#include "linnet/server/registration.hpp"

namespace linnet::server {

/// Names an operation from `perform` until its result; not given again for long after.
enum class OperationId : std::uint64_t {};
/// Names an observation from its 2.05 until it ends.
enum class ObservationId : std::uint64_t {};

/// The numbers are in the records of queued operations: new ones stand at the end.
enum class OperationKind : std::uint8_t {
  kRead,
  kDiscover,
  kWriteReplace,  ///< PUT: what is not named goes
  kWriteUpdate,   ///< POST on an instance: what is named changes
  kWriteAttributes,
  kExecute,
  kCreate,
  kDelete,
  kObserve,
  kCancelObserve,           ///< tells the device (GET with Observe 1)
  kReadComposite,           ///< FETCH
  kWriteComposite,          ///< iPATCH
  kObserveComposite,        ///< FETCH with Observe 0
  kCancelObserveComposite,  ///< tells the device (FETCH with Observe 1)
};

/// What an observation is of: a path or, of a composite one, the paths of its request in their order
/// (then `path` is the root).
struct Observed {
  Observed(const lwm2m::Path& one) noexcept : path(one) {}  // NOLINT(google-explicit-constructor): the usual
  explicit Observed(std::span<const lwm2m::Path> several) noexcept : paths(several) {}

  lwm2m::Path path;
  std::span<const lwm2m::Path> paths;  ///< empty for a single one

  [[nodiscard]] bool composite() const noexcept { return !paths.empty(); }
};

/// One operation. The views are copied by `perform`, but a payload that is lent.
struct Operation {
  OperationKind kind = OperationKind::kRead;
  lwm2m::Path path;  ///< the root for a composite operation
  /// Read- and Observe-Composite, and Cancel-Composite, which names the same in the same order. Each is
  /// an object or below, or (Read-Composite) the root; up to EngineConfig::max_composite_paths.
  std::span<const lwm2m::Path> paths;
  /// Read and Observe: the Accept to send; chosen for the device where absent (formats.hpp). Composite
  /// ones send their paths in this format too. Write and Create: the format of `payload`, which must be
  /// given.
  std::optional<lwm2m::ContentFormat> format;
  ByteView payload;  ///< Write, Write-Composite, Create: encoded by the caller
  /// The payload stays where it is until the result: it may be larger than the endpoint's max_body.
  bool lent = false;
  std::string_view arguments;                         ///< Execute: `0='a',1`, empty for none
  std::span<const lwm2m::AttributeWrite> attributes;  ///< Write-Attributes
  /// How long until it fails with kTimeout whatever happens; zero: EngineConfig::operation_timeout.
  Millis timeout{0};
  std::optional<lwm2m::Path> instance = {};  ///< Create: the instance that the payload names, where it does
};

/// What came of an operation. Either `failure` says why there was no answer, or `code` and what
/// follows is the device's answer. Views live until the call that brings it returns.
struct OperationResult {
  RegistrationId registration;
  OperationKind kind = OperationKind::kRead;
  lwm2m::Path path;
  /// kTimeout, kReset, kClosed (the registration ended, the link is gone), kTooLarge, kMalformed,
  /// kNoSpace.
  std::optional<Errc> failure;
  coap::Code code{};
  std::optional<lwm2m::ContentFormat> format;
  ByteView payload;
  /// Create: the instance, where the device or the operation names it.
  std::optional<lwm2m::Path> created;
  std::optional<ObservationId> observation;  ///< Observe: accepted under this name

  [[nodiscard]] bool success() const noexcept { return !failure && coap::is_success(code); }
};

}  // namespace linnet::server
