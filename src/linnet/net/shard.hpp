// SPDX-License-Identifier: Apache-2.0
// One worker: a thread with its sockets, its links and its engine. It shares nothing with the others
// and takes no lock on the way of a datagram; all else reaches it through its queue.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "linnet/net/associations.hpp"
#include "linnet/net/handshakes.hpp"
#include "linnet/net/link_layer.hpp"
#include "linnet/net/mpsc_queue.hpp"
#include "linnet/net/oscore_links.hpp"
#include "linnet/net/pages.hpp"
#include "linnet/net/server.hpp"
#include "linnet/net/shard_clock.hpp"
#include "linnet/net/store_ticket.hpp"
#include "linnet/net/stream_links.hpp"
#include "linnet/net/system_random.hpp"
#include "linnet/net/tls_handshakes.hpp"
#include "linnet/server/engine.hpp"
#include "linnet/store/registration_store.hpp"

namespace linnet::net {

class Shard;

/// What waits for an endpoint, and who waits for that, on the way to the shard where it is registered.
struct MovedQueue;

/// Something for a shard to do, on its thread or, after that has ended, on the stopping one.
using Task = std::move_only_function<void(Shard&)>;

/// Which shard an endpoint was seen at last, for whoever looks for it: written by the shards, read by
/// anybody, and allowed to be wrong.
class EndpointHints {
 public:
  void remember(std::string_view endpoint, unsigned shard) noexcept {
    at(endpoint).store(static_cast<std::uint8_t>(shard), std::memory_order_relaxed);
  }
  [[nodiscard]] unsigned shard(std::string_view endpoint) const noexcept {
    return const_cast<EndpointHints*>(this)->at(endpoint).load(std::memory_order_relaxed);
  }

