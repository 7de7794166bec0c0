// SPDX-License-Identifier: Apache-2.0
// A CoAP endpoint in both roles, without I/O: datagrams and the time go in; datagrams (through
// Links), calls of a Handler and the next deadline come out. It keeps the message layer (RFC 7252
// §4), matches responses (§5.3), cuts and joins bodies (RFC 7959) and hands whole requests and
// responses on. On a stream (RFC 8323) it goes without the message layer, and takes and gives frames;
// signalling is the session's (stream_session.hpp). All memory comes from an arena at set-up.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "linnet/base/arena.hpp"
#include "linnet/base/random.hpp"
#include "linnet/base/time.hpp"
#include "linnet/base/timer_queue.hpp"
#include "linnet/coap/block.hpp"
#include "linnet/coap/body_stream.hpp"
#include "linnet/coap/code.hpp"
#include "linnet/coap/deferred.hpp"
#include "linnet/coap/echo.hpp"
#include "linnet/coap/endpoint_config.hpp"
#include "linnet/coap/exchange.hpp"
#include "linnet/coap/features.hpp"
#include "linnet/coap/handler.hpp"
#include "linnet/coap/index_pool.hpp"
#include "linnet/coap/link.hpp"
#include "linnet/coap/message.hpp"
#include "linnet/coap/message_parts.hpp"
#include "linnet/coap/peer.hpp"
#include "linnet/coap/protection.hpp"
#include "linnet/coap/scanned_options.hpp"
#include "linnet/coap/transfer.hpp"

namespace linnet::coap {

class Endpoint {
 public:
  Endpoint() noexcept {}  // NOLINT(modernize-use-equals-default): a union's member has no beginning

  /// Takes its tables from `arena`; Errc::kNoSpace says that the arena is too small (`memory_needed`
  /// says how large it must be), kInvalidArgument names a config out of range. All references must
  /// outlive the endpoint. Call once.
  [[nodiscard]] Result<void> init(const EndpointConfig& config, Arena& arena, Links& links, Handler& handler,
                                  Random& random) noexcept;
  [[nodiscard]] static std::size_t memory_needed(const EndpointConfig& config) noexcept;

  /// One datagram, or of a stream one frame, from a link. Any bytes at all.
  void receive(LinkId link, ByteView datagram, Instant now) noexcept;
  /// Does what is due (retransmissions, time-outs, delayed acknowledgements) and returns when to
  /// call again; kNever when nothing waits.
  Instant step(Instant now) noexcept;
  [[nodiscard]] Instant next_deadline() const noexcept;
  /// Asks the processor for the lines that `receive` will touch: for batches.
  void prefetch(LinkId link) const noexcept;

  /// Sends a request, or queues it behind NSTART. kBusy when a bound is reached, kTooLarge when
  /// the payload exceeds max_body. The outcome is reported exactly once, never inside this call.
  [[nodiscard]] Result<RequestId> request(LinkId link, const OutgoingRequest& request, Instant now) noexcept;
  /// Fetches the other blocks of a notification that came with `more`; `request` is the observe
  /// request without Observe. The joined body is reported as the response.
  [[nodiscard]] Result<RequestId> request_rest(LinkId link, const OutgoingRequest& request,
                                               const IncomingResponse& first, Instant now) noexcept;
  /// From now on messages are protected as `protection` says. It must outlive the endpoint.
  void protect_by(Protection& protection) noexcept { protection_ = &protection; }
  /// From now on bodies of requests that `bodies` takes, and what `fetch` asks for, go to it block by
  /// block. It must outlive the endpoint.
  void stream_to(BodyHandler& bodies) noexcept { bodies_ = &bodies; }
  /// A GET (without payload and Observe) of a body of any size, whose parts and outcome the
  /// BodyHandler is told: kUnsupported without one, kBusy beyond max_streams.
  [[nodiscard]] Result<RequestId> fetch(LinkId link, const OutgoingRequest& request, const Resumption& from,
                                        Instant now) noexcept;
  /// The token that a request under way carries (an observation is matched by it).
  [[nodiscard]] Token token_of(RequestId id) const noexcept;
  /// Forgets a request; nothing more is reported of it. Unknown ids are ignored.
  void cancel(RequestId id, Instant now) noexcept;
  /// CoAP ping: on_response is not called; `on_failure` with kReset means that the peer lives,
  /// kTimeout that it does not (RFC 7252 §4.3, RFC 8323 §5.4).
  [[nodiscard]] Result<RequestId> ping(LinkId link, Instant now) noexcept;

