// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/server_channel.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace linnet::tls {

namespace {

constexpr std::size_t kMaxRecord = 16'384;  // RFC 5246 §6.2.1

/// Resets a pointer where the scope ends.
template <typename T>
class Lent {
 public:
  Lent(const T*& place, const T& lent) noexcept : place_(place) { place_ = &lent; }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;
  ~Lent() { place_ = nullptr; }

 private:
  const T*& place_;
};

}  // namespace

ServerChannel::ServerChannel(const ServerSecurity& security, server::Credentials::Shared credentials)
    : context_{.credentials = std::move(credentials)}, session_(security.session(context_)) {
  if (!session_) {
    state_ = State::kClosed;
    failure_ = "no memory";
    return;
  }
  gnutls_transport_set_ptr(session_.get(), this);
  gnutls_transport_set_push_function(session_.get(), push);
  gnutls_transport_set_pull_function(session_.get(), pull);
  gnutls_transport_set_pull_timeout_function(session_.get(), wait);
  gnutls_handshake_set_timeout(session_.get(), GNUTLS_INDEFINITE_TIMEOUT);  // the owner's clock decides
}

ServerChannel::State ServerChannel::receive(ByteView bytes, Deliver deliver, Transmit transmit) {
  if (state_ == State::kClosed || bytes.empty()) return state_;
  const Lent lent(transmit_, transmit);
  follow_records(bytes);
  incoming_ = bytes;
  if (state_ == State::kHandshaking) shake_hands();
  if (state_ == State::kOpen) read_records(deliver);
  incoming_ = {};
  return state_;
}

void ServerChannel::shake_hands() {
  for (;;) {
    const std::size_t before = incoming_.size();
    const int result = gnutls_handshake(session_.get());
    if (result == GNUTLS_E_SUCCESS) {
      if (!take_identity()) return fail_with(GNUTLS_E_CERTIFICATE_ERROR);
      resumed_ = gnutls_session_is_resumed(session_.get()) != 0;
      context_.credentials.reset();
      context_.revoked.reset();
      state_ = State::kOpen;
      return;
    }
    if (gnutls_error_is_fatal(result) != 0) return fail_with(result);
    // Nothing is left, or nothing gets on.
    if (incoming_.empty() || incoming_.size() == before) return;
  }
}

bool ServerChannel::take_identity() {
  const auto proven = identify(session_.get(), context_);
  if (!proven) {
    context_.refusal = GNUTLS_A_ACCESS_DENIED;
    return false;
  }
  const ByteView identity =
      proven->proof == Proof::kCertificate ? as_bytes(proven->endpoint) : proven->identity;
  if (identity.size() > kMaxIdentity) return false;
  proof_ = proven->proof;
  identity_.assign(identity.begin(), identity.end());
  return true;
}

void ServerChannel::read_records(Deliver deliver) {
  std::array<std::uint8_t, kMaxRecord> record;
  for (;;) {
    const std::size_t before = incoming_.size();
    const auto result = gnutls_record_recv(session_.get(), record.data(), record.size());
    if (result > 0) {
      deliver(ByteView(record).first(static_cast<std::size_t>(result)));
      continue;
    }
    if (result == 0) {
      state_ = State::kClosed;
      break;
    }
    // There is no second handshake in a session (RFC 7925 §17): who begins one ends it.
    const bool again = result == GNUTLS_E_REHANDSHAKE;
    if (again) context_.refusal = GNUTLS_A_NO_RENEGOTIATION;
    if (again || gnutls_error_is_fatal(static_cast<int>(result)) != 0) {
      fail_with(static_cast<int>(result));
      break;
    }
    if (incoming_.empty() || incoming_.size() == before) break;
  }
  gnutls_memset(record.data(), 0, record.size());
}

Result<void> ServerChannel::send(ByteView plaintext, Transmit transmit) {
  if (state_ != State::kOpen) return fail(Errc::kClosed);
  const Lent lent(transmit_, transmit);
  while (!plaintext.empty()) {
    const auto sent = gnutls_record_send(session_.get(), plaintext.data(), plaintext.size());
    if (sent <= 0) return fail(Errc::kIo);
    plaintext = plaintext.subspan(static_cast<std::size_t>(sent));
  }
  return {};
}

void ServerChannel::close(Transmit transmit) {
  if (state_ != State::kOpen) return;
  const Lent lent(transmit_, transmit);
  (void)gnutls_bye(session_.get(), GNUTLS_SHUT_WR);
  state_ = State::kClosed;
}

void ServerChannel::fail_with(int error) {
  send_alert(session_.get(), context_, error);
  failure_ = context_.refusal ? gnutls_alert_get_name(*context_.refusal) : sentence(error);
  state_ = State::kClosed;
}

/// Finds where records begin and end; what they are is the library's business.
void ServerChannel::follow_records(ByteView bytes) noexcept {
  while (!bytes.empty()) {
    if (header_size_ < kHeader) {
      const std::size_t taken = std::min(bytes.size(), kHeader - header_size_);
      std::copy_n(bytes.begin(), taken, header_.begin() + header_size_);
      header_size_ = static_cast<std::uint8_t>(header_size_ + taken);
      bytes = bytes.subspan(taken);
      if (header_size_ < kHeader) return;
      record_left_ = static_cast<std::uint32_t>(header_[3] << 8U | header_[4]);
    }
    const std::size_t taken = std::min<std::size_t>(bytes.size(), record_left_);
    record_left_ -= static_cast<std::uint32_t>(taken);
    bytes = bytes.subspan(taken);
    if (record_left_ == 0) header_size_ = 0;
  }
}

ssize_t ServerChannel::push(gnutls_transport_ptr_t self, const void* data, std::size_t size) noexcept {
  (*static_cast<ServerChannel*>(self)->transmit_)({static_cast<const std::uint8_t*>(data), size});
  return static_cast<ssize_t>(size);
}

ssize_t ServerChannel::pull(gnutls_transport_ptr_t self, void* data, std::size_t size) noexcept {
  auto& channel = *static_cast<ServerChannel*>(self);
  if (channel.incoming_.empty()) {
    gnutls_transport_set_errno(channel.session_.get(), EAGAIN);
    return -1;
  }
  const std::size_t taken = std::min(size, channel.incoming_.size());
  std::memcpy(data, channel.incoming_.data(), taken);
  channel.incoming_ = channel.incoming_.subspan(taken);
  return static_cast<ssize_t>(taken);
}

int ServerChannel::wait(gnutls_transport_ptr_t self, unsigned /*milliseconds*/) noexcept {
  return static_cast<ServerChannel*>(self)->incoming_.empty() ? 0 : 1;
}

}  // namespace linnet::tls
