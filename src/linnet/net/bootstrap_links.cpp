// SPDX-License-Identifier: Apache-2.0
// What protects the messages of the bootstrap server: DTLS, TLS and OSCORE; and its connections.
#include <stdexcept>
#include <utility>

#include "linnet/net/bootstrap_server.hpp"
#include "linnet/server/admission.hpp"

namespace linnet::net {

namespace {

std::unique_ptr<tls::ServerSecurity> security_for(tls::Transport transport, const char* scheme,
                                                  const tls::ServerIdentity& identity) {
  auto security = tls::ServerSecurity::make(transport, identity);
  if (!security) throw std::runtime_error(scheme + (": " + security.error()));
  return *std::move(security);
}

}  // namespace

void BootstrapServer::secure(const BootstrapSurroundings& around, std::vector<TcpListener> tls) {
  if (!config_.listen_dtls.empty()) {
    handshakes_ = std::make_unique<Handshakes>(
        security_for(tls::Transport::kDatagram, "coaps", *around.identity), config_.handshakes, around.known,
        [this](HandshakeOutput output) {
          // Once it has ended it speaks to nobody any more.
          [[maybe_unused]] const auto posted = post([this, kept = std::move(output)]() mutable {
            if (running_) associations_->take_handshake(std::move(kept), now_);
          });
        });
    // What is to be done in seconds is not kept over a restart: a device shakes hands again.
    AssociationOwner& owner = *this;
    associations_ = std::make_unique<Associations>(
        AssociationsConfig{.max_links = config_.engine.endpoint.max_peers, .worker = 0, .durable = false},
        links_, *handshakes_, owner);
  }
  if (tls.empty()) return;
  tls_ = std::make_unique<TlsHandshakes>(std::move(tls), config_.listen_tcp.size(),
                                         security_for(tls::Transport::kStream, "coaps+tcp", *around.identity),
                                         config_.tls, around.known, [this](MovingConnection connection) {
                                           // Once it has ended the connection is closed.
                                           [[maybe_unused]] const auto posted =
                                               post([this, kept = std::move(connection)]() mutable {
                                                 if (running_) streams_.adopt(std::move(kept), now_);
                                               });
                                         });
}

void BootstrapServer::deliver(coap::LinkId link, ByteView message) {
  if (oscore_) {
    const bool stream = links_.table().kind(link) == LinkKind::kTcp;
    const auto decoded = stream ? coap::Message::decode_frame(message) : coap::Message::decode(message);
    if (decoded && !oscore_->prepare(link, *decoded, message, credentials_.get())) return;
  }
  engine_.receive(link, message, now_);
}

// TS 5.2.6, 5.5.5.
Result<void> BootstrapServer::admit(coap::LinkId link, std::string_view endpoint) noexcept {
  auto proved = server::LinkIdentity::kNone;
  if (const auto own = identity(link)) proved = server::with_proof(proved, *own == endpoint);
  if (oscore_ && oscore_->secured(link)) {
    proved = server::with_proof(proved, oscore_->endpoint(link, credentials_.get()) == endpoint);
  }
  return server::admit(proved, endpoint, credentials_.get(), allow_nosec_);
}

std::string BootstrapServer::proved_endpoint(coap::LinkId link) noexcept {
  if (auto own = identity(link)) return *std::move(own);
  if (!oscore_ || !oscore_->secured(link)) return {};
  return std::string(oscore_->endpoint(link, credentials_.get()).value_or(""));
}

std::optional<std::string> BootstrapServer::identity(coap::LinkId link) const {
  if (associations_) {
    if (auto own = associations_->endpoint(link)) return own;
  }
  const tls::ServerChannel* const channel = streams_.channel(link);
  if (channel == nullptr) return std::nullopt;
  return std::string(channel->endpoint(*tls_->credentials()).value_or(""));
}

// DTLS.

coap::LinkId BootstrapServer::link_to_peer(const Path& path, const Address& remote) {
  LinkTable& table = links_.table();
  const LinkTable::Hash hash = table.hash(remote, path.socket);
  coap::LinkId link = table.find(hash, remote, path.socket);
  if (link == coap::kNoLink) link = link_to(hash, remote, path.socket);
  if (link != coap::kNoLink) table.set_path(link, links_.path_of(path.socket, remote, path.local));
  return link;
}

void BootstrapServer::take_message(coap::LinkId link, const Path& /*path*/, const Address& /*remote*/,
                                   ByteView message) {
  deliver(link, message);
}

void BootstrapServer::lose_peer(coap::LinkId link) {
  engine_.drop(link, now_);
}

// Connections.

coap::LinkId BootstrapServer::open_stream(const Address& remote, std::uint8_t listener) {
  return link_to_peer(
      {.socket = static_cast<std::uint32_t>(links_.socket_of_listener(listener)), .local = {}}, remote);
}

StreamLinks::Taken BootstrapServer::take(coap::LinkId link, ByteView frame) {
  deliver(link, frame);
  return StreamLinks::Taken::kTaken;
}

/// There is one worker: nothing moves.
void BootstrapServer::moved(coap::LinkId /*link*/, MovingConnection /*connection*/) {}

void BootstrapServer::gone(coap::LinkId link) {
  engine_.drop(link, now_);
}

/// In a session, for as long as that goes.
bool BootstrapServer::registered(coap::LinkId link) const {
  return !engine_.quiet(link);
}

// OSCORE.

void BootstrapServer::look_for_contexts() {
  if (oscore_ || credentials_.get().oscore_contexts() == 0) return;
  OscoreLinksConfig config;
  config.max_links = config_.engine.endpoint.max_peers;
  config.max_observations = 1;
  config.max_message = static_cast<std::uint16_t>(config_.streams.session.max_message);
  config.durable = store_ != nullptr;
  config.user = server::ContextUser::kBootstrap;
  OscoreOwner& owner = *this;
  oscore_ = std::make_unique<OscoreLinks>(config, owner);
  engine_.protect_by(oscore_->protection());
}

std::optional<store::Ticket> BootstrapServer::save_context(std::string_view key, ByteView record,
                                                           bool report) {
  if (store_ == nullptr || record.empty()) return std::nullopt;
  const store::Ticket ticket = report ? ++last_context_ticket_ : store::kNoTicket;
  const store::RecordKey name(store::RecordKind::kSecurityContext, key);
  if (!store_->save(store_shard_, ticket, name, record, store::kKeptForGood)) return std::nullopt;
  return ticket;
}

void BootstrapServer::deliver_held(coap::LinkId link, ByteView message) {
  engine_.receive(link, message, now_);
}

void BootstrapServer::lose_context(coap::LinkId link) {
  engine_.drop(link, now_);
}

std::size_t BootstrapServer::address_of(coap::LinkId /*link*/, ByteSpan /*out*/) {
  return 0;
}

}  // namespace linnet::net