  /// Answers a deferred request: piggybacked while it is not yet acknowledged, a separate
  /// Confirmable response afterwards. kNotFound when it is gone.
  [[nodiscard]] Result<void> respond(DeferredId id, const Reply& reply, Instant now) noexcept;
  [[nodiscard]] Result<void> notify(LinkId link, const Notification& notification, Instant now) noexcept;
  /// True when a confirmable message would leave at once: NSTART has room and nothing is queued. What
  /// makes it true again happens inside `receive`, `step`, `cancel` or `drop`.
  [[nodiscard]] bool ready(LinkId link) const noexcept;

  /// Ends all that is under way with a peer: requests fail with kClosed at the next step. What the peer sent
  /// is still known: a duplicate that is on its way has no effect (RFC 7252 §4.5).
  void abandon(LinkId link, Instant now) noexcept;
  /// ... and forgets what it sent: the link belongs to another peer now.
  void drop(LinkId link, Instant now) noexcept;
  /// True when nothing is under way with this peer: no exchange, no request that waits for its answer,
  /// no body. Given to another peer now, its LinkId loses what deduplication remembers and no more.
  [[nodiscard]] bool quiet(LinkId link) const noexcept;
  /// True when it is quiet and all that deduplication remembers of it has expired: the LinkId may be
  /// given to another peer.
  [[nodiscard]] bool idle(LinkId link, Instant now) const noexcept;

  [[nodiscard]] const EndpointStatistics& statistics() const noexcept { return statistics_; }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  static constexpr std::uint32_t kIndexBits = 20;  // of a RequestId or DeferredId; the generation is above
  static constexpr std::uint32_t kIndexMask = (1U << kIndexBits) - 1;
  static constexpr std::uint32_t kGenerations = 1U << (32 - kIndexBits);
  static void measure(ArenaMeter& meter, const EndpointConfig& config) noexcept;

  // Message layer: endpoint.cpp and endpoint_exchanges.cpp.
  void receive_empty(LinkId link, const Message& message) noexcept;
  void reject(LinkId link, Type type, MessageId id) noexcept;
  void acknowledged(Exchange* exchange) noexcept;
  void rejected(LinkId link, MessageId id) noexcept;
  void send_empty(LinkId link, Type type, MessageId id) noexcept;
  void transmit(LinkId link, ByteView message) noexcept;
  void wait(const Exchange& exchange, std::uint32_t millis) noexcept;
  [[nodiscard]] MessageId next_message_id(LinkId link) noexcept;
  [[nodiscard]] Exchange* open_exchange(LinkId link, Exchange::Kind kind, const Token& token) noexcept;
  void start(Exchange& exchange) noexcept;
  void start_queued(LinkId link) noexcept;
  void resend(Exchange& exchange) noexcept;
  void settle(Exchange& exchange) noexcept;
  void close_exchange(Exchange& exchange) noexcept;
  void end_exchange(Exchange& exchange, Errc why) noexcept;
  void tell(LinkId link, const Token& token, NotificationOutcome outcome) noexcept;
  [[nodiscard]] Exchange* first_exchange(LinkId link) const noexcept;
  [[nodiscard]] Exchange* next_exchange(const Exchange& exchange) const noexcept;
  [[nodiscard]] std::uint32_t& place_in_chain(LinkId link, std::uint32_t place) const noexcept;
  [[nodiscard]] Exchange* find_by_id(LinkId link, MessageId id) const noexcept;
  [[nodiscard]] Exchange* find_by_token(LinkId link, const Token& token) const noexcept;
  [[nodiscard]] Exchange* find_by_request(RequestId id) const noexcept;
  [[nodiscard]] static std::uint32_t index_of(const Exchange& exchange) noexcept;
  [[nodiscard]] std::uint8_t* buffer(const Exchange& exchange) const noexcept;
  [[nodiscard]] ByteView message_of(const Exchange& exchange) const noexcept;
  [[nodiscard]] ByteSpan room_for(const Exchange& exchange) const noexcept;
  [[nodiscard]] std::size_t message_limit(LinkId link) const noexcept;
  [[nodiscard]] std::size_t message_limit(LinkId link, const KeptBinding& binding) const noexcept;

