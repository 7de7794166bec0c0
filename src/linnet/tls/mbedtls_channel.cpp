// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/mbedtls_channel.hpp"

#include <mbedtls/platform_util.h>

#include <algorithm>
#include <cstring>

#include "linnet/tls/client_suites.hpp"
#include "linnet/tls/datagram.hpp"

namespace linnet::tls {

using client::Alert;
using client::AlertHandling;
using client::CertificateUsage;
using client::ChannelState;
using client::SecurityMode;

namespace {

constexpr std::size_t kMaxRounds = 64;  // of one datagram through the library; more of what can be longer
constexpr unsigned kMinRsaBits = 2048;

constexpr mbedtls_ecp_group_id kCurves[]{MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_SECP384R1,
                                         MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_NONE};
constexpr int kHashes[]{MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384, MBEDTLS_MD_NONE};
constexpr mbedtls_x509_crt_profile kProfile{
    MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256) | MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA384) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA512),
    0xFFFFFFF,
    MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1) | MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP384R1) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP521R1),
    kMinRsaBits};
const char* const kProtocols[]{"coap", nullptr};  // RFC 8323 §8.2

bool is_name(std::string_view host) noexcept {
  const bool numeric = host.find_first_not_of("0123456789.") == host.npos;
  return !host.empty() && !numeric && host.find(':') == host.npos;
}

/// Seconds since 1970 of a calendar date (Howard Hinnant's way of counting days, from March on).
std::int64_t unix_seconds(const mbedtls_x509_time& time) noexcept {
  const std::int64_t year = time.mon <= 2 ? time.year - 1 : time.year;
  const std::int64_t month = time.mon <= 2 ? time.mon + 9 : time.mon - 3;
  const std::int64_t day = (153 * month + 2) / 5 + time.day - 1;
  const std::int64_t days = year * 365 + year / 4 - year / 100 + year / 400 + day - 719'468;
  return ((days * 24 + time.hour) * 60 + time.min) * 60 + time.sec;
}

}  // namespace

MbedTlsChannel::MbedTlsChannel(const MbedTlsChannelConfig& config, client::Wire& wire,
                               Random& random) noexcept
    : config_(config), wire_(wire), random_(random) {
  set_up();
}

MbedTlsChannel::~MbedTlsChannel() {
  tear_down();
  mbedtls_platform_zeroize(record_.data(), record_.size());
  mbedtls_platform_zeroize(offered_.data(), offered_.size());
}

void MbedTlsChannel::set_up() noexcept {
  mbedtls_ssl_init(&ssl_);
  mbedtls_ssl_config_init(&settings_);
  mbedtls_x509_crt_init(&own_);
  mbedtls_x509_crt_init(&wanted_);
  mbedtls_pk_init(&key_);
}

/// The library wipes what it frees.
void MbedTlsChannel::tear_down() noexcept {
  mbedtls_ssl_free(&ssl_);
  mbedtls_ssl_config_free(&settings_);
  mbedtls_x509_crt_free(&own_);
  mbedtls_x509_crt_free(&wanted_);
  mbedtls_pk_free(&key_);
}

Result<void> MbedTlsChannel::start(const client::SecurityParameters& parameters, ByteView session,
                                   Instant now) noexcept {
  tear_down();
  set_up();
  now_ = now;
  end_because(Errc::kInvalidArgument);
  refused_.reset();
  sent_.reset();
  offers_ = resumed_ = named_ = false;
  if (!prepare(parameters, session)) {
    tear_down();
    set_up();
    return fail(Errc::kInvalidArgument);
  }
  state_ = ChannelState::kHandshaking;
  give_up_at_ = now + config_.give_up;
  shake_hands();
  return {};
}

