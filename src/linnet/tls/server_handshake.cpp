// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/server_handshake.hpp"

#include <nettle/hmac.h>
#include <nettle/memops.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "linnet/tls/client_hello.hpp"
#include "linnet/tls/export_keys.hpp"

namespace linnet::tls {

namespace {

constexpr Seconds kCookieKeyLife{60};
// A handshake of ours is a few flights of a few datagrams each; a client that makes it more is not one.
constexpr std::size_t kMostOutgoing = 64;

}  // namespace

CookieGuard::CookieGuard() {
  renew(Instant{});
  renew(Instant{});
}

CookieGuard::~CookieGuard() {
  wipe(newest_);
  wipe(previous_);
}

void CookieGuard::renew(Instant now) noexcept {
  previous_ = newest_;
  // It fails where there is no random number in the system; then the one before goes on.
  [[maybe_unused]] const int made = gnutls_rnd(GNUTLS_RND_KEY, newest_.data(), newest_.size());
  renew_at_ = now + kCookieKeyLife;
}

bool CookieGuard::is_client_hello(const Record& record) noexcept {
  ByteView content = record.fragment;
  const auto message = take_fragment(content);
  return record.type == ContentType::kHandshake && record.epoch == 0 && message && message->whole() &&
         message->type == HandshakeType::kClientHello && message->length != 0 && content.empty();
}

CookieGuard::Cookie CookieGuard::cookie(const Key& key, ByteView peer, ByteView random) noexcept {
  hmac_sha256_ctx hmac;
  hmac_sha256_set_key(&hmac, key.size(), key.data());
  hmac_sha256_update(&hmac, peer.size(), peer.data());
  hmac_sha256_update(&hmac, random.size(), random.data());
  Cookie cookie;
  hmac_sha256_digest(&hmac, cookie.size(), cookie.data());
  wipe({reinterpret_cast<std::uint8_t*>(&hmac), sizeof hmac});
  return cookie;
}

std::optional<Prestate> CookieGuard::check(ByteView datagram, ByteView peer, Instant now, SendDatagram send) {
  if (now >= renew_at_) renew(now);
  if (datagram.size() < kRecordHeader) return std::nullopt;
  ByteView content = datagram.subspan(kRecordHeader);
  const auto message = take_fragment(content);
  if (!message) return std::nullopt;
  const auto hello = decode_client_hello(message->bytes);
  if (!hello) return std::nullopt;
  const Cookie newest = cookie(newest_, peer, hello->random);
  const auto same = [&](const Cookie& own) {
    return hello->cookie.size() == own.size() &&
           memeql_sec(hello->cookie.data(), own.data(), own.size()) != 0;
  };
  if (same(newest) || (!hello->cookie.empty() && same(cookie(previous_, peer, hello->random)))) {
    Prestate prestate{};
    prestate.record_seq = datagram[kRecordHeader - 3];
    prestate.hsk_read_seq = message->number;
    return prestate;
  }
  // HelloVerifyRequest: of version 1.0, whatever will be spoken (RFC 6347 §4.2.1), under the number of what
  // it answers.
  constexpr std::uint16_t kVersion10 = 0xFEFF;
  constexpr std::size_t kBody = 2 + 1 + sizeof(Cookie);
  std::array<std::uint8_t, kRecordHeader + kMessageHeader + kBody> request{};
  ByteWriter writer(request);
  writer.u8(std::to_underlying(ContentType::kHandshake));
  writer.uint(kVersion10, 2);
  writer.bytes(datagram.subspan(3, 8));
  writer.uint(kMessageHeader + kBody, 2);
  writer.u8(std::to_underlying(HandshakeType::kHelloVerifyRequest));
  writer.uint(kBody, 3);
  writer.uint(0, 2 + 3);
  writer.uint(kBody, 3);
  writer.uint(kVersion10, 2);
  writer.u8(sizeof(Cookie));
  writer.bytes(newest);
  send(writer.written());
  return std::nullopt;
}

ServerHandshake::ServerHandshake(const ServerSecurity& security, const HandshakeConfig& config,
                                 server::Credentials::Shared credentials, Prestate prestate)
    : context_{.credentials = std::move(credentials)}, session_(security.session(context_)) {
  if (!session_) {
    state_ = State::kFailed;
    failure_ = "no memory";
    return;
  }
  gnutls_session_t session = session_.get();
  gnutls_dtls_prestate_set(session, &prestate);
  gnutls_dtls_set_mtu(session, config.mtu);
  gnutls_dtls_set_timeouts(session, static_cast<unsigned>(config.retransmit.count()),
                           static_cast<unsigned>(config.give_up.count()));
  gnutls_transport_set_ptr(session, this);
  gnutls_transport_set_push_function(session, push);
  gnutls_transport_set_pull_function(session, pull);
  gnutls_transport_set_pull_timeout_function(session, wait);
}

ServerHandshake::State ServerHandshake::receive(ByteView datagram, SendDatagram send) {
  if (state_ != State::kGoing) return state_;
  incoming_ = datagram;
  return go_on(send);
}

ServerHandshake::State ServerHandshake::step(SendDatagram send) {
  return state_ == State::kGoing ? go_on(send) : state_;
}

Millis ServerHandshake::until_due() const noexcept {
  // The library may say "now" where its clock ticks within the same millisecond.
  return session_ ? Millis{std::max(gnutls_dtls_get_timeout(session_.get()), 10U)} : Millis{0};
}

ServerHandshake::State ServerHandshake::go_on(SendDatagram send) {
  constexpr int kMostWarnings = 8;
  outgoing_.clear();
  int result = GNUTLS_E_AGAIN;
  for (int warnings = 0; warnings < kMostWarnings; ++warnings) {
    result = gnutls_handshake(session_.get());
    // What ended a datagram's reading may be followed by more of the same datagram.
    const bool more = result == GNUTLS_E_AGAIN && !incoming_.empty();
    if (!more && (result == GNUTLS_E_AGAIN || result >= 0 || gnutls_error_is_fatal(result) != 0)) break;
  }
  if (result == GNUTLS_E_SUCCESS) {
    state_ = State::kDone;
    resumed_ = gnutls_session_is_resumed(session_.get()) != 0;
    if (!export_association()) result = GNUTLS_E_CERTIFICATE_ERROR;
  }
  if (result < 0 && gnutls_error_is_fatal(result) != 0) fail_with(result);
  incoming_ = {};
  for (const OwnedBytes& datagram : outgoing_) send(datagram);
  if (state_ == State::kDone) last_flight_ = std::move(outgoing_);
  if (state_ != State::kGoing) session_.reset();
  return state_;
}

ServerHandshake::State ServerHandshake::fail_with(int error) {
  send_alert(session_.get(), context_, error);
  failure_ = context_.refusal ? gnutls_alert_get_name(*context_.refusal) : sentence(error);
  return state_ = State::kFailed;
}

bool ServerHandshake::export_association() {
  const auto proven = identify(session_.get(), context_);
  if (!proven) {
    context_.refusal = GNUTLS_A_ACCESS_DENIED;
    return false;
  }
  const ByteView identity =
      proven->proof == Proof::kCertificate ? as_bytes(proven->endpoint) : proven->identity;
  if (identity.size() > kMaxIdentity || !export_keys(session_.get(), association_)) return false;
  association_.proof = proven->proof;
  association_.identity_size = static_cast<std::uint8_t>(identity.size());
  if (!identity.empty()) std::memcpy(association_.identity_bytes.data(), identity.data(), identity.size());
  return true;
}

ssize_t ServerHandshake::push(gnutls_transport_ptr_t self, const void* data, std::size_t size) noexcept {
  auto& handshake = *static_cast<ServerHandshake*>(self);
  const auto* bytes = static_cast<const std::uint8_t*>(data);
  try {
    if (handshake.outgoing_.size() < kMostOutgoing) handshake.outgoing_.emplace_back(bytes, bytes + size);
  } catch (const std::bad_alloc&) {
    return static_cast<ssize_t>(size);  // lost, as on the way
  }
  return static_cast<ssize_t>(size);
}

ssize_t ServerHandshake::pull(gnutls_transport_ptr_t self, void* data, std::size_t size) noexcept {
  auto& handshake = *static_cast<ServerHandshake*>(self);
  if (handshake.incoming_.empty()) {
    gnutls_transport_set_errno(handshake.session_.get(), EAGAIN);
    return -1;
  }
  const ByteView datagram = std::exchange(handshake.incoming_, {});
  const std::size_t taken = std::min(size, datagram.size());
  std::memcpy(data, datagram.data(), taken);
  return static_cast<ssize_t>(taken);
}

int ServerHandshake::wait(gnutls_transport_ptr_t self, unsigned /*milliseconds*/) noexcept {
  return static_cast<ServerHandshake*>(self)->incoming_.empty() ? 0 : 1;
}

}  // namespace linnet::tls