  // Streams: endpoint_reliable.cpp.
  void receive_frame(LinkId link, ByteView frame) noexcept;
  void receive_frame(LinkId link, const Message& message) noexcept;
  void receive_pong(LinkId link, const Token& token) noexcept;
  [[nodiscard]] bool reliable(LinkId link) const noexcept {
    if constexpr (!kReliable) return false;
    return links_->traits(link).stream;
  }
  /// The size of the blocks that this endpoint would like.
  [[nodiscard]] std::uint8_t preferred_szx(LinkId link) const noexcept {
    if constexpr (!kReliable) return config_.block_szx;
    const bool several = config_.block_szx == Block::kMaxSzx && links_->traits(link).bert;
    return several ? Block::kBert : config_.block_szx;
  }
  /// The largest body that goes without blocks, in bytes; the message may still not have room for it.
  [[nodiscard]] std::size_t single_message(LinkId link, std::uint8_t szx) const noexcept {
    return kReliable && szx == Block::kBert ? message_limit(link) : Block::size_of(szx);
  }
  /// How many blocks a message could carry if it were nothing else.
  [[nodiscard]] std::uint32_t most_blocks(LinkId link, std::uint8_t szx) const noexcept {
    if (!kReliable || szx != Block::kBert) return 1;
    const auto blocks = static_cast<std::uint32_t>(message_limit(link)) / Block::size_of(szx);
    return blocks != 0 ? blocks : 1;
  }

  // Protection: endpoint_protection.cpp.
  void transmit_exchange(Exchange& exchange) noexcept;
  [[nodiscard]] bool number_exchange(Exchange& exchange) noexcept;
  void receive_protected(RequestContext& request, const Message& message, bool again) noexcept;
  [[nodiscard]] bool proven(const RequestContext& request, const IncomingRequest& incoming) noexcept;
  [[nodiscard]] OpenedMessage open_response(LinkId link, Exchange* exchange, const Message& message) noexcept;

  // Protected messages that a proxy cut: endpoint_outer_blocks.cpp.
  [[nodiscard]] std::uint32_t max_unfragmented() const noexcept;
  [[nodiscard]] std::optional<Message> gather_request(RequestContext& request, const Message& part) noexcept;
  [[nodiscard]] std::optional<Message> gather_response(Exchange& exchange, const Message& part,
                                                       RecentRequest* recent) noexcept;
  [[nodiscard]] Result<bool> take_part(Exchange& exchange, const Message& part,
                                       const ScannedOptions& scanned) noexcept;
  void close_gathered(Exchange& exchange) noexcept;

  // Own requests and their responses: endpoint_requests.cpp.
  void receive_response(LinkId link, const Message& message) noexcept;
  void take_response(LinkId link, const Message& message, RecentRequest* recent, Exchange* exchange,
                     bool ask_again) noexcept;
  void receive_notification(const Message& message, const IncomingResponse& response,
                            RecentRequest* recent) noexcept;
  void complete(Exchange& exchange, IncomingResponse& response, bool ask_again) noexcept;
  [[nodiscard]] Result<void> open_request(LinkId link, const OutgoingRequest& request,
                                          Exchange*& opened) noexcept;
  [[nodiscard]] bool encode_request(Exchange& exchange, const OutgoingRequest& request, ByteView payload,
                                    std::uint8_t request_tag) noexcept;
  [[nodiscard]] Result<void> write_request(Exchange& exchange, const OutgoingRequest& request) noexcept;
  [[nodiscard]] Result<void> make_request(LinkId link, const OutgoingRequest& request,
                                          Exchange*& opened) noexcept;
  [[nodiscard]] Result<RequestId> launch(Exchange* exchange, Result<void> made) noexcept;
  [[nodiscard]] std::uint8_t next_request_tag(LinkId link) noexcept;
  void deliver(Exchange& exchange, IncomingResponse& response) noexcept;
  [[nodiscard]] Token make_token(LinkId link) noexcept;

  // Bodies in blocks: endpoint_block1.cpp and endpoint_block2.cpp.
  /// What `rewrite` keeps of the request as it is.
  enum class Keep : std::uint8_t {
    kAll,        ///< but an Echo value, where there is a new one
    kNoBlocks,   ///< not the options of RFC 7959, nor the payload
    kNoObserve,  ///< nor Observe
  };
  [[nodiscard]] bool rewrite(Exchange& exchange, MessageParts& parts, Keep keep) noexcept;
  void send_again(Exchange& exchange) noexcept;
  [[nodiscard]] Result<void> cut_request(Exchange& exchange, ByteView payload, bool lent) noexcept;
  [[nodiscard]] bool write_block1(Exchange& exchange) noexcept;
  [[nodiscard]] bool write_block2(Exchange& exchange, std::uint8_t szx) noexcept;
  [[nodiscard]] bool stale(const Exchange& exchange, const IncomingResponse& response) const noexcept;
  [[nodiscard]] Result<bool> continue_block1(Exchange& exchange, const IncomingResponse& response) noexcept;
  [[nodiscard]] Result<bool> continue_block2(Exchange& exchange, const IncomingResponse& response) noexcept;
  [[nodiscard]] bool meet_challenge(Exchange& exchange, const IncomingResponse& response,
                                    bool ask_again) noexcept;
  [[nodiscard]] Result<void> start_joining(Exchange& exchange, const IncomingResponse& first) noexcept;
  void receive_block1(RequestContext& request, IncomingRequest& incoming) noexcept;
  [[nodiscard]] Block accept_block(RequestContext& request) const noexcept;
  [[nodiscard]] std::optional<ByteView> join(const RequestContext& request, const Block& block,
                                             ByteView payload, OptionalNumber size1,
                                             const JoinedBody& as) noexcept;
  void receive_block2(RequestContext& request, IncomingRequest& incoming) noexcept;
  void hold(const RequestContext& request, const Reply& reply, std::uint32_t etag) noexcept;
  void close_joined() noexcept;