 private:
  [[nodiscard]] std::atomic<std::uint8_t>& at(std::string_view endpoint) noexcept {
    return hints_[std::hash<std::string_view>{}(endpoint) % hints_.size()];
  }
  std::array<std::atomic<std::uint8_t>, 1U << 16U> hints_{};
};

/// What all shards of a server have in common. Outlives them.
struct ShardFleet {
  std::unique_ptr<TlsHandshakes> tls;  ///< null: no TLS. Ends behind the shards, which have its channels
  std::vector<std::unique_ptr<Shard>> shards;
  StreamLimits streams;
  unsigned count = 1;  ///< how many there will be
  EndpointHints hints;
  store::RegistrationStore* store = nullptr;  ///< null: nothing is durable
  std::unique_ptr<Handshakes> handshakes;     ///< null: no DTLS
  std::size_t tls_listeners = 0;              ///< numbered behind those of each shard
  std::size_t plain_sockets = 0;              ///< of a shard; those behind them speak DTLS
  tls::Start start{};                         ///< over the store
  std::unique_ptr<CredentialBook> credentials;
  bool allow_nosec = true;
  std::vector<std::string> tenants;       ///< each once, in order
  std::vector<std::string> tenants_at;    ///< of each socket and listener by number, empty for none
  std::atomic<std::uint32_t> moving = 0;  ///< queues that are between two shards
};

class Shard final : private server::Listener,
                    private StreamLinks::Owner,
                    private AssociationOwner,
                    private OscoreOwner {
 public:
  /// Throws std::bad_alloc and std::runtime_error (a configuration that the engine refuses).
  Shard(unsigned index, ShardFleet& fleet, const server::EngineConfig& engine, std::uint32_t max_links,
        std::vector<UdpSocket> sockets, const server::Models& models,
        std::vector<TcpListener> listeners = {});

  void start();
  /// Any thread. False when the shard has ended, and `task` is as it was.
  [[nodiscard]] bool post(Task& task);

  // On the shard's thread, before it runs, or after it has ended.

  [[nodiscard]] unsigned index() const noexcept { return index_; }
  [[nodiscard]] server::Engine& engine() noexcept { return engine_; }
  [[nodiscard]] Instant now() const noexcept { return now_; }
  void perform(server::RegistrationId registration, const server::Operation& operation,
               Server::OutcomeHandler done);
  void enqueue(server::RegistrationId registration, const server::Operation& operation,
               const server::Hold& hold, Millis patience, Server::QueuedHandler done);
  /// False, and `done` is as it was: there is none here.
  [[nodiscard]] bool find_queued(const std::string& endpoint, server::QueuedId id, Millis patience,
                                 Server::QueuedHandler& done);
  [[nodiscard]] bool cancel_queued(const std::string& endpoint, server::QueuedId id,
                                   Server::DoneHandler& done);
  [[nodiscard]] Queued owned(const server::QueuedOperation& operation) const;
  [[nodiscard]] Result<void> remove(server::RegistrationId registration);
  [[nodiscard]] Device describe(const server::Registration& registration) const;
  void add_channel(std::shared_ptr<EventChannel> channel) { channels_.push_back(std::move(channel)); }
  void add_statistics(ServerStatistics& statistics) const;
  /// What the store says became of `tickets`.
  void settle(std::span<const store::Ticket> tickets, bool committed);
  [[nodiscard]] Result<server::RegistrationId> restore(ByteView record, UnixTime expires);
  [[nodiscard]] Result<server::QueuedId> restore_operation(ByteView record, UnixTime expires) {
    return engine_.restore_operation(record, ShardClock::instant(expires), server::RestoreFrom::kStore);
  }
  [[nodiscard]] Result<server::ObservationId> restore_observation(ByteView record) {
    return engine_.restore_observation(record, now_);
  }

  /// Brings an association back: key and value of a store::RecordKind::kAssociation. Before the
  /// registrations.
  [[nodiscard]] Result<void> restore_association(std::string_view key, ByteView value);
  /// The same of a store::RecordKind::kSecurityContext, behind the associations.
  [[nodiscard]] Result<void> restore_context(std::string_view key, ByteView value);
  /// What the handshakes have for a peer of this shard.
  void take_handshake(HandshakeOutput output);
  /// A connection from its handshake, or from another shard.
  void take_connection(MovingConnection connection);

  // The end, in this order; each but the last two as a task.

  /// Hears nothing more, and hands all that is to be written behind to the store.
  void stop_hearing();
  void end();
  void join();
  /// Fails what is under way, and does what is in the queue. False when there was nothing.
  bool finish();

 private:
  struct Arrival {
    LinkTable::Hash hash;
    coap::LinkId link;
    Address remote;
  };

  /// The answer of an Observe, which waits until the observation is on disk.
  struct HeldOutcome {
    server::ObservationId observation{};
    Server::OutcomeHandler done;  // empty where nobody waits
    Outcome outcome;
  };

  // shard.cpp: the loop
  void run();
  [[nodiscard]] int wait_millis() const noexcept;
  void wait();
  void hear(std::size_t socket);
  void take(std::size_t socket, const Datagram& datagram, const Arrival& arrival);
  /// The other shard that a message is for.
  [[nodiscard]] std::optional<unsigned> elsewhere(coap::LinkId link, ByteView datagram) noexcept;
  [[nodiscard]] std::optional<unsigned> elsewhere(coap::LinkId link, const coap::Message& message) noexcept;
  [[nodiscard]] coap::LinkId link_to(LinkTable::Hash hash, const Address& remote, std::size_t socket);
  void pass_on(unsigned shard, std::size_t socket, const Datagram& datagram);
  void receive_passed(const Address& remote, const Path& path, ByteSpan bytes);
  void mark_far_peers();
  void do_tasks();
  void tell_others();
  void write_behind();

  // shard_dtls.cpp: associations
  void take_secured(std::size_t socket, const Datagram& datagram, const Arrival& arrival);
  void receive_moved(HandshakeOutput moved, ByteView message);
  [[nodiscard]] coap::LinkId link_to_peer(const Path& path, const Address& remote) override;
  void take_message(coap::LinkId link, const Path& path, const Address& remote, ByteView message) override;
  void lose_peer(coap::LinkId link) override;
  [[nodiscard]] std::optional<store::Ticket> save_association(std::string_view key, ByteView record,
                                                              bool report) override;
  void remove_association(std::string_view key) override;
  /// As save_association, of any kind.
  [[nodiscard]] std::optional<store::Ticket> save_record(store::RecordKey key, ByteView record, bool report);

  // shard_oscore.cpp: messages under OSCORE
  void look_for_contexts();
  /// Hands the engine what came over a link, now or when what it needs is there.
  void deliver(coap::LinkId link, ByteView message);
  void release_context(const server::Registration& registration);
  void release_contexts();
  void drop_unprotected(server::RegistrationId registration);
  [[nodiscard]] std::optional<store::Ticket> save_context(std::string_view key, ByteView record,
                                                          bool report) override;
  void deliver_held(coap::LinkId link, ByteView message) override;
  void lose_context(coap::LinkId link) override;
  [[nodiscard]] std::size_t address_of(coap::LinkId link, ByteSpan out) override;

  // shard_streams.cpp: connections
  [[nodiscard]] coap::LinkId open_stream(const Address& remote, std::uint8_t listener) override;
  [[nodiscard]] StreamLinks::Taken take(coap::LinkId link, ByteView frame) override;
  void moved(coap::LinkId link, MovingConnection connection) override;
  void gone(coap::LinkId link) override;
  [[nodiscard]] bool registered(coap::LinkId link) const override;
  [[nodiscard]] std::optional<unsigned> frame_elsewhere(coap::LinkId link, ByteView frame) noexcept;

  // shard_queue.cpp: operations that wait, who waits for them, and their way to another shard
  struct Waiter {
    std::string endpoint;
    Instant until = kNever;  ///< kNever: the operation is not accepted yet
    Millis patience{0};
    Server::QueuedHandler done;
  };
  friend struct MovedQueue;
  void wait_for(server::QueuedId id, Waiter waiter);
  void answer_impatient();
  void move_queue(const std::string& endpoint, unsigned first);
  void pass_queue(const std::shared_ptr<MovedQueue>& moved, unsigned shard, unsigned left);
  void adopt(const std::shared_ptr<MovedQueue>& moved, unsigned left);
  void send_strays();
  void end_waiting();
  void on_operation_queued(const server::QueuedOperation& operation, Instant now) noexcept override;
  void on_operation_started(const server::QueuedOperation& operation, Instant now) noexcept override;
  void on_operation_finished(const server::QueuedOperation& operation, Instant now) noexcept override;
  void on_operation_change(const server::QueuedChange& change, Instant now) noexcept override;

  // shard_events.cpp: what the engine asks and tells
  [[nodiscard]] Result<void> admit(coap::LinkId link, std::string_view endpoint) noexcept override;
  [[nodiscard]] std::string_view tenant(coap::LinkId link) noexcept override;
  [[nodiscard]] std::string proved_endpoint(coap::LinkId link) noexcept override;
  /// Over DTLS and TLS. Nothing for a link that is not protected so; empty where what it proved is nobody's.
  [[nodiscard]] std::optional<std::string> identity(coap::LinkId link) const;
  void on_registered(const server::Registration& registration, Instant now) noexcept override;
  void on_updated(const server::Registration& registration, server::UpdateChanges changes,
                  Instant now) noexcept override;
  void on_ended(const server::Registration& registration, server::EndReason why,
                Instant now) noexcept override;
  void on_result(server::OperationId id, const server::OperationResult& result,
                 Instant now) noexcept override;
  void on_notified(const server::Notified& notified, Instant now) noexcept override;
  void on_observation_ended(server::ObservationId id, server::RegistrationId registration,
                            const server::Observed& observed, server::ObservationEnd why,
                            Instant now) noexcept override;
  void on_sent(const server::Sent& sent, Instant now) noexcept override;
  void on_change(const server::Change& change, Instant now) noexcept override;
  void on_observation_change(const server::ObservationChange& change, Instant now) noexcept override;
  [[nodiscard]] std::vector<std::uint8_t> objects_of(server::RegistrationId registration) const;
  void settle_observation(store::Ticket ticket, bool committed);
  template <typename Make>
  void publish(std::string_view endpoint, Make&& make);

  unsigned index_;
  ShardFleet& fleet_;
  ShardClock clock_;
  Instant now_;
  SystemRandom random_;
  CredentialReader credentials_;
  LinkLayer links_;
  StreamLinks streams_;
  ReceiveBatch in_;
  Pages engine_pages_;  // of the engine
  server::Engine engine_;
  FileDescriptor poll_;
  FileDescriptor wake_;
  MpscQueue<Task> tasks_;
  std::atomic<bool> asleep_ = false;
  std::atomic<std::uint32_t> passed_waiting_ = 0;  // datagrams from other shards in `tasks_`
  std::thread thread_;

  bool running_ = true;
  bool hearing_ = true;
  std::vector<std::uint8_t> ready_;  // sockets that may have something
  bool streams_ready_ = false;       // and connections
  std::array<Arrival, kBatch> arrivals_;
  bool removing_ = false;       // by hand: an event says so
  bool links_changed_ = false;  // within a batch: what was looked up before may be another's
  Instant write_behind_at_{};
  std::vector<std::uint8_t> record_;    // scratch
  std::vector<store::Ticket> refused_;  // the store would not take them
  std::string registered_here_;  // endpoint names, each behind its length, that other shards must forget
  std::unordered_map<std::uint64_t, Server::OutcomeHandler> waiting_;                   // by OperationId
  std::unordered_map<std::uint64_t, std::vector<Waiter>> queue_waiters_;                // by QueuedId
  std::unordered_map<std::uint64_t, std::vector<Server::DoneHandler>> cancel_waiters_;  // by QueuedId
  std::multimap<Instant, std::uint64_t> impatient_;  // when somebody's patience for an operation ends
  std::vector<std::string> strays_;  // endpoints with a queue here and, it may be, a registration elsewhere
  std::unique_ptr<Associations> associations_;  // null: no socket speaks DTLS
  std::unique_ptr<OscoreLinks> oscore_;         // null: no credential is a context
  std::vector<coap::LinkId> released_;          // their registrations have ended
  std::uint32_t max_links_;
  std::uint32_t max_observations_;
  store::Ticket newest_limit_ = kFirstLimit;
  std::unordered_map<store::Ticket, HeldOutcome> held_;
  store::Ticket newest_held_ = store::kNoTicket;
  std::vector<std::shared_ptr<EventChannel>> channels_;
  std::uint64_t received_ = 0;
  std::uint64_t forwarded_ = 0;
  std::uint64_t links_exhausted_ = 0;
  std::uint64_t events_dropped_ = 0;  // of subscriptions that have ended
};

}  // namespace linnet::net
