// SPDX-License-Identifier: Apache-2.0
// What goes between an endpoint and its user: whole requests, responses and notifications, bodies joined,
// and the interface that is told of them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "linnet/base/bytes.hpp"
#include "linnet/base/time.hpp"
#include "linnet/coap/code.hpp"
#include "linnet/coap/link.hpp"
#include "linnet/coap/option.hpp"
#include "linnet/coap/scanned_options.hpp"
#include "linnet/coap/token.hpp"

namespace linnet::coap {

/// Names a request of our own; unique until its outcome has been reported, then reused late.
enum class RequestId : std::uint32_t {};
/// Names a request of a peer whose answer was deferred.
enum class DeferredId : std::uint32_t {};

/// A whole request that came in. Views live until on_request returns. `cache_key` is what a Notification
/// takes.
struct IncomingRequest : ScannedOptions {
  LinkId link{};
  Code method{};
  bool confirmable = false;
  bool fresh = false;  ///< carries an Echo value that this endpoint gave lately (RFC 9175 §2.3)
  Token token;
  Options options{ByteView{}};         ///< Uri-Path, Uri-Query and the rest, as sent (the first block's)
  ByteView payload;                    ///< all blocks joined
  std::uint32_t security_context = 0;  ///< that it was protected by, see Protection; 0: by none
};

/// What to answer. Views must live until on_request returns (or for the call of `respond`). With `observe`
/// an observation is accepted (RFC 7641 §3.1).
struct Reply : Representation {
  enum class Kind : std::uint8_t {
    kNow,        ///< send this
    kDefer,      ///< `respond` will be called with the DeferredId; acknowledged alone if that takes longer
    kChallenge,  ///< 4.01 with a fresh Echo value (RFC 9175 §2.4)
    kIgnore,     ///< silence, as if the message had been lost
  };
  static constexpr std::size_t kMaxLocation = 4;

  Kind kind = Kind::kNow;
  Code code = Code::kInternalServerError;
  std::array<std::string_view, kMaxLocation>
      location{};  ///< Location-Path segments, the first empty one ends
  ByteView payload;
};

/// A request to send. Everything is copied before `request` returns, but a payload that is lent.
struct OutgoingRequest {
  Code method = Code::kGet;
  bool confirmable = true;
  std::span<const std::string_view> path;
  std::span<const std::string_view> query;
  OptionalNumber content_format;
  OptionalNumber accept;
  OptionalNumber observe;      ///< 0 registers, 1 deregisters
  std::optional<Token> token;  ///< to cancel an observation by its token; made otherwise
  OptionalNumber no_response;  ///< RFC 7967
  ByteView payload;
  /// The payload stays where it is until the outcome has been reported or the request is cancelled:
  /// it may be larger than max_body.
  bool lent = false;
  /// How long to wait for the response once the message has been acknowledged, or, when it is
  /// non-confirmable or the link a stream, sent. Zero: EXCHANGE_LIFETIME of the link, MAX_TRANSMIT_WAIT of
  /// a stream.
  Millis timeout{0};
};

/// A whole response (or notification). Views live until the handler returns.
struct IncomingResponse : ScannedOptions {
  LinkId link{};
  Code code{};
  bool confirmable = false;
  Token token;
  Options options{ByteView{}};  ///< Location-Path and the rest, of the first block
  bool in_order = false;  ///< came over a stream: of two notifications the later one is newer (RFC 8323 §7.1)
  bool more = false;      ///< only in a notification: a first block; `request_rest` fetches the others
  ByteView payload;
};

/// A notification to send (RFC 7641 §4); a final error is without `observe`.
struct Notification : Representation {
  Token token;                  ///< of the observe request
  std::uint32_t cache_key = 0;  ///< of the observe request
  Code code = Code::kContent;
  bool confirmable = false;
  ByteView payload;
};

enum class NotificationOutcome : std::uint8_t { kAcknowledged, kReset, kTimedOut };

/// What an endpoint calls. Handlers may call the endpoint back, `receive` and `step` excepted.
class Handler {
 public:
  /// `space` is EndpointConfig::max_body bytes to encode a payload into. With Kind::kDefer the
  /// answer is owed to `deferred`.
  virtual Reply on_request(const IncomingRequest& request, DeferredId deferred, ByteSpan space,
                           Instant now) noexcept = 0;
  virtual void on_response(RequestId id, const IncomingResponse& response, Instant now) noexcept = 0;
  /// No response will come: kTimeout, kReset, kClosed, kTooLarge (a body beyond max_body),
  /// kMalformed (a response that breaks the rules of block transfer), kNoSpace.
  virtual void on_failure(RequestId id, Errc why, Instant now) noexcept = 0;
  /// A response whose token matches no request under way. False: unknown, it is answered by a Reset, or
  /// ignored on a stream.
  virtual bool on_notification(const IncomingResponse& response, Instant now) noexcept = 0;
  /// What became of a notification: every confirmable one has exactly one outcome, a
  /// non-confirmable one only kReset, if that. What has left over a stream counts as acknowledged.
  virtual void on_notification_outcome(LinkId link, const Token& token, NotificationOutcome outcome,
                                       Instant now) noexcept = 0;

 protected:
  ~Handler() = default;
};

}  // namespace linnet::coap
