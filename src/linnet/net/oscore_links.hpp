// SPDX-License-Identifier: Apache-2.0
// The security contexts of OSCORE (RFC 8613) that one worker of a server speaks under: taken from the
// credentials when a peer first names one, kept over restarts, and gone with the credential.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "linnet/base/function_ref.hpp"
#include "linnet/net/pages.hpp"
#include "linnet/net/system_random.hpp"
#include "linnet/server/context_record.hpp"
#include "linnet/server/credentials.hpp"
#include "linnet/store/registration_store.hpp"
#include "linnet/tls/nettle_crypto.hpp"

namespace linnet::net {

struct OscoreLinksConfig {
  std::uint32_t max_links = 100'000;  ///< LinkIds are below; so many contexts are in memory at once
  std::uint32_t max_observations = 200'000;
  std::uint16_t max_message = 2048;  ///< bytes of a message that comes
  /// Numbers are set aside on disk before they are used. Without a store, only contexts that appendix B.2
  /// of RFC 8613 makes anew are used, since it cannot be known which numbers of others were.
  bool durable = true;
  server::ContextUser user = server::ContextUser::kManagement;
};

/// What security contexts ask of the worker that has them.
class OscoreOwner {
 public:
  /// Hands a record of RecordKind::kSecurityContext to the store; with `report` its end comes back to
  /// OscoreLinks::settle under the ticket that is returned. Nothing: the store does not take it.
  [[nodiscard]] virtual std::optional<store::Ticket> save_context(std::string_view key, ByteView record,
                                                                  bool report) = 0;
  /// A message that had to wait is to be handled now.
  virtual void deliver_held(coap::LinkId link, ByteView message) = 0;
  /// The context of this link is gone, and nothing may go over it in the clear: drop it.
  virtual void lose_context(coap::LinkId link) = 0;
  /// As server::LinkDirectory::address.
  [[nodiscard]] virtual std::size_t address_of(coap::LinkId link, ByteSpan out) = 0;

 protected:
  ~OscoreOwner() = default;
};

/// Not shared between threads.
class OscoreLinks final : private oscore::SequenceKeeper {
 public:
  /// Throws std::bad_alloc. `owner` must outlive this.
  OscoreLinks(const OscoreLinksConfig& config, OscoreOwner& owner);
  OscoreLinks(const OscoreLinks&) = delete;
  OscoreLinks& operator=(const OscoreLinks&) = delete;

  [[nodiscard]] coap::Protection& protection() noexcept { return contexts_; }
  /// Which of `workers` has the context that a request names: each is used by one worker alone. Nothing for
  /// other messages.
  [[nodiscard]] static std::optional<unsigned> worker_of(const coap::Message& message,
                                                         unsigned workers) noexcept;
  [[nodiscard]] static unsigned worker_of(ByteView recipient_id, unsigned workers) noexcept;
  /// Loads what a message that came needs. False: it must wait for the store and comes back by
  /// `deliver_held`, or is lost. `bytes` are those of `message`.
  [[nodiscard]] bool prepare(coap::LinkId link, const coap::Message& message, ByteView bytes,
                             const server::Credentials& credentials);

  [[nodiscard]] bool secured(coap::LinkId link) const noexcept { return contexts_.context_of(link) != 0; }
  /// The endpoint that the peer of a secured link has proved to be, with the credentials of now.
  [[nodiscard]] std::optional<std::string_view> endpoint(coap::LinkId link,
                                                         const server::Credentials& credentials) const;
  /// Its registration has ended: what comes over it next may be unprotected.
  void release(coap::LinkId link) noexcept { contexts_.secure(link, 0); }

  /// Hands what has changed to the store, in front of what depends on it.
  void save_changed();
  void settle(store::Ticket ticket, bool committed);
  /// Brings a record back, and where `open` has a link for its address, secures that. kMalformed, kTruncated,
  /// kUnsupported.
  [[nodiscard]] Result<void> restore(std::string_view key, ByteView value,
                                     const server::Credentials& credentials,
                                     FunctionRef<std::optional<coap::LinkId>(ByteView address)> open);
  [[nodiscard]] std::size_t loaded() const noexcept { return by_context_.size(); }

 private:
  struct Held {
    coap::LinkId link;
    std::vector<std::uint8_t> message;
  };
  /// A context that was used since the server began, or before.
  struct Known {
    std::string key;
    server::ContextRecord kept;
    oscore::ContextId context = 0;    ///< 0: not in memory
    std::uint32_t derived_epoch = 0;  ///< of `kept.derived_limit`
    std::uint64_t generation = 0;     ///< of the credentials that it was held against
    std::vector<Held> held;
    bool changed = false;
    bool reserving = false;
  };
  /// A higher limit that is on its way to the disk.
  struct Reservation {
    Known* known;
    oscore::ContextId context;
    std::uint32_t epoch;
    oscore::PartialIv limit;
  };

  [[nodiscard]] Known& know(ByteView recipient_id, ByteView id_context);
  void hold_against(ByteView recipient_id, const server::Credentials& credentials);
  [[nodiscard]] bool load(Known& known, const server::OscoreSecurity& security,
                          const server::Credentials& credentials);
  void unload(Known& known);
  [[nodiscard]] bool make_room();
  void snapshot(Known& known);
  [[nodiscard]] bool reserve(Known& known);
  void hold(Known& known, coap::LinkId link, ByteView message);
  void note_changed(Known& known);
  [[nodiscard]] server::ContextRecord::Fingerprint fingerprint(const oscore::InputParameters& input);

  void on_sequence_low(oscore::ContextId id, oscore::PartialIv next) noexcept override;
  void on_changed(oscore::ContextId id) noexcept override;

  OscoreLinksConfig config_;
  OscoreOwner& owner_;
  tls::NettleCrypto crypto_;
  SystemRandom random_;
  Pages pages_;
  oscore::Contexts contexts_;
  std::unordered_map<std::string, std::vector<std::unique_ptr<Known>>> known_;  // by recipient id
  std::unordered_map<oscore::ContextId, Known*> by_context_;
  std::unordered_map<store::Ticket, Reservation> reservations_;
  std::vector<Known*> changed_;
  std::size_t held_ = 0;
  oscore::ContextId hand_ = 0;  // where room was looked for last
};

}  // namespace linnet::net
