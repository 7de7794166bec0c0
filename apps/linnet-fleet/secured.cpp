// SPDX-License-Identifier: Apache-2.0
#include "secured.hpp"

#include <gnutls/dtls.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "linnet/tls/export_keys.hpp"
#include "linnet/tls/record.hpp"
#include "linnet/tls/suites.hpp"

namespace linnet::fleet {

namespace {

constexpr unsigned kRetransmitMillis = 2000;
constexpr unsigned kGiveUpMillis = 60'000;
constexpr unsigned kMtu = 1232;

}  // namespace

std::expected<std::unique_ptr<SecuredDevices>, std::string> SecuredDevices::make(
    std::uint32_t devices, std::vector<std::uint8_t> key, Send send) {
  if (key.empty()) return std::unexpected("a secured fleet needs a pre-shared key");
  constexpr std::array kSuite{tls::Suite::kPskCcm8};
  auto priorities = tls::priorities(tls::Transport::kDatagram, {.psk = true}, kSuite);
  if (!priorities) return std::unexpected(priorities.error());
  return std::unique_ptr<SecuredDevices>(
      new SecuredDevices(devices, *std::move(priorities), std::move(key), std::move(send)));
}

void SecuredDevices::begin(std::uint32_t device, const std::string& identity) {
  associations_[device].clear();
  auto handshake = std::make_unique<Handshake>();
  handshake->device = device;
  handshake->owner = this;
  handshake->credentials = tls::make<tls::PskClientCredentials>(gnutls_psk_allocate_client_credentials);
  handshake->session =
      tls::make<tls::Session>(gnutls_init, unsigned{GNUTLS_CLIENT | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK});
  if (!handshake->credentials || !handshake->session) return;
  gnutls_session_t session = handshake->session.get();
  const gnutls_datum_t name = tls::datum(as_bytes(identity));
  const gnutls_datum_t key = tls::datum(key_);
  gnutls_psk_set_client_credentials2(handshake->credentials.get(), &name, &key, GNUTLS_PSK_KEY_RAW);
  gnutls_credentials_set(session, GNUTLS_CRD_PSK, handshake->credentials.get());
  gnutls_priority_set(session, priorities_.get());
  gnutls_dtls_set_timeouts(session, kRetransmitMillis, kGiveUpMillis);
  gnutls_dtls_set_mtu(session, kMtu);
  gnutls_transport_set_ptr(session, handshake.get());
  gnutls_transport_set_push_function(session, push);
  gnutls_transport_set_pull_function(session, pull);
  gnutls_transport_set_pull_timeout_function(session, wait);
  go_on(*(handshakes_[device] = std::move(handshake)));
}

SecuredDevices::Progress SecuredDevices::receive(std::uint32_t device, ByteView datagram) {
  Handshake& handshake = *handshakes_.at(device);
  handshake.incoming = datagram;
  return go_on(handshake);
}

void SecuredDevices::repeat(std::uint32_t device) {
  const auto at = handshakes_.find(device);
  if (at != handshakes_.end()) go_on(*at->second);
}

SecuredDevices::Progress SecuredDevices::go_on(Handshake& handshake) {
  const std::uint32_t device = handshake.device;
  const int result = gnutls_handshake(handshake.session.get());
  if (result < 0 && gnutls_error_is_fatal(result) == 0) return Progress::kGoing;
  const bool done =
      result == GNUTLS_E_SUCCESS && tls::export_keys(handshake.session.get(), associations_[device]);
  handshakes_.erase(device);
  return done ? Progress::kDone : Progress::kFailed;
}

ByteSpan SecuredDevices::message_space(std::uint32_t device, ByteSpan buffer) const noexcept {
  const std::size_t offset = tls::plaintext_offset(associations_[device]);
  return buffer.subspan(offset, buffer.size() - tls::kMaxRecordOverhead);
}

std::size_t SecuredDevices::seal(std::uint32_t device, ByteSpan buffer, std::size_t size) noexcept {
  constexpr std::array<std::uint8_t, 16> kNoVector{};  // CCM asks for none
  return tls::seal(associations_[device], tls::ContentType::kApplicationData, size, buffer, kNoVector)
      .value_or(0);
}

ByteView SecuredDevices::open(std::uint32_t device, ByteSpan datagram) noexcept {
  const auto record = tls::take_record(datagram);
  if (!record || record->type != tls::ContentType::kApplicationData) return {};
  const auto plain = tls::open(associations_[device], *record);
  return plain ? ByteView(*plain) : ByteView();
}

ssize_t SecuredDevices::push(gnutls_transport_ptr_t self, const void* data, std::size_t size) noexcept {
  auto& handshake = *static_cast<Handshake*>(self);
  handshake.owner->send_(handshake.device, {static_cast<const std::uint8_t*>(data), size});
  return static_cast<ssize_t>(size);
}

ssize_t SecuredDevices::pull(gnutls_transport_ptr_t self, void* data, std::size_t size) noexcept {
  auto& handshake = *static_cast<Handshake*>(self);
  if (handshake.incoming.empty()) {
    gnutls_transport_set_errno(handshake.session.get(), EAGAIN);
    return -1;
  }
  const std::size_t taken = std::min(size, handshake.incoming.size());
  std::memcpy(data, handshake.incoming.data(), taken);
  handshake.incoming = {};
  return static_cast<ssize_t>(taken);
}

int SecuredDevices::wait(gnutls_transport_ptr_t self, unsigned /*milliseconds*/) noexcept {
  return static_cast<Handshake*>(self)->incoming.empty() ? 0 : 1;
}

}  // namespace linnet::fleet
