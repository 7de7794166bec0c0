// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/psk_sessions.hpp"

#include <nettle/gcm.h>
#include <nettle/memops.h>

#include <algorithm>
#include <utility>

namespace linnet::tls {

namespace {

// A ticket: name of its key | number of the key's day | nonce | the session, encrypted | tag.
constexpr std::size_t kName = 8;
constexpr std::size_t kDay = 4;
constexpr std::size_t kNonce = GCM_IV_SIZE;
constexpr std::size_t kTag = GCM_DIGEST_SIZE;
constexpr std::size_t kInFront = kName + kDay + kNonce;
constexpr std::size_t kMaxSession = 2 + 1 + 8 + sizeof(MasterSecret) + 1 + kMaxIdentity;
static_assert(kInFront + kMaxSession + kTag <= PskSessions::kMaxTicket);

constexpr std::uint8_t kExtended = 1;
constexpr std::uint8_t kMacBehind = 2;

using SessionBytes = FixedSecret<kMaxSession>;

std::size_t encode(const PskSession& session, ByteSpan out) noexcept {
  ByteWriter writer(out);
  writer.uint(std::to_underlying(session.suite), 2);
  writer.u8(static_cast<std::uint8_t>((session.extended_master_secret ? kExtended : 0) |
                                      (session.encrypt_then_mac ? kMacBehind : 0)));
  writer.uint(static_cast<std::uint64_t>(session.made.seconds), 8);
  writer.bytes(session.master.bytes);
  writer.u8(session.identity_size);
  writer.bytes(session.identity());
  return writer.size();
}

std::optional<PskSession> decode(ByteView bytes, UnixTime now) noexcept {
  ByteReader reader(bytes);
  const auto suite = reader.uint(2);
  const auto flags = reader.u8();
  const auto made = reader.uint(8);
  const auto master = reader.bytes(sizeof(MasterSecret));
  const auto size = reader.u8();
  if (!suite || !flags || !made || !master || !size || *size > kMaxIdentity) return std::nullopt;
  const auto identity = reader.bytes(*size);
  const auto known = suite_of(static_cast<std::uint16_t>(*suite));
  if (!identity || !reader.empty() || !known) return std::nullopt;
  const auto age = now.seconds - static_cast<std::int64_t>(*made);
  // A clock that was put back a little is none that makes a session younger than it is.
  if (age < -PskSessions::kLife.count() || age > PskSessions::kLife.count()) return std::nullopt;
  std::optional<PskSession> session(std::in_place);
  session->suite = *known;
  session->extended_master_secret = (*flags & kExtended) != 0;
  session->encrypt_then_mac = (*flags & kMacBehind) != 0;
  session->made = {static_cast<std::int64_t>(*made)};
  std::ranges::copy(*master, session->master.bytes.begin());
  session->identity_size = *size;
  std::ranges::copy(*identity, session->identity_bytes.begin());
  return session;
}

struct TicketKey {
  gcm_aes128_ctx gcm;
  std::array<std::uint8_t, kName> name;

  TicketKey(ByteView seed, std::uint64_t day) noexcept {
    std::array<std::uint8_t, kDay> number{};
    ByteWriter(number).uint(day, kDay);
    FixedSecret<AES128_KEY_SIZE + kName> made;
    prf(seed, "linnet session ticket", {number}, made.bytes);
    gcm_aes128_set_key(&gcm, made.bytes.data());
    std::copy_n(made.bytes.begin() + AES128_KEY_SIZE, kName, name.begin());
  }
  TicketKey(const TicketKey&) = delete;
  TicketKey& operator=(const TicketKey&) = delete;
  ~TicketKey() { wipe({reinterpret_cast<std::uint8_t*>(this), sizeof *this}); }
};

std::uint64_t day_of(UnixTime time) noexcept {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(time.seconds, 0) / PskSessions::kLife.count()) &
         0xFFFFFFFFU;
}

}  // namespace

PskSessions::PskSessions(const std::array<std::uint8_t, kSeed>& seed, std::size_t most) noexcept
    : by_id_(most) {
  seed_.bytes = seed;
}

std::size_t PskSessions::make_ticket(const PskSession& session, UnixTime now, ByteSpan out) const noexcept {
  const std::uint64_t day = day_of(now);
  TicketKey key(seed_.bytes, day);
  SessionBytes plain;
  const std::size_t size = encode(session, plain.bytes);
  std::array<std::uint8_t, kNonce> nonce{};
  if (gnutls_rnd(GNUTLS_RND_NONCE, nonce.data(), nonce.size()) < 0) return 0;
  ByteWriter writer(out);
  writer.bytes(key.name);
  writer.uint(day, kDay);
  writer.bytes(nonce);
  const ByteSpan sealed = writer.space();
  writer.advance(size + kTag);
  if (!writer.ok()) return 0;
  gcm_aes128_set_iv(&key.gcm, nonce.size(), nonce.data());
  gcm_aes128_encrypt(&key.gcm, size, sealed.data(), plain.bytes.data());
  gcm_aes128_digest(&key.gcm, kTag, sealed.data() + size);
  return writer.size();
}

std::optional<PskSession> PskSessions::open_ticket(ByteView ticket, UnixTime now) const noexcept {
  ByteReader reader(ticket);
  const auto name = reader.bytes(kName);
  const auto day = reader.uint(kDay);
  const auto nonce = reader.bytes(kNonce);
  if (!name || !day || !nonce || reader.remaining() < kTag || reader.remaining() > kMaxSession + kTag)
    return std::nullopt;
  const std::uint64_t today = day_of(now);
  if (*day + 1 < today || *day > today + 1) return std::nullopt;
  TicketKey key(seed_.bytes, *day);
  if (!equal(*name, key.name)) return std::nullopt;
  const ByteView sealed = reader.rest();
  const std::size_t size = sealed.size() - kTag;
  SessionBytes plain;
  std::array<std::uint8_t, kTag> tag{};
  gcm_aes128_set_iv(&key.gcm, nonce->size(), nonce->data());
  gcm_aes128_decrypt(&key.gcm, size, plain.bytes.data(), sealed.data());
  gcm_aes128_digest(&key.gcm, tag.size(), tag.data());
  if (memeql_sec(tag.data(), sealed.data() + size, kTag) == 0) return std::nullopt;
  return decode(ByteView(plain.bytes).first(size), now);
}

void PskSessions::keep(ByteView id, const PskSession& session) {
  SessionBytes bytes;
  const std::size_t size = encode(session, bytes.bytes);
  by_id_.keep(datum(id), datum(ByteView(bytes.bytes).first(size)));
}

std::optional<PskSession> PskSessions::find(ByteView id, UnixTime now) const {
  OwnedDatum found;
  *found.out() = by_id_.find(datum(id));
  return decode(found.bytes(), now);
}

}  // namespace linnet::tls
