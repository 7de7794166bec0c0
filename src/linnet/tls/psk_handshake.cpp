// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/psk_handshake.hpp"

#include <nettle/memops.h>

#include <algorithm>
#include <utility>

#include "linnet/tls/prf.hpp"

namespace linnet::tls {

namespace {

constexpr std::uint16_t kDtls12 = 0xFEFD;
constexpr Millis kLongestWait{60'000};
constexpr std::size_t kVerifyData = 12;
constexpr std::size_t kMacKey = SHA256_DIGEST_SIZE;
constexpr std::size_t kCipherKey = 16;
constexpr std::size_t kSalt = 4;
constexpr std::size_t kMaxKey = 64;  // server::credential_limits allow no longer one
constexpr std::uint8_t kFatal = 2;
constexpr std::uint8_t kChange = 1;
constexpr std::uint64_t kLastNumber = Association::kLastNumber;

enum class Extension : std::uint16_t {
  kEncryptThenMac = 22,
  kExtendedMasterSecret = 23,
  kSessionTicket = 35,
  kRenegotiationInfo = 0xFF01,
};

bool is_psk(Suite suite) noexcept {
  return std::ranges::find(kPskSuites, suite) != kPskSuites.end();
}

bool offers(const ClientHello& hello, Suite suite) noexcept {
  for (std::size_t i = 0; i + 1 < hello.suites.size(); i += 2) {
    if ((hello.suites[i] << 8U | hello.suites[i + 1]) == std::to_underlying(suite)) return true;
  }
  return false;
}

struct Choice {
  std::optional<Suite> psk;   // the first one
  bool key_is_first = false;  // a suite with a key comes before it
  bool key = false;           // one is offered at all
};

Choice choose(const ClientHello& hello) noexcept {
  Choice choice;
  for (std::size_t i = 0; i + 1 < hello.suites.size(); i += 2) {
    const auto suite = suite_of(static_cast<std::uint16_t>(hello.suites[i] << 8U | hello.suites[i + 1]));
    if (!suite) continue;
    if (!is_psk(*suite)) {
      choice.key = true;
      choice.key_is_first = choice.key_is_first || !choice.psk;
    } else if (!choice.psk) {
      choice.psk = suite;
    }
  }
  return choice;
}

Protection protection_of(const PskSession& session) noexcept {
  switch (session.suite) {
    case Suite::kPskCcm8: return Protection::kCcm8;
    case Suite::kPskGcm: return Protection::kGcm;
    default: return session.encrypt_then_mac ? Protection::kCbcThenMac : Protection::kMacThenCbc;
  }
}

// RFC 7627 §5.3, RFC 5246 §7.4.1.3, and whoever it was must still be known.
bool fits(const PskSession& session, const ClientHello& hello, const server::Credentials& credentials) {
  return is_psk(session.suite) && offers(hello, session.suite) &&
         session.extended_master_secret == hello.extended_master_secret &&
         (!session.encrypt_then_mac || hello.encrypt_then_mac) && credentials.psk(session.identity());
}

std::array<std::uint8_t, kMessageHeader> message_header(HandshakeType type, std::size_t size,
                                                        std::uint16_t number) noexcept {
  std::array<std::uint8_t, kMessageHeader> header{};
  ByteWriter writer(header);
  writer.u8(std::to_underlying(type));
  writer.uint(size, 3);
  writer.uint(number, 2);
  writer.uint(0, 3);
  writer.uint(size, 3);
  return header;
}

}  // namespace

std::optional<PskOffer> psk_offer(const Record& record, bool psk_alone, const PskSessions& sessions,
                                  const server::Credentials& credentials, UnixTime now) {
  ByteView content = record.fragment;
  const auto message = take_fragment(content);
  if (!message || !message->whole() || message->type != HandshakeType::kClientHello) return std::nullopt;
  const auto hello = decode_client_hello(message->bytes);
  if (!hello || hello->version != kDtls12 || !hello->null_compression) return std::nullopt;
  const Choice choice = choose(*hello);
  PskOffer offer{.hello = *hello,
                 .message = ByteView(record.fragment).first(kMessageHeader + message->length),
                 .record_number = record.sequence,
                 .message_number = message->number,
                 .suite = choice.psk.value_or(Suite{}),
                 .resumed = {}};
  const bool by_ticket = hello->ticket && !hello->ticket->empty();
  const bool by_id = !by_ticket && !hello->session_id.empty();
  if (by_ticket) offer.resumed = sessions.open_ticket(*hello->ticket, now);
  if (by_id) offer.resumed = sessions.find(hello->session_id, now);
  if (offer.resumed && fits(*offer.resumed, *hello, credentials)) {
    offer.suite = offer.resumed->suite;
    return offer;
  }
  offer.resumed.reset();
  if (!choice.psk) return std::nullopt;
  if (psk_alone || !choice.key) return offer;
  // What it would resume may be a session of the library's.
  if (choice.key_is_first || by_ticket || by_id) return std::nullopt;
  return offer;
}

PskHandshake::PskHandshake(PskSessions& sessions, const HandshakeConfig& config, const PskOffer& offer,
                           SendDatagram send)
    : sessions_(sessions),
      wait_(config.retransmit),
      resumed_(offer.resumed.has_value()),
      read_message_(static_cast<std::uint16_t>(offer.message_number + 1)),
      write_message_(1),  // behind HelloVerifyRequest
      write_record_(offer.record_number) {
  sha256_init(&transcript_);
  hear(offer.message);
  std::ranges::copy(offer.hello.random, client_random_.begin());
  if (resumed_) {
    session_ = *offer.resumed;
  } else {
    session_.suite = offer.suite;
    session_.extended_master_secret = offer.hello.extended_master_secret;
    session_.encrypt_then_mac = offer.hello.encrypt_then_mac && offer.suite == Suite::kPskCbc;
  }
  if (!write_server_hello(offer)) {
    fail_with(Alert::kInternalError, send);
    return;
  }
  if (resumed_) {
    expand_keys();
    add_record(ContentType::kChangeCipherSpec, {&kChange, 1});
    add_finished();
    stage_ = Stage::kChangeCipherSpec;
  } else {
    add_message(HandshakeType::kServerHelloDone, {});
  }
  send_flight(send);
}

bool PskHandshake::write_server_hello(const PskOffer& offer) {
  if (gnutls_rnd(GNUTLS_RND_NONCE, server_random_.data(), server_random_.size()) < 0) return false;
  if (resumed_) {
    id_size_ = static_cast<std::uint8_t>(offer.hello.session_id.size());
    std::ranges::copy(offer.hello.session_id, id_.begin());
  } else if (offer.hello.ticket) {
    gives_ticket_ = true;
  } else {
    if (gnutls_rnd(GNUTLS_RND_NONCE, id_.data(), id_.size()) < 0) return false;
    id_size_ = static_cast<std::uint8_t>(id_.size());
  }
  std::array<std::uint8_t, 128> body;
  ByteWriter writer(body);
  writer.uint(kDtls12, 2);
  writer.bytes(server_random_);
  writer.u8(id_size_);
  writer.bytes(ByteView(id_).first(id_size_));
  writer.uint(std::to_underlying(session_.suite), 2);
  writer.u8(0);  // no compression
  std::array<std::uint8_t, 32> list;
  ByteWriter extensions(list);
  const auto add = [&](Extension extension, ByteView content) {
    extensions.uint(std::to_underlying(extension), 2);
    extensions.uint(content.size(), 2);
    extensions.bytes(content);
  };
  constexpr std::uint8_t kNoConnection = 0;
  if (offer.hello.renegotiation_info) add(Extension::kRenegotiationInfo, {&kNoConnection, 1});
  if (session_.extended_master_secret) add(Extension::kExtendedMasterSecret, {});
  if (session_.encrypt_then_mac) add(Extension::kEncryptThenMac, {});
  if (gives_ticket_) add(Extension::kSessionTicket, {});
  if (extensions.size() > 0) {
    writer.uint(extensions.size(), 2);
    writer.bytes(extensions.written());
  }
  if (!writer.ok()) return false;
  begin_flight();
  add_message(HandshakeType::kServerHello, writer.written());
  return true;
}

PskHandshake::State PskHandshake::receive(ByteSpan& datagram, const server::Credentials& credentials,
                                          UnixTime now, SendDatagram send) {
  while (state_ == State::kGoing && !datagram.empty()) {
    const auto record = take_record(datagram);
    if (!record) {
      datagram = {};
      break;
    }
    take(*record, credentials, now, send);
  }
  return state_;
}

void PskHandshake::take(const Record& record, const server::Credentials& credentials, UnixTime now,
                        SendDatagram send) {
  if (record.epoch != 0) {
    if (stage_ == Stage::kFinished) take_finished(record, now, send);
    return;
  }
  switch (record.type) {
    case ContentType::kHandshake:
      if (stage_ == Stage::kKeyExchange) take_key_exchange(record.fragment, credentials, send);
      return;
    case ContentType::kChangeCipherSpec:
      if (stage_ == Stage::kChangeCipherSpec && record.fragment.size() == 1 && record.fragment[0] == kChange)
        stage_ = Stage::kFinished;
      return;
    case ContentType::kAlert:
      if (record.fragment.size() == 2 && record.fragment[0] == kFatal) state_ = State::kFailed;
      return;
    case ContentType::kApplicationData: return;
  }
}

void PskHandshake::take_key_exchange(ByteView content, const server::Credentials& credentials,
                                     SendDatagram send) {
  while (!content.empty()) {
    const auto fragment = take_fragment(content);
    if (!fragment) return;
    // Of a flight before, sent once more.
    if (fragment->number != read_message_) continue;
    if (fragment->type != HandshakeType::kClientKeyExchange)
      return fail_with(Alert::kUnexpectedMessage, send);
    if (fragment->length > kMaxKeyExchange) return fail_with(Alert::kUnknownPskIdentity, send);
    // Pieces in order; what came in another is sent again.
    if (fragment->offset > exchange_have_) continue;
    std::ranges::copy(fragment->bytes, exchange_.begin() + fragment->offset);
    exchange_have_ = std::max(exchange_have_, fragment->offset + fragment->bytes.size());
    if (exchange_have_ < fragment->length) continue;
    return exchange_keys(ByteView(exchange_).first(fragment->length), credentials, send);
  }
}

void PskHandshake::exchange_keys(ByteView message, const server::Credentials& credentials,
                                 SendDatagram send) {
  ByteReader reader(message);
  const auto size = reader.uint(2);
  if (!size || *size != reader.remaining() || *size > kMaxIdentity)
    return fail_with(Alert::kDecodeError, send);
  const ByteView identity = reader.rest();
  const auto known = credentials.psk(identity);
  if (!known || known->key.size() > kMaxKey) return fail_with(Alert::kUnknownPskIdentity, send);
  session_.identity_size = static_cast<std::uint8_t>(identity.size());
  std::ranges::copy(identity, session_.identity_bytes.begin());
  hear(message_header(HandshakeType::kClientKeyExchange, message.size(), read_message_));
  hear(message);
  ++read_message_;
  // RFC 4279 §2.
  FixedSecret<2 * (2 + kMaxKey)> premaster;
  ByteWriter writer(premaster.bytes);
  writer.uint(known->key.size(), 2);
  writer.advance(known->key.size());
  writer.uint(known->key.size(), 2);
  writer.bytes(known->key);
  if (session_.extended_master_secret) {
    prf(writer.written(), "extended master secret", {transcript()}, session_.master.bytes);
  } else {
    prf(writer.written(), "master secret", {client_random_, server_random_}, session_.master.bytes);
  }
  expand_keys();
  stage_ = Stage::kChangeCipherSpec;
}

void PskHandshake::expand_keys() {
  const Protection protection = protection_of(session_);
  const bool cbc = session_.suite == Suite::kPskCbc;
  FixedSecret<2 * (kMacKey + kCipherKey)> block;
  prf(session_.master.bytes, "key expansion", {server_random_, client_random_},
      ByteSpan(block.bytes).first(2 * (kCipherKey + (cbc ? kMacKey : kSalt))));
  ByteReader reader(block.bytes);
  const auto next = [&](std::size_t size, ByteSpan to) {
    const auto bytes = reader.bytes(size);
    if (bytes) std::ranges::copy(*bytes, to.begin());
  };
  // RFC 5246 §6.3: MAC keys, keys, and the salts of an AEAD, the client's first each time.
  if (cbc) {
    next(kMacKey, association_.read_mac);
    next(kMacKey, association_.write_mac);
  }
  next(kCipherKey, association_.read_key);
  next(kCipherKey, association_.write_key);
  if (!cbc) {
    next(kSalt, association_.read_mac);
    next(kSalt, association_.write_mac);
  }
  association_.protection = protection;
  association_.proof = Proof::kPsk;
  association_.identity_size = session_.identity_size;
  association_.identity_bytes = session_.identity_bytes;
  association_.write_limit = kLastNumber;
}

void PskHandshake::take_finished(const Record& record, UnixTime now, SendDatagram send) {
  // What no key of this handshake opens is somebody else's: it is dropped (RFC 6347 §4.1.2.7).
  const auto opened = open(association_, record);
  if (!opened || record.type != ContentType::kHandshake) return;
  ByteView content = *opened;
  const auto message = take_fragment(content);
  if (!message || !message->whole() || message->type != HandshakeType::kFinished ||
      message->number != read_message_) {
    return fail_with(Alert::kUnexpectedMessage, send);
  }
  const auto expected = verify_data("client finished");
  if (message->length != expected.size() ||
      memeql_sec(expected.data(), message->bytes.data(), expected.size()) == 0) {
    return fail_with(Alert::kDecryptError, send);
  }
  hear(ByteView(*opened).first(kMessageHeader + message->length));
  ++read_message_;
  finish(now, send);
}

void PskHandshake::finish(UnixTime now, SendDatagram send) {
  state_ = State::kDone;
  if (resumed_) {
    // It has our Finished: its own is the last.
    association_.confirmed = true;
    begin_flight();
    return;
  }
  session_.made = now;
  begin_flight();
  if (gives_ticket_ && !write_ticket(now)) return fail_with(Alert::kInternalError, send);
  if (!gives_ticket_) sessions_.keep(ByteView(id_).first(id_size_), session_);
  add_record(ContentType::kChangeCipherSpec, {&kChange, 1});
  add_finished();
  send_flight(send);
}

bool PskHandshake::write_ticket(UnixTime now) {
  std::array<std::uint8_t, 4 + 2 + PskSessions::kMaxTicket> body;
  const std::size_t size = sessions_.make_ticket(session_, now, ByteSpan(body).subspan(6));
  ByteWriter writer(body);
  writer.uint(static_cast<std::uint64_t>(PskSessions::kLife.count()), 4);
  writer.uint(size, 2);
  writer.advance(size);
  add_message(HandshakeType::kNewSessionTicket, writer.written());
  return size != 0;
}

std::array<std::uint8_t, kVerifyData> PskHandshake::verify_data(std::string_view label) const {
  std::array<std::uint8_t, kVerifyData> data{};
  prf(session_.master.bytes, label, {transcript()}, data);
  return data;
}

PskHandshake::Digest PskHandshake::transcript() const noexcept {
  sha256_ctx until_now = transcript_;
  Digest digest{};
  sha256_digest(&until_now, digest.size(), digest.data());
  return digest;
}

void PskHandshake::hear(ByteView message) noexcept {
  sha256_update(&transcript_, message.size(), message.data());
}

void PskHandshake::add_message(HandshakeType type, ByteView body) {
  std::array<std::uint8_t, kMessageHeader + 4 + 2 + PskSessions::kMaxTicket> message;
  ByteWriter writer(message);
  writer.bytes(message_header(type, body.size(), write_message_++));
  writer.bytes(body);
  hear(writer.written());
  add_record(ContentType::kHandshake, writer.written());
}

void PskHandshake::add_record(ContentType type, ByteView content) {
  ByteWriter writer(ByteSpan(flight_).subspan(flight_size_));
  writer.u8(std::to_underlying(type));
  writer.uint(kDtls12, 2);
  writer.uint(0, 8);  // the number is given when it is sent
  writer.uint(content.size(), 2);
  writer.bytes(content);
  flight_size_ += writer.size();
}

void PskHandshake::add_finished() {
  const auto data = verify_data("server finished");
  const auto header = message_header(HandshakeType::kFinished, data.size(), write_message_++);
  const ByteSpan record = ByteSpan(flight_).subspan(flight_size_);
  ByteWriter writer(record.subspan(plaintext_offset(association_)));
  writer.bytes(header);
  writer.bytes(data);
  hear(writer.written());
  std::array<std::uint8_t, 16> random{};
  if (session_.suite == Suite::kPskCbc && gnutls_rnd(GNUTLS_RND_NONCE, random.data(), random.size()) < 0) {
    state_ = State::kFailed;
    return;
  }
  const auto sealed = seal(association_, ContentType::kHandshake, writer.size(), record, random);
  flight_size_ += sealed.value_or(0);
}

void PskHandshake::send_flight(SendDatagram send) {
  ByteSpan rest = ByteSpan(flight_).first(flight_size_);
  while (const auto record = take_record(rest)) {
    // What is protected stays as it is: a number is used once under a key.
    if (record->epoch != 0) continue;
    ByteWriter(record->header.subspan(3)).uint(write_record_, 8);
    write_record_ = (write_record_ + 1) & kLastNumber;
  }
  if (flight_size_ > 0) send(ByteView(flight_).first(flight_size_));
}

void PskHandshake::repeat(SendDatagram send) {
  if (state_ != State::kGoing) return;
  wait_ = std::min(2 * wait_, kLongestWait);
  send_flight(send);
}

std::vector<OwnedBytes> PskHandshake::last_flight() const {
  if (flight_size_ == 0) return {};
  return {OwnedBytes(flight_.begin(), flight_.begin() + static_cast<std::ptrdiff_t>(flight_size_))};
}

void PskHandshake::fail_with(Alert alert, SendDatagram send) {
  const std::array<std::uint8_t, 2> text{kFatal, std::to_underlying(alert)};
  begin_flight();
  add_record(ContentType::kAlert, text);
  send_flight(send);
  state_ = State::kFailed;
}

}  // namespace linnet::tls
