// SPDX-License-Identifier: Apache-2.0
// The security contexts of an endpoint (RFC 8613 §3), and what an endpoint asks of them: sequence numbers,
// replay windows, notifications, and new contexts out of one Master Secret (appendix B.2). All memory comes
// from an arena at set-up.
#pragma once

#include <optional>

#include "linnet/base/arena.hpp"
#include "linnet/base/function_ref.hpp"
#include "linnet/base/random.hpp"
#include "linnet/coap/index_pool.hpp"
#include "linnet/coap/protection.hpp"
#include "linnet/oscore/protected_message.hpp"
#include "linnet/oscore/security_context.hpp"

namespace linnet::oscore {

struct ContextsConfig {
  std::uint32_t max_contexts = 3;      ///< one for each peer
  std::uint32_t max_links = 4;         ///< LinkIds are below this
  std::uint32_t max_observations = 8;  ///< that are protected, of all peers
  std::uint16_t max_message = 1280;    ///< bytes; longer ones are not verified, and not joined from parts
  /// A verified request makes its link that of its context: for servers, which learn from requests where
  /// a peer is. Without it links are given by `secure` alone.
  bool follow_requests = false;
  /// Numbers of keys that appendix B.2 gave which may be used before `extend` allows more. Where nothing
  /// outlives a restart, as with the default, all of them.
  PartialIv derived_numbers = kMaxPartialIv + 1;
};

/// Names a context; never 0, which is none.
using ContextId = std::uint32_t;

/// Keeps Sender Sequence Numbers over restarts.
class SequenceKeeper {
 public:
  /// Fewer than kReserveAt numbers are left: `Contexts::extend` is to be called, now or later, once a higher
  /// limit has been written where a restart finds it. Asked once, until it is.
  virtual void on_sequence_low(ContextId id, PartialIv next) noexcept = 0;
  /// Its keys, its link or its observations have changed: see `Contexts::state_of`.
  virtual void on_changed(ContextId /*id*/) noexcept {}

 protected:
  ~SequenceKeeper() = default;
};

class Contexts final : public coap::Protection {
 public:
  static constexpr PartialIv kReserveAt = 32;

  /// kNoSpace: the arena is too small. All references must outlive this object. Call once.
  [[nodiscard]] Result<void> init(const ContextsConfig& config, Arena& arena, Crypto& crypto, Random& random,
                                  SequenceKeeper& keeper) noexcept;
  [[nodiscard]] static std::size_t memory_needed(const ContextsConfig& config) noexcept;

  /// Takes a context up. Numbers from `next` on, which must be above every one that was used, are used below
  /// `limit`; contexts derived by appendix B.2 need neither. kNoSpace, or what `derive` says.
  [[nodiscard]] Result<ContextId> add(const InputParameters& input, FirstUse first_use, PartialIv next,
                                      PartialIv limit) noexcept;
  /// Wipes it, and frees its links. Unknown ids are ignored.
  void remove(ContextId id) noexcept;
  /// Numbers below `limit` of the keys that stand may be used; one that is no higher than before only allows
  /// to ask again.
  void extend(ContextId id, PartialIv limit) noexcept;
  /// Requests over `link` go under the context from now on, and those that come must be under it; 0 frees
  /// the link.
  void secure(coap::LinkId link, ContextId id) noexcept;
  /// The context of a link, 0 for none.
  [[nodiscard]] ContextId context_of(coap::LinkId link) const noexcept;
  /// What a context was made from; null for an unknown id.
  [[nodiscard]] const InputParameters* input_of(ContextId id) const noexcept;

  // For who keeps contexts over restarts.

  /// Nothing for an unknown id.
  [[nodiscard]] std::optional<ContextState> state_of(ContextId id) const noexcept;
  /// Every link that is secured by it.
  void for_each_link(ContextId id, FunctionRef<void(coap::LinkId)> visit) const noexcept;
  /// Puts the keys in force again that were before a restart: those that appendix B.2 gave under
  /// `id_context`, with numbers from `next` on once `extend` allows any, or without one those that `add`
  /// said. The first request is challenged. kNotFound, kInvalidArgument, and as `add`.
  [[nodiscard]] Result<void> resume(ContextId id, const std::optional<ShortBytes<kMaxIdContext>>& id_context,
                                    PartialIv next) noexcept;
  /// An observation of ours, as what notifications are verified by: the Partial IV of its request, and the
  /// Notification Number of the newest plus one.
  struct OwnObservation {
    coap::Token token;
    PartialIv request_piv;
    PartialIv newest;
  };
  /// Those over the link that was secured last, under the keys that stand.
  void for_each_observation(ContextId id, FunctionRef<void(const OwnObservation&)> visit) const noexcept;
  /// Brings one back. False when there is no room.
  [[nodiscard]] bool resume_observation(ContextId id, const OwnObservation& observation) noexcept;

