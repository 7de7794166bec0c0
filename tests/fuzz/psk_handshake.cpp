// SPDX-License-Identifier: Apache-2.0
// What a client may send in a handshake with a pre-shared key: any ClientHello, and behind one that is good
// any datagrams at all. Tickets that nobody gave are none.
#include <cstdlib>
#include <memory>
#include <vector>

#include "linnet/tls/psk_handshake.hpp"

namespace {

using namespace linnet;
using namespace linnet::tls;

constexpr UnixTime kNow{1'700'000'000};
constexpr std::size_t kMostSent = 1024;

void check(bool good) {
  if (!good) std::abort();
}

server::Credentials::Shared credentials() {
  server::Credential credential;
  credential.endpoint = "urn:one";
  credential.identity = {'o', 'n', 'e'};
  credential.key.assign(16, 7);
  std::vector<server::CredentialChange> changes;
  changes.push_back({.put = std::move(credential)});
  return server::Credentials::none()->apply(changes).value();
}

/// A ClientHello that is answered: the CCM_8 suite, and the extensions that `flags` name.
std::vector<std::uint8_t> good_hello(std::uint8_t flags) {
  std::vector<std::uint8_t> body{0xFE, 0xFD};
  body.resize(2 + 32, 9);
  body.insert(body.end(), {0, 0, 0, 2, 0xC0, 0xA8, 1, 0});
  std::vector<std::uint8_t> extensions;
  if ((flags & 1) != 0) extensions.insert(extensions.end(), {0, 23, 0, 0});
  if ((flags & 2) != 0) extensions.insert(extensions.end(), {0, 35, 0, 0});
  if ((flags & 4) != 0) extensions.insert(extensions.end(), {0xFF, 1, 0, 1, 0});
  body.insert(body.end(), {0, static_cast<std::uint8_t>(extensions.size())});
  body.insert(body.end(), extensions.begin(), extensions.end());
  const auto size = static_cast<std::uint8_t>(body.size());
  std::vector<std::uint8_t> datagram{
      22, 0xFE, 0xFD, 0,    0, 0, 0, 0, 0, 0, 1, 0,   static_cast<std::uint8_t>(size + 12),
      1,  0,    0,    size, 0, 1, 0, 0, 0, 0, 0, size};
  datagram.insert(datagram.end(), body.begin(), body.end());
  return datagram;
}

struct Server {
  server::Credentials::Shared known = credentials();
  PskSessions sessions{{5}, 2};
  std::size_t sent = 0;

  std::optional<PskOffer> offer(std::vector<std::uint8_t>& datagram) {
    ByteSpan rest = datagram;
    const auto record = take_record(rest);
    if (!record || !CookieGuard::is_client_hello(*record)) return std::nullopt;
    return psk_offer(*record, true, sessions, *known, kNow);
  }
  void shake(const PskOffer& offer, ByteView said) {
    const auto send = [this](ByteView bytes) {
      check(bytes.size() <= kMostSent);
      sent += bytes.size();
    };
    PskHandshake handshake(sessions, {}, offer, send);
    check(!handshake.resumed());
    // Datagrams behind a byte with their size.
    while (!said.empty()) {
      const std::size_t size = std::min<std::size_t>(said[0], said.size() - 1);
      std::vector<std::uint8_t> datagram(said.begin() + 1,
                                         said.begin() + 1 + static_cast<std::ptrdiff_t>(size));
      ByteSpan rest = datagram;
      // Nobody who has not the key comes to an end.
      check(handshake.receive(rest, *known, kNow, send) != PskHandshake::State::kDone);
      handshake.repeat(send);
      said = said.subspan(1 + size);
    }
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, std::min<std::size_t>(size, 2048));
  if (input.empty()) return 0;
  static Server server;
  check(!server.sessions.open_ticket(input, kNow));
  static_cast<void>(decode_client_hello(input));
  std::vector<std::uint8_t> datagram(input.begin(), input.end());
  if (const auto offer = server.offer(datagram)) server.shake(*offer, {});
  std::vector<std::uint8_t> good = good_hello(input[0]);
  const auto offer = server.offer(good);
  check(offer.has_value());
  server.shake(*offer, input.subspan(1));
  return 0;
}