bool MbedTlsChannel::prepare(const client::SecurityParameters& parameters, ByteView session) noexcept {
  const bool datagram = config_.transport == Transport::kDatagram;
  if (mbedtls_ssl_config_defaults(&settings_, MBEDTLS_SSL_IS_CLIENT,
                                  datagram ? MBEDTLS_SSL_TRANSPORT_DATAGRAM : MBEDTLS_SSL_TRANSPORT_STREAM,
                                  MBEDTLS_SSL_PRESET_DEFAULT) != 0) {
    return false;
  }
  const ClientSuites suites = client_suites(parameters);
  if (suites.count == 0) return false;
  suites_.fill(0);
  std::ranges::transform(suites.view(), suites_.begin(), [](Suite suite) { return static_cast<int>(suite); });
  mbedtls_ssl_conf_ciphersuites(&settings_, suites_.data());
  mbedtls_ssl_conf_curves(&settings_, kCurves);
  mbedtls_ssl_conf_sig_hashes(&settings_, kHashes);
  mbedtls_ssl_conf_min_version(&settings_, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
  mbedtls_ssl_conf_max_version(&settings_, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
  mbedtls_ssl_conf_rng(&settings_, &MbedTlsChannel::fill_random, this);
  mbedtls_ssl_conf_handshake_timeout(&settings_, static_cast<std::uint32_t>(config_.retransmit.count()),
                                     static_cast<std::uint32_t>(config_.give_up.count()));
  protocol_needed_ = !datagram && parameters.port != kPortWithoutAlpn;
  if (!datagram && mbedtls_ssl_conf_alpn_protocols(&settings_, const_cast<const char**>(kProtocols)) != 0) {
    return false;
  }
  switch (parameters.mode) {
    case SecurityMode::kPsk:
      if (mbedtls_ssl_conf_psk(&settings_, parameters.secret_key.data(), parameters.secret_key.size(),
                               parameters.identity.data(), parameters.identity.size()) != 0) {
        return false;
      }
      break;
    case SecurityMode::kCertificate:
      if (!take_certificate(parameters)) return false;
      break;
    default: return false;
  }
  if (mbedtls_ssl_setup(&ssl_, &settings_) != 0) return false;
  if (datagram) mbedtls_ssl_set_mtu(&ssl_, config_.mtu);
  mbedtls_ssl_set_bio(&ssl_, this, &MbedTlsChannel::push, &MbedTlsChannel::pull, nullptr);
  mbedtls_ssl_set_timer_cb(&ssl_, this, &MbedTlsChannel::set_timer, &MbedTlsChannel::timer);

  const std::string_view name = parameters.reference_identifier();
  if (name.size() > kMaxName) return false;
  named_ = is_name(name);
  std::ranges::copy(name, name_.begin());
  name_[name.size()] = '\0';
  if (named_ && mbedtls_ssl_set_hostname(&ssl_, name_.data()) != 0) return false;

  // An earlier session that does not suit is as none.
  mbedtls_ssl_session earlier;
  mbedtls_ssl_session_init(&earlier);
  if (!session.empty() && mbedtls_ssl_session_load(&earlier, session.data(), session.size()) == 0 &&
      mbedtls_ssl_set_session(&ssl_, &earlier) == 0) {
    std::ranges::copy(earlier.master, offered_.begin());
    offers_ = true;
  }
  mbedtls_ssl_session_free(&earlier);
  return true;
}

bool MbedTlsChannel::take_certificate(const client::SecurityParameters& parameters) noexcept {
  usage_ = parameters.usage;
  const bool known =
      !usage_ || usage_ == CertificateUsage::kTrustAnchor || usage_ == CertificateUsage::kDomainIssued;
  if (!known || parameters.matching != client::MatchingType::kExact) return false;
  const auto parse = [](mbedtls_x509_crt& to, ByteView der) {
    return mbedtls_x509_crt_parse_der(&to, der.data(), der.size()) == 0;
  };
  if (!parse(own_, parameters.identity) || !parse(wanted_, parameters.server_public_key)) return false;
  const ByteView secret = parameters.secret_key;
  if (mbedtls_pk_parse_key(&key_, secret.data(), secret.size(), nullptr, 0) != 0) return false;
  if (mbedtls_pk_check_pair(&own_.pk, &key_) != 0) return false;
  mbedtls_ssl_conf_authmode(&settings_, MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_ca_chain(&settings_, &wanted_, nullptr);
  mbedtls_ssl_conf_cert_profile(&settings_, &kProfile);
  mbedtls_ssl_conf_verify(&settings_, &MbedTlsChannel::verify, this);
  return mbedtls_ssl_conf_own_cert(&settings_, &own_, &key_) == 0;
}

void MbedTlsChannel::receive(ByteView bytes, Deliver deliver, Instant now) noexcept {
  now_ = now;
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

void MbedTlsChannel::shake_hands() noexcept {
  for (std::size_t round = 0; round < kMaxRounds; ++round) {
    const bool had_input = !incoming_.empty();
    const int result = mbedtls_ssl_handshake(&ssl_);
    if (result == 0) {
      if (protocol_needed_ && mbedtls_ssl_get_alpn_protocol(&ssl_) == nullptr) {
        (void)mbedtls_ssl_send_alert_message(&ssl_, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                             static_cast<unsigned char>(Alert::kNoApplicationProtocol));
        return end_by(Alert::kNoApplicationProtocol, false);
      }
      state_ = ChannelState::kOpen;
      mbedtls_ssl_session now_open;
      mbedtls_ssl_session_init(&now_open);
      resumed_ = offers_ && mbedtls_ssl_get_session(&ssl_, &now_open) == 0 &&
                 equal(ByteView(now_open.master), offered_);
      mbedtls_ssl_session_free(&now_open);
      return;
    }
    if (result != MBEDTLS_ERR_SSL_WANT_READ && result != MBEDTLS_ERR_SSL_WANT_WRITE) return fail_with(result);
    if (!had_input || incoming_.empty()) return;
  }
}

void MbedTlsChannel::read_records(Deliver deliver) noexcept {
  // Each round takes a record, or ends.
  const std::size_t most = incoming_.size() + kMaxRounds;
  for (std::size_t round = 0; round < most; ++round) {
    const int result = mbedtls_ssl_read(&ssl_, record_.data(), record_.size());
    if (result > 0) {
      deliver(ByteView(record_).first(static_cast<std::size_t>(result)));
      if (state_ != ChannelState::kOpen) return;
      continue;
    }
    if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return end_by(Alert::kCloseNotify, true);
    if (result != MBEDTLS_ERR_SSL_WANT_READ && result != MBEDTLS_ERR_SSL_WANT_WRITE) return fail_with(result);
    if (incoming_.empty()) return;
  }
}

Result<void> MbedTlsChannel::send(ByteView plaintext) noexcept {
  if (state_ != ChannelState::kOpen) return fail(Errc::kClosed);
  const bool datagram = config_.transport == Transport::kDatagram;
  const int most = mbedtls_ssl_get_max_out_record_payload(&ssl_);
  if (datagram && (most < 0 || plaintext.size() > static_cast<std::size_t>(most)))
    return fail(Errc::kTooLarge);
  while (!plaintext.empty()) {
    const int sent = mbedtls_ssl_write(&ssl_, plaintext.data(), plaintext.size());
    if (sent <= 0) return fail(Errc::kIo);
    plaintext = plaintext.subspan(static_cast<std::size_t>(sent));
  }
  return {};
}

Instant MbedTlsChannel::step(Instant now) noexcept {
  now_ = now;
  if (state_ != ChannelState::kHandshaking) return kNever;
  if (now >= give_up_at_) {
    end_because(Errc::kTimeout);
    return kNever;
  }
  if (now >= flight_due_) shake_hands();
  return state_ == ChannelState::kHandshaking ? std::min(flight_due_, give_up_at_) : Instant::min();
}

void MbedTlsChannel::close() noexcept {
  if (state_ == ChannelState::kOpen) (void)mbedtls_ssl_close_notify(&ssl_);
  end_because(Errc::kClosed);
}

Result<std::size_t> MbedTlsChannel::export_session(ByteSpan out) const noexcept {
  if (state_ != ChannelState::kOpen) return fail(Errc::kNotFound);
  mbedtls_ssl_session session;
  mbedtls_ssl_session_init(&session);
  std::size_t size = 0;
  const int got = mbedtls_ssl_get_session(&ssl_, &session);
  const int saved = got == 0 ? mbedtls_ssl_session_save(&session, out.data(), out.size(), &size) : got;
  mbedtls_ssl_session_free(&session);
  if (saved == MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL) return fail(Errc::kNoSpace);
  if (saved != 0) return fail(Errc::kNotFound);
  return size;
}

/// The library has told the server why, unless it was the server who said so.
void MbedTlsChannel::fail_with(int error) noexcept {
  if (error == MBEDTLS_ERR_SSL_TIMEOUT) return end_because(Errc::kTimeout);
  if (error == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) return end_by(static_cast<Alert>(ssl_.in_msg[1]), true);
  if (error == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return end_by(Alert::kCloseNotify, true);
  if (error == MBEDTLS_ERR_SSL_CONN_EOF) return end_because(Errc::kClosed);
  end_by(refused_.value_or(sent_.value_or(Alert::kInternalError)), false);
}

void MbedTlsChannel::end_by(Alert alert, bool by_peer) noexcept {
  const bool failed = client::handling_of(alert) == AlertHandling::kFail;
  end_because(failed ? Errc::kUnauthorized : Errc::kClosed);
  end_.alert = alert;
  end_.by_peer = by_peer;
}

void MbedTlsChannel::end_because(Errc why) noexcept {
  state_ = ChannelState::kClosed;
  end_ = {.why = why};
  resumed_ = false;
  give_up_at_ = kNever;
}

/// What the library has found wrong is in `flags`; the last word is ours.
bool MbedTlsChannel::accepts(const mbedtls_x509_crt& certificate, int depth, std::uint32_t& flags) noexcept {
  const auto bytes = [](const mbedtls_x509_crt& of) { return ByteView(of.raw.p, of.raw.len); };
  if (usage_ != CertificateUsage::kTrustAnchor && depth == 0 && equal(bytes(certificate), bytes(wanted_))) {
    flags = 0;
    return true;
  }
  if (usage_ == CertificateUsage::kDomainIssued) {
    // Of its authorities nobody asks.
    if (depth == 0) flags |= MBEDTLS_X509_BADCERT_OTHER;
    return depth != 0;
  }
  // The library's clock is not the device's.
  flags &= ~static_cast<std::uint32_t>(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
  const auto now = config_.platform != nullptr ? config_.platform->unix_time() : std::nullopt;
  if (now && now->seconds > unix_seconds(certificate.valid_to)) flags |= MBEDTLS_X509_BADCERT_EXPIRED;
  if (now && now->seconds < unix_seconds(certificate.valid_from)) flags |= MBEDTLS_X509_BADCERT_FUTURE;
  if (depth == 0 && !named_) flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
  return flags == 0;
}

int MbedTlsChannel::verify(void* self, mbedtls_x509_crt* certificate, int depth,
                           std::uint32_t* flags) noexcept {
  auto& channel = *static_cast<MbedTlsChannel*>(self);
  if (channel.accepts(*certificate, depth, *flags)) return 0;
  if ((*flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0) {
    channel.refused_ = Alert::kUnknownCa;
  } else if ((*flags & (MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE)) != 0) {
    channel.refused_ = Alert::kCertificateExpired;
  } else {
    channel.refused_ = Alert::kBadCertificate;
  }
  return 0;
}

int MbedTlsChannel::push(void* self, const unsigned char* data, std::size_t size) noexcept {
  auto& channel = *static_cast<MbedTlsChannel*>(self);
  const ByteView bytes(data, size);
  if (channel.state_ == ChannelState::kHandshaking) {
    constexpr std::size_t kStreamAlert = 7;
    constexpr std::uint8_t kAlertType = 21;
    if (const auto alert = plain_alert(bytes)) channel.sent_ = alert;
    if (size == kStreamAlert && data[0] == kAlertType) channel.sent_ = static_cast<Alert>(data[6]);
  }
  channel.wire_.transmit(bytes);
  return static_cast<int>(size);
}

int MbedTlsChannel::pull(void* self, unsigned char* data, std::size_t size) noexcept {
  auto& channel = *static_cast<MbedTlsChannel*>(self);
  if (channel.incoming_.empty()) return MBEDTLS_ERR_SSL_WANT_READ;
  const std::size_t taken = std::min(size, channel.incoming_.size());
  std::memcpy(data, channel.incoming_.data(), taken);
  // A datagram is read whole, as recv does.
  const bool datagram = channel.config_.transport == Transport::kDatagram;
  channel.incoming_ = datagram ? ByteView() : channel.incoming_.subspan(taken);
  return static_cast<int>(taken);
}

void MbedTlsChannel::set_timer(void* self, std::uint32_t intermediate, std::uint32_t final) noexcept {
  auto& channel = *static_cast<MbedTlsChannel*>(self);
  channel.flight_soon_ = final == 0 ? kNever : channel.now_ + Millis(intermediate);
  channel.flight_due_ = final == 0 ? kNever : channel.now_ + Millis(final);
}

int MbedTlsChannel::timer(void* self) noexcept {
  const auto& channel = *static_cast<MbedTlsChannel*>(self);
  if (channel.flight_due_ == kNever) return -1;
  if (channel.now_ >= channel.flight_due_) return 2;
  return channel.now_ >= channel.flight_soon_ ? 1 : 0;
}

int MbedTlsChannel::fill_random(void* self, unsigned char* data, std::size_t size) noexcept {
  auto& channel = *static_cast<MbedTlsChannel*>(self);
  for (std::size_t at = 0; at < size; at += sizeof(std::uint32_t)) {
    const std::uint32_t number = channel.random_.next();
    std::memcpy(data + at, &number, std::min(sizeof number, size - at));
  }
  return 0;
}

}  // namespace linnet::tls