  [[nodiscard]] coap::SecurityBinding bind_request(coap::LinkId link) noexcept override;
  [[nodiscard]] Result<coap::SecurityBinding> bind_notification(coap::LinkId link,
                                                                const coap::Token& token) noexcept override;
  [[nodiscard]] bool number(coap::SecurityBinding& binding) noexcept override;
  [[nodiscard]] Result<ByteView> seal(coap::LinkId link, coap::SecurityBinding& binding,
                                      ByteView message) noexcept override;
  [[nodiscard]] coap::OpenedMessage open_request(coap::LinkId link, const coap::Message& message,
                                                 bool again) noexcept override;
  [[nodiscard]] coap::OpenedMessage open_response(coap::LinkId link, const coap::SecurityBinding& request,
                                                  const coap::Message& message) noexcept override;
  [[nodiscard]] coap::OpenedMessage open_notification(coap::LinkId link,
                                                      const coap::Message& message) noexcept override;
  [[nodiscard]] std::size_t max_unfragmented() const noexcept override { return config_.max_message; }
  void prove(coap::LinkId link, const coap::SecurityBinding& binding) noexcept override;
  void forget(coap::LinkId link) noexcept override;

 private:
  /// One observation, at either side (RFC 8613 §4.1.3.5). All zero is a free one.
  struct Observation {
    coap::Token token;
    std::uint32_t context;  ///< index plus one, 0: free
    std::uint32_t epoch;
    PartialIv request_piv;
    PartialIv newest;    ///< Notification Number plus one; 0 before a notification had a Partial IV
    bool ours;           ///< we observe
    std::uint32_t next;  ///< of the same link, index plus one
  };
  struct Link {
    ContextId context;
    std::uint32_t first_observation;  ///< index plus one
  };
  struct Opening;

  static void measure(ArenaMeter& meter, const ContextsConfig& config) noexcept;

  // Own messages and responses to them: contexts.cpp.
  [[nodiscard]] SecurityContext* find(ContextId id) noexcept;
  void set_context(coap::LinkId link, ContextId id) noexcept;
  void move_observations(ContextId id, coap::LinkId from, coap::LinkId to) noexcept;
  [[nodiscard]] bool make_ready(SecurityContext& context) noexcept;
  [[nodiscard]] bool make_stored(SecurityContext& context) noexcept;
  [[nodiscard]] Result<void> replace_keys(SecurityContext& context,
                                          const ShortBytes<kMaxIdContext>& id_context, Phase phase) noexcept;
  [[nodiscard]] bool current(const SecurityContext& context,
                             const coap::SecurityBinding& binding) const noexcept;
  [[nodiscard]] coap::OpenedMessage open_plain_response(const coap::SecurityBinding& request,
                                                        const coap::Message& message) noexcept;
  [[nodiscard]] Result<coap::Message> open_with(const Keys& keys, const SecurityContext& context,
                                                const coap::SecurityBinding& request,
                                                const OptionValue& option,
                                                const coap::Message& message) noexcept;
  [[nodiscard]] coap::OpenedMessage answer_rederivation(SecurityContext& context,
                                                        const coap::SecurityBinding& request,
                                                        const OptionValue& option,
                                                        const coap::Message& message) noexcept;
  [[nodiscard]] std::uint32_t& bucket(ByteView kid) noexcept;
  void random_bytes(ByteSpan out) noexcept;

  // Requests of peers: incoming_requests.cpp.
  [[nodiscard]] bool try_context(Opening& opening, SecurityContext& context) noexcept;
  [[nodiscard]] bool try_current(Opening& opening, SecurityContext& context) noexcept;
  [[nodiscard]] bool try_rederivation(Opening& opening, SecurityContext& context,
                                      ByteView id_context) noexcept;
  [[nodiscard]] Result<coap::Message> open_request_with(Opening& opening, const Keys& keys) noexcept;
  void offer_new_context(SecurityContext& context, ByteView id_context) noexcept;
  [[nodiscard]] bool is_ours(const SecurityContext& context, ByteView r2) noexcept;

  // Observations: observations.cpp.
  [[nodiscard]] Observation* find_observation(coap::LinkId link, const coap::Token& token,
                                              bool ours) noexcept;
  [[nodiscard]] bool begin_observation(coap::LinkId link, const coap::Token& token,
                                       const coap::SecurityBinding& binding) noexcept;
  void end_observation(coap::LinkId link, const coap::Token& token, bool ours) noexcept;
  void end_observations(Link& link) noexcept;
  void reclaim_observations() noexcept;
  void note_outgoing(coap::LinkId link, coap::SecurityBinding& binding,
                     const coap::Message& message) noexcept;
  [[nodiscard]] bool take_notification(coap::LinkId link, const coap::SecurityBinding& request,
                                       const OptionValue& option, const coap::Message& opened) noexcept;

  ContextsConfig config_;
  Crypto* crypto_ = nullptr;
  Random* random_ = nullptr;
  SequenceKeeper* keeper_ = nullptr;
  coap::IndexPool free_;
  std::span<SecurityContext> contexts_;
  std::span<std::uint32_t> by_kid_;  // first context of a hash of its Recipient ID, index plus one
  std::span<Link> links_;
  coap::IndexPool free_observations_;
  std::span<Observation> observations_;
  std::span<std::uint8_t> sealed_;
  std::span<std::uint8_t> opened_;
  std::span<std::uint8_t> work_;
  Interim interim_;
};

}  // namespace linnet::oscore