  // Bodies passed on block by block: endpoint_streaming.cpp.
  [[nodiscard]] BodyStream* open_stream(const RequestContext& request, const IncomingRequest& incoming,
                                        bool more, bool& full) noexcept;
  [[nodiscard]] bool receive_part(RequestContext& request, const IncomingRequest& incoming,
                                  const Block& block) noexcept;
  void part_taken(const RequestContext& request, std::size_t size, const BodyPart& part,
                  const Reply& reply) noexcept;
  void pass_on(Exchange& exchange, const IncomingResponse& response) noexcept;
  [[nodiscard]] std::uint32_t timer_of(const BodyStream& stream) const noexcept;
  void keep_stream(const BodyStream& stream) noexcept;
  void end_stream(const RequestContext& request) noexcept;
  void break_off(BodyStream& stream) noexcept;
  void drop_streams(LinkId link) noexcept;

  // Requests of peers: endpoint_replies.cpp.
  [[nodiscard]] Seen look_up(LinkId link, const Message& message, RecentRequest*& recent) noexcept;
  [[nodiscard]] RecentRequest* record(LinkId link, MessageId id, RecentRequest* recent) noexcept;
  void receive_request(LinkId link, const Message& message) noexcept;
  [[nodiscard]] bool repeat(LinkId link, RecentRequest& recent) noexcept;
  [[nodiscard]] bool fresh_enough(const IncomingRequest& incoming) noexcept;
  void process(RequestContext& request, const Message& message) noexcept;
  void ask(const RequestContext& request, const IncomingRequest& incoming,
           const BodyPart* part = nullptr) noexcept;
  void defer(const RequestContext& request, std::uint32_t index) noexcept;
  void acknowledge_alone(std::uint32_t index) noexcept;
  [[nodiscard]] Result<void> answer(const RequestContext& request, const Reply& reply,
                                    std::uint32_t etag = 0) noexcept;
  void refuse_body(const RequestContext& request, std::uint32_t limit) noexcept;
  void challenge(const RequestContext& request) noexcept;
  void answer_code(const RequestContext& request, Code code) noexcept;
  void answer_code(const RequestContext& request, Code code, OptionalNumber size1,
                   const EchoValues::Value* echo) noexcept;
  [[nodiscard]] Result<void> send_reply(const RequestContext& request, const Reply& reply,
                                        const MessageParts& parts) noexcept;
  [[nodiscard]] bool send_separate(const RequestContext& request, ByteView message) noexcept;
  void remember_notification(LinkId link, MessageId id, const Token& token) noexcept;
  [[nodiscard]] std::uint32_t find_deferred(DeferredId id) const noexcept;
  [[nodiscard]] DeferredId deferred_id(std::uint32_t index) const noexcept;
  void free_deferred(std::uint32_t index) noexcept;

  // What is used most stands first: a small processor reaches it by shorter instructions.
  std::span<Exchange> exchanges_;
  Peers peers_;
  TimerQueue timers_;  // exchanges, then deferred requests, then transfers, then streams
  Links* links_ = nullptr;
  Handler* handler_ = nullptr;
  BodyHandler* bodies_ = nullptr;
  std::span<std::uint8_t> buffers_;  // a message for each exchange
  std::span<std::uint8_t> scratch_;  // one message
  Instant now_{};                    // of the call that is being served
  EndpointStatistics statistics_;
  union {
    EndpointConfig config_;  // from `init` on
  };
  BodyStreams streams_;
  Transfers transfers_;
  std::uint16_t joined_ = 0;  // transfer of the request that is being answered, index plus one
  bool asking_ = false;       // the handler is looking at a request
  Random* random_ = nullptr;
  Protection* protection_ = nullptr;
  std::span<std::uint8_t> space_;  // where the handler encodes a payload
  std::span<NotificationSent> notifications_;
  std::uint32_t next_notification_ = 0;
  IndexPool free_exchanges_;
  IndexPool free_deferred_;
  std::span<Deferred> deferred_;
  EchoValues echo_;
};

}  // namespace linnet::coap
