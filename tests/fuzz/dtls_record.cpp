// SPDX-License-Identifier: Apache-2.0
// What a stranger may send to a port of DTLS: records for every protection, ClientHellos, and associations as
// they stand in a store. Then records of our own come back whole.
#include <array>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "linnet/tls/server_handshake.hpp"

namespace {

using namespace linnet;
using tls::Association;
using tls::Protection;

constexpr std::array kAll{Protection::kCcm8, Protection::kGcm, Protection::kMacThenCbc,
                          Protection::kCbcThenMac};

Association one(Protection protection) {
  Association association;
  association.protection = protection;
  association.read_key = association.write_key = {1, 2, 3};
  association.read_mac = association.write_mac = {4, 5, 6};
  association.write_limit = Association::kLastNumber;
  association.read_next = 100;
  association.write_next = 100;
  return association;
}

void check(bool good) {
  if (!good) std::abort();
}

void open_all(Association& association, std::vector<std::uint8_t> datagram) {
  ByteSpan rest = datagram;
  while (!rest.empty()) {
    const std::size_t before = rest.size();
    const auto record = tls::take_record(rest);
    if (!record) return;
    check(rest.size() < before);
    static_cast<void>(tls::CookieGuard::is_client_hello(*record));
    // Nobody can forge one: not by chance either.
    check(!tls::open(association, *record));
  }
}

void round_trip(Protection protection, ByteView text) {
  Association from = one(protection);
  Association to = one(protection);
  std::vector<std::uint8_t> buffer(text.size() + tls::kMaxRecordOverhead);
  if (!text.empty()) std::memcpy(buffer.data() + tls::plaintext_offset(from), text.data(), text.size());
  const std::array<std::uint8_t, 16> random{7};
  const auto size = tls::seal(from, tls::ContentType::kApplicationData, text.size(), buffer, random);
  check(size.has_value());
  ByteSpan sealed = ByteSpan(buffer).first(*size);
  const auto record = tls::take_record(sealed);
  check(record && sealed.empty());
  const auto opened = tls::open(to, *record);
  check(opened && equal(*opened, text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, std::min<std::size_t>(size, 2048));
  for (const Protection protection : kAll) {
    Association association = one(protection);
    open_all(association, {input.begin(), input.end()});
    check(association.read_next == 100 && association.read_window == 0);
    round_trip(protection, input);
  }
  constexpr tls::Start kStart{.number = 8, .own = true};
  constexpr tls::Start kNextStart{.number = 9, .own = true};
  if (const auto association = tls::decode_association(input, kStart)) {
    check(association->write_next <= association->write_limit);
    std::array<std::uint8_t, tls::kMaxAssociationRecord> record;
    const auto written = tls::encode_association(*association, association->write_limit, kStart, record);
    check(written.has_value());
    const auto again = tls::decode_association(ByteView(record).first(*written), kNextStart);
    check(again && again->write_next == association->write_limit &&
          again->read_next == association->read_next && again->read_window == association->read_window &&
          equal(again->identity(), association->identity()));
  }
  static tls::CookieGuard guard;
  std::size_t answer = 0;
  std::vector<std::uint8_t> hello(input.begin(), input.end());
  ByteSpan rest = hello;
  const auto record = tls::take_record(rest);
  if (record && tls::CookieGuard::is_client_hello(*record)) {
    const auto verified =
        guard.check(input, as_bytes("peer"), Instant{}, [&](ByteView bytes) { answer += bytes.size(); });
    check(!verified && answer <= input.size() + 64);
  }
  return 0;
}
