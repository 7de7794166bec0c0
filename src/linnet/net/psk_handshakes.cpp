// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/psk_handshakes.hpp"

#include "linnet/net/shard_clock.hpp"

namespace linnet::net {

PskHandshakes::PskHandshakes(Handshakes& library, LinkLayer& links, unsigned worker)
    : library_(library),
      links_(links),
      worker_(worker),
      table_(library.limits().under_way, library.limits().per_source) {}

PskHandshakes::Taken PskHandshakes::begin(const tls::Record& hello, const Path& path, const Address& remote,
                                          Instant now) {
  const tls::ServerSecurity& security = library_.security();
  const auto offer = tls::psk_offer(hello, security.psk_alone(), security.psk_sessions(),
                                    *library_.credentials(), ShardClock::wall());
  const Table::Name name{.remote = remote, .socket = path.socket};
  const auto send = [&](ByteView bytes) { links_.send_copy(path, remote, bytes); };
  if (const auto there = table_.find(name); there != table_.none()) {
    // A ClientHello that is repeated belongs to the handshake that it began.
    tls::PskHandshake& state = *there->second.payload.state;
    if (offer && state.begun_by(offer->hello.random)) {
      state.repeat(send);
      table_.wait(there, now + state.until_due());
      return Taken::kTaken;
    }
    table_.end(there);
  }
  if (!offer) return Taken::kNot;
  if (!table_.has_room_for(name)) return Taken::kCrowded;
  const tls::HandshakeConfig& config = library_.limits().handshake;
  const auto place =
      table_.open(name, now + config.give_up, path,
                  std::make_unique<tls::PskHandshake>(security.psk_sessions(), config, *offer, send));
  table_.wait(place, now + place->second.payload.state->until_due());
  return Taken::kTaken;
}

PskHandshakes::Taken PskHandshakes::receive(ByteSpan& datagram, const Path& path, const Address& remote,
                                            Instant now, HandshakeOutput& output) {
  using State = tls::PskHandshake::State;
  const auto place = table_.find({.remote = remote, .socket = path.socket});
  if (place == table_.none()) return Taken::kNot;
  place->second.payload.path = path;
  tls::PskHandshake& handshake = *place->second.payload.state;
  const auto send = [&](ByteView bytes) { output.datagrams.emplace_back(bytes.begin(), bytes.end()); };
  const State state = handshake.receive(datagram, *library_.credentials(), ShardClock::wall(), send);
  if (state == State::kGoing) {
    table_.wait(place, now + handshake.until_due());
    return Taken::kTaken;
  }
  output.peer = {.shard = worker_, .path = path, .remote = remote};
  if (state == State::kDone) {
    output.end = HandshakeOutput::End::kDone;
    output.resumed = handshake.resumed();
    output.association = handshake.association();
    output.last_flight = handshake.last_flight();
  } else {
    output.end = HandshakeOutput::End::kFailed;
  }
  table_.end(place);
  return Taken::kEnded;
}

std::uint32_t PskHandshakes::step(Instant now) {
  std::uint32_t given_up = 0;
  while (table_.next_due() <= now) {
    const auto place = table_.due();
    if (place->second.until <= now) {
      table_.end(place);
      ++given_up;
      continue;
    }
    tls::PskHandshake& handshake = *place->second.payload.state;
    handshake.repeat(
        [&](ByteView bytes) { links_.send_copy(place->second.payload.path, place->first.remote, bytes); });
    table_.wait(place, now + handshake.until_due());
  }
  return given_up;
}

}  // namespace linnet::net
