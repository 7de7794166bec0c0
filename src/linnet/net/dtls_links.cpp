// SPDX-License-Identifier: Apache-2.0
#include "linnet/net/dtls_links.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace linnet::net {

namespace {

// A client repeats its flight so often before it gives up (RFC 6347 §4.2.4.1: at 1, 2, 4 ... 60 s).
constexpr unsigned kRepeats = 7;
constexpr Seconds kFlightLife{120};
// Flights kept at once: what is beyond costs its client a new handshake if the last flight was lost.
constexpr std::size_t kMostFlights = 16'384;

}  // namespace

static_assert(tls::kMaxRecordOverhead <= LinkLayer::kOverhead);

void DtlsStatistics::add(const DtlsStatistics& other) noexcept {
  handshakes += other.handshakes;
  resumed += other.resumed;
  failed += other.failed;
  cookies += other.cookies;
  crowded += other.crowded;
  replayed += other.replayed;
  unopened += other.unopened;
  associations += other.associations;
}

DtlsLinks::DtlsLinks(LinkLayer& links, std::uint32_t max_links, bool notes)
    : links_(links),
      pages_(std::size_t{max_links} * sizeof(tls::Association)),
      associations_(pages_.as<tls::Association>(max_links)),
      notes_(notes) {
  pages_.keep_private();
  traits_.max_message = links.max_message();
  links_.bind(LinkKind::kDtls, *this);
}

void DtlsLinks::put(coap::LinkId link, const tls::Association& association) {
  if (!secured(link)) ++statistics_.associations;
  at(link) = association;
  at(link).noted = false;
  flights_.erase(coap::index(link));
}

void DtlsLinks::install(coap::LinkId link, const tls::Association& association,
                        std::vector<tls::OwnedBytes> last_flight, Instant now) {
  put(link, association);
  note_change(link);
  if (!last_flight.empty() && flights_.size() < kMostFlights) {
    flights_.emplace(
        coap::index(link),
        Flight{.datagrams = std::move(last_flight), .left = kRepeats, .until = now + kFlightLife});
  }
}

void DtlsLinks::clear(coap::LinkId link) noexcept {
  if (!secured(link)) return;
  at(link).clear();
  flights_.erase(coap::index(link));
  --statistics_.associations;
}

std::optional<std::string> DtlsLinks::endpoint(coap::LinkId link,
                                               const server::Credentials& credentials) const {
  const tls::Association& known = association(link);
  return tls::endpoint_of(known.proof, known.identity(), credentials);
}

tls::Association DtlsLinks::take(coap::LinkId link) noexcept {
  const tls::Association taken = association(link);
  clear(link);
  return taken;
}

Result<ByteSpan> DtlsLinks::open(coap::LinkId link, const tls::Record& record) noexcept {
  const auto opened = tls::open(at(link), record);
  if (opened) {
    note_change(link);
  } else if (opened.error().code == Errc::kExists) {
    ++statistics_.replayed;
  } else {
    ++statistics_.unopened;
  }
  return opened;
}

void DtlsLinks::confirm(coap::LinkId link) noexcept {
  if (std::exchange(at(link).confirmed, true)) return;
  flights_.erase(coap::index(link));
}

void DtlsLinks::repeat_last_flight(coap::LinkId link) noexcept {
  const auto flight = flights_.find(coap::index(link));
  if (flight == flights_.end() || flight->second.left == 0) return;
  --flight->second.left;
  for (const tls::OwnedBytes& datagram : flight->second.datagrams) links_.send_copy(link, datagram);
}

void DtlsLinks::alert(coap::LinkId link, std::uint8_t level, std::uint8_t description) noexcept {
  const ByteSpan text = prepare(link, 2);
  if (text.empty()) return;
  text[0] = level;
  text[1] = description;
  seal_and_send(link, tls::ContentType::kAlert, 2);
}

void DtlsLinks::note_change(coap::LinkId link) {
  tls::Association& association = at(link);
  if (!notes_ || association.noted) return;
  association.noted = true;
  changed_.push_back(link);
}

std::vector<coap::LinkId> DtlsLinks::take_changed() noexcept {
  std::vector<coap::LinkId> changed = std::exchange(changed_, {});
  for (const coap::LinkId link : changed) at(link).noted = false;
  std::erase_if(changed, [this](coap::LinkId link) { return !secured(link); });
  return changed;
}

void DtlsLinks::raise_limit(coap::LinkId link, std::uint64_t limit) noexcept {
  tls::Association& association = at(link);
  association.write_limit = std::min(limit, tls::Association::kLastNumber) & tls::Association::kLastNumber;
  association.saving = false;
}

void DtlsLinks::forget_old_flights(Instant now) noexcept {
  std::erase_if(flights_, [now](const auto& flight) { return flight.second.until <= now; });
}

const coap::LinkTraits& DtlsLinks::traits(coap::LinkId /*link*/) noexcept {
  return traits_;
}

ByteSpan DtlsLinks::prepare(coap::LinkId link, std::size_t size) noexcept {
  if (!secured(link) || size > traits_.max_message) return {};
  buffer_ = links_.prepare_datagram();
  return buffer_.subspan(tls::plaintext_offset(association(link)), traits_.max_message);
}

void DtlsLinks::send(coap::LinkId link, std::size_t size) noexcept {
  seal_and_send(link, tls::ContentType::kApplicationData, size);
}

void DtlsLinks::seal_and_send(coap::LinkId link, tls::ContentType type, std::size_t size) noexcept {
  std::array<std::uint8_t, 16> random{};
  tls::Association& association = at(link);
  const bool cbc = association.protection == tls::Protection::kMacThenCbc ||
                   association.protection == tls::Protection::kCbcThenMac;
  if (cbc && gnutls_rnd(GNUTLS_RND_NONCE, random.data(), random.size()) < 0) return;
  const auto sealed = tls::seal(association, type, size, buffer_, random);
  if (!sealed) return;
  note_change(link);
  links_.send_datagram(link, *sealed);
}

}  // namespace linnet::net
