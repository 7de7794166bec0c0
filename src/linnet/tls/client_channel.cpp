// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/client_channel.hpp"

#include <gnutls/dtls.h>
#include <gnutls/x509.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "linnet/tls/client_suites.hpp"
#include "linnet/tls/datagram.hpp"

namespace linnet::tls {

using client::Alert;
using client::AlertHandling;
using client::ChannelState;
using client::SecurityMode;

namespace {

constexpr std::size_t kMaxRounds = 64;  // of one datagram through the library; more of what can be longer

/// A DNS name, which SNI may carry (RFC 6066 §3): no address.
bool is_name(std::string_view host) noexcept {
  const bool numeric = host.find_first_not_of("0123456789.") == host.npos;
  return !host.empty() && !numeric && host.find(':') == host.npos;
}

std::expected<void, std::string> done(int result, std::string_view what) {
  if (result >= 0) return {};
  return std::unexpected(std::string(what) + ": " + sentence(result));
}

}  // namespace

ClientChannel::ClientChannel(const ClientChannelConfig& config, client::Wire& wire)
    : config_(config), wire_(wire) {}

ClientChannel::~ClientChannel() {
  gnutls_memset(record_.data(), 0, record_.size());
}

Result<void> ClientChannel::start(const client::SecurityParameters& parameters, ByteView session,
                                  Instant now) noexcept {
  session_.reset();
  state_ = ChannelState::kClosed;
  end_ = {.why = Errc::kInvalidArgument};
  refused_.reset();
  refusal_.clear();
  if (auto prepared = prepare(parameters, session); !prepared) {
    refusal_ = prepared.error();
    session_.reset();
    return fail(Errc::kInvalidArgument);
  }
  state_ = ChannelState::kHandshaking;
  give_up_at_ = now + config_.give_up;
  shake_hands();
  return {};
}

std::expected<void, std::string> ClientChannel::prepare(const client::SecurityParameters& parameters,
                                                        ByteView session) {
  mode_ = parameters.mode;
  const Proofs proofs{.psk = mode_ == SecurityMode::kPsk,
                      .raw_public_key = mode_ == SecurityMode::kRawPublicKey,
                      .certificate = mode_ == SecurityMode::kCertificate};
  const ClientSuites suites = client_suites(parameters);
  if (suites.count == 0) return std::unexpected("none of the cipher suites goes with this security mode");
  auto made = priorities(config_.transport, proofs, suites.view());
  if (!made) return std::unexpected(made.error());
  priorities_ = *std::move(made);

  unsigned flags = GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL;
  if (config_.transport == Transport::kDatagram) flags |= GNUTLS_DATAGRAM;
  if (proofs.raw_public_key) flags |= GNUTLS_ENABLE_RAWPK;
  session_ = make<Session>(gnutls_init, flags);
  if (session_ == nullptr) return std::unexpected("there is no memory for a session");
  gnutls_session_t raw = session_.get();
  gnutls_session_set_ptr(raw, this);
  gnutls_transport_set_ptr(raw, this);
  gnutls_transport_set_push_function(raw, &ClientChannel::push);
  gnutls_transport_set_pull_function(raw, &ClientChannel::pull);
  gnutls_transport_set_pull_timeout_function(raw, &ClientChannel::wait);
  if (config_.transport == Transport::kDatagram) {
    gnutls_dtls_set_mtu(raw, config_.mtu);
    gnutls_dtls_set_timeouts(raw, static_cast<unsigned>(config_.retransmit.count()),
                             static_cast<unsigned>(config_.give_up.count()));
  }
  if (auto set = done(gnutls_priority_set(raw, priorities_.get()), "cipher suites"); !set) return set;

  // An earlier session that does not suit is as none.
  if (!session.empty()) (void)gnutls_session_set_data(raw, session.data(), session.size());
  if (const std::string name(parameters.reference_identifier()); is_name(name)) {
    auto set =
        done(gnutls_server_name_set(raw, GNUTLS_NAME_DNS, name.data(), name.size()), "the name " + name);
    if (!set) return set;
  }
  if (config_.transport == Transport::kStream) {
    constexpr std::string_view kCoap = "coap";  // RFC 8323 §8.2
    const gnutls_datum_t protocol = datum(as_bytes(kCoap));
    if (auto set = done(gnutls_alpn_set_protocols(raw, &protocol, 1, 0), "ALPN"); !set) return set;
    protocol_needed_ = parameters.port != kPortWithoutAlpn;
  }
  if (proofs.psk) return take_psk(parameters);

  wanted_.assign(parameters.server_public_key.begin(), parameters.server_public_key.end());
  rules_ = {.usage = parameters.usage,
            .matching = parameters.matching,
            .wanted = wanted_,
            .reference_identifier = std::string(parameters.reference_identifier()),
            .anchors = config_.anchors,
            .now = std::nullopt};
  certificates_ = make<CertificateCredentials>(gnutls_certificate_allocate_credentials);
  auto taken = proofs.raw_public_key ? take_raw_key(parameters) : take_certificate(parameters);
  if (!taken) return taken;
  gnutls_certificate_set_verify_function(certificates_.get(), &ClientChannel::verify);
  return done(gnutls_credentials_set(raw, GNUTLS_CRD_CERTIFICATE, certificates_.get()), "credentials");
}

std::expected<void, std::string> ClientChannel::take_psk(const client::SecurityParameters& parameters) {
  psk_ = make<PskClientCredentials>(gnutls_psk_allocate_client_credentials);
  const gnutls_datum_t identity = datum(parameters.identity);
  const gnutls_datum_t key = datum(parameters.secret_key);
  auto set = done(gnutls_psk_set_client_credentials2(psk_.get(), &identity, &key, GNUTLS_PSK_KEY_RAW),
                  "the pre-shared key");
  if (!set) return set;
  return done(gnutls_credentials_set(session_.get(), GNUTLS_CRD_PSK, psk_.get()), "credentials");
}

std::expected<void, std::string> ClientChannel::take_raw_key(const client::SecurityParameters& parameters) {
  const auto key = import_private_key(parameters.secret_key);
  if (!key) return std::unexpected(key.error());
  if (const auto identity = import_public_key(parameters.identity); !identity) {
    return std::unexpected("Public Key or Identity: " + identity.error());
  }
  if (!equal(subject_public_key_info(key->get()), parameters.identity)) {
    return std::unexpected("the private key is not that of the public key");
  }
  return give_raw_key(certificates_.get(), parameters.identity, parameters.secret_key);
}

std::expected<void, std::string> ClientChannel::take_certificate(
    const client::SecurityParameters& parameters) {
  const OwnedBytes certificate(parameters.identity.begin(), parameters.identity.end());
  return give_certificates(certificates_.get(), {&certificate, 1}, parameters.secret_key);
}

void ClientChannel::receive(ByteView bytes, Deliver deliver, Instant /*now*/) noexcept {
  if (config_.transport == Transport::kDatagram) bytes = whole_records(bytes);
  if (state_ == ChannelState::kClosed || bytes.empty()) return;
  if (state_ == ChannelState::kHandshaking && config_.transport == Transport::kDatagram) {
    const auto alert = plain_alert(bytes);
    if (alert && client::handling_of(*alert) == AlertHandling::kIgnore) return;
  }
  incoming_ = bytes;
  if (state_ == ChannelState::kHandshaking) shake_hands();
  if (state_ == ChannelState::kOpen) read_records(deliver);
  incoming_ = {};
}

void ClientChannel::shake_hands() noexcept {
  for (std::size_t round = 0; round < kMaxRounds; ++round) {
    const bool had_input = !incoming_.empty();
    const int result = gnutls_handshake(session_.get());
    if (result == GNUTLS_E_SUCCESS) {
      if (protocol_needed_ && !speaks_coap()) return fail_with(GNUTLS_E_NO_APPLICATION_PROTOCOL);
      state_ = ChannelState::kOpen;
      return;
    }
    if (result == GNUTLS_E_WARNING_ALERT_RECEIVED) continue;
    if (gnutls_error_is_fatal(result) != 0) return fail_with(result);
    // What is left of the input may be of the next flight.
    if (!had_input || incoming_.empty()) return;
  }
}

bool ClientChannel::speaks_coap() const noexcept {
  gnutls_datum_t agreed{};
  return gnutls_alpn_get_selected_protocol(session_.get(), &agreed) >= 0;
}

void ClientChannel::read_records(Deliver deliver) noexcept {
  // Each round takes a record, or ends.
  const std::size_t most = incoming_.size() + kMaxRounds;
  for (std::size_t round = 0; round < most; ++round) {
    const auto result = gnutls_record_recv(session_.get(), record_.data(), record_.size());
    if (result > 0) {
      deliver(ByteView(record_).first(static_cast<std::size_t>(result)));
      if (state_ != ChannelState::kOpen) return;
      continue;
    }
    if (result == 0) return end_by(Alert::kCloseNotify, true);
    if (result == GNUTLS_E_REHANDSHAKE) {
      (void)gnutls_alert_send(session_.get(), GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION);
      continue;
    }
    if (result == GNUTLS_E_AGAIN || result == GNUTLS_E_INTERRUPTED) {
      if (incoming_.empty()) return;
      continue;
    }
    if (gnutls_error_is_fatal(static_cast<int>(result)) != 0) return fail_with(static_cast<int>(result));
  }
}

Result<void> ClientChannel::send(ByteView plaintext) noexcept {
  if (state_ != ChannelState::kOpen) return fail(Errc::kClosed);
  while (!plaintext.empty()) {
    const auto sent = gnutls_record_send(session_.get(), plaintext.data(), plaintext.size());
    if (sent == GNUTLS_E_LARGE_PACKET) return fail(Errc::kTooLarge);
    if (sent <= 0) return fail(Errc::kIo);
    plaintext = plaintext.subspan(static_cast<std::size_t>(sent));
  }
  return {};
}

Instant ClientChannel::step(Instant now) noexcept {
  if (state_ != ChannelState::kHandshaking) return kNever;
  if (now >= give_up_at_) {
    end_because(Errc::kTimeout);
    return kNever;
  }
  if (config_.transport == Transport::kStream) return give_up_at_;
  shake_hands();
  if (state_ != ChannelState::kHandshaking) return Instant::min();
  const Millis wait(std::max(1U, gnutls_dtls_get_timeout(session_.get())));
  return std::min(now + wait, give_up_at_);
}

void ClientChannel::close() noexcept {
  if (state_ == ChannelState::kOpen) (void)gnutls_bye(session_.get(), GNUTLS_SHUT_WR);
  end_because(Errc::kClosed);
}

bool ClientChannel::resumed() const noexcept {
  return state_ == ChannelState::kOpen && gnutls_session_is_resumed(session_.get()) != 0;
}

Result<std::size_t> ClientChannel::export_session(ByteSpan out) const noexcept {
  if (state_ != ChannelState::kOpen) return fail(Errc::kNotFound);
  OwnedDatum data;
  if (gnutls_session_get_data2(session_.get(), data.out()) < 0) return fail(Errc::kNotFound);
  const ByteView bytes = data.bytes();
  if (bytes.size() > out.size()) return fail(Errc::kNoSpace);
  std::ranges::copy(bytes, out.begin());
  return bytes.size();
}

/// The session is over: the server is told why, unless it was the server who said so.
void ClientChannel::fail_with(int error) noexcept {
  if (error == GNUTLS_E_FATAL_ALERT_RECEIVED) {
    return end_by(static_cast<Alert>(gnutls_alert_get(session_.get())), true);
  }
  if (error == GNUTLS_E_TIMEDOUT) return end_because(Errc::kTimeout);
  if (error == GNUTLS_E_PREMATURE_TERMINATION) return end_because(Errc::kClosed);
  int level = GNUTLS_AL_FATAL;
  const int code = refused_ ? static_cast<int>(*refused_) : gnutls_error_to_alert(error, &level);
  const int alert = code < 0 ? static_cast<int>(GNUTLS_A_INTERNAL_ERROR) : code;
  (void)gnutls_alert_send(session_.get(), GNUTLS_AL_FATAL, static_cast<gnutls_alert_description_t>(alert));
  end_by(static_cast<Alert>(alert), false);
}

void ClientChannel::end_by(Alert alert, bool by_peer) noexcept {
  const bool failed = client::handling_of(alert) == AlertHandling::kFail;
  end_because(failed ? Errc::kUnauthorized : Errc::kClosed);
  end_.alert = alert;
  end_.by_peer = by_peer;
}

void ClientChannel::end_because(Errc why) noexcept {
  state_ = ChannelState::kClosed;
  end_ = {.why = why};
  give_up_at_ = kNever;
}

std::optional<Alert> ClientChannel::check_server() noexcept {
  unsigned count = 0;
  const gnutls_datum_t* shown = gnutls_certificate_get_peers(session_.get(), &count);
  if (shown == nullptr || count == 0) return Alert::kBadCertificate;
  const auto type = gnutls_certificate_type_get2(session_.get(), GNUTLS_CTYPE_SERVER);
  if (mode_ == SecurityMode::kRawPublicKey) {
    // TS 5.2.8.2: the key must match what is stored.
    const bool right = type == GNUTLS_CRT_RAWPK && matches(view(shown[0]), wanted_, rules_.matching) &&
                       import_public_key(view(shown[0]));
    return right ? std::nullopt : std::optional(Alert::kBadCertificate);
  }
  if (type != GNUTLS_CRT_X509) return Alert::kUnsupportedCertificate;
  std::vector<ByteView> chain;
  chain.reserve(count);
  for (unsigned i = 0; i < count; ++i) chain.push_back(view(shown[i]));
  gnutls_datum_t stapled{};
  if (gnutls_ocsp_status_request_get(session_.get(), &stapled) < 0) stapled = {};
  rules_.now = config_.platform != nullptr ? config_.platform->unix_time() : std::nullopt;
  return check_certificate(chain, view(stapled), rules_);
}

ssize_t ClientChannel::push(gnutls_transport_ptr_t self, const void* data, std::size_t size) noexcept {
  static_cast<ClientChannel*>(self)->wire_.transmit({static_cast<const std::uint8_t*>(data), size});
  return static_cast<ssize_t>(size);
}

ssize_t ClientChannel::pull(gnutls_transport_ptr_t self, void* data, std::size_t size) noexcept {
  ClientChannel& channel = *static_cast<ClientChannel*>(self);
  if (channel.incoming_.empty()) {
    gnutls_transport_set_errno(channel.session_.get(), EAGAIN);
    return -1;
  }
  const std::size_t taken = std::min(size, channel.incoming_.size());
  std::memcpy(data, channel.incoming_.data(), taken);
  // A datagram is read whole, as recv does.
  const bool datagram = channel.config_.transport == Transport::kDatagram;
  channel.incoming_ = datagram ? ByteView() : channel.incoming_.subspan(taken);
  return static_cast<ssize_t>(taken);
}

int ClientChannel::wait(gnutls_transport_ptr_t self, unsigned /*milliseconds*/) noexcept {
  return static_cast<ClientChannel*>(self)->incoming_.empty() ? 0 : 1;
}

int ClientChannel::verify(gnutls_session_t session) noexcept {
  ClientChannel& channel = *static_cast<ClientChannel*>(gnutls_session_get_ptr(session));
  channel.refused_ = channel.check_server();
  return channel.refused_ ? GNUTLS_E_CERTIFICATE_ERROR : 0;
}

}  // namespace linnet::tls
