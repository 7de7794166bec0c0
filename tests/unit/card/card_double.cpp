// SPDX-License-Identifier: Apache-2.0
#include "card_double.hpp"

#include <algorithm>
#include <array>

namespace linnet::card::test {

namespace {

Bytes status(unsigned sw) {
  return {static_cast<std::uint8_t>(sw >> 8), static_cast<std::uint8_t>(sw)};
}

std::string digits(ByteView bytes) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const std::uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15U];
  }
  return out;
}

Bytes fcp(std::size_t size) {
  return {0x62, 0x04, 0x80, 0x02, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
}

Bytes tlv(std::uint8_t kind, std::uint8_t id, const Bytes& value) {
  const auto size = static_cast<std::uint8_t>(value.size());
  if (value.size() < 8) return Bytes{static_cast<std::uint8_t>(kind | size), id} + value;
  return Bytes{static_cast<std::uint8_t>(kind | 0x08), id, size} + value;
}

}  // namespace

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Bytes hex(std::string_view text) {
  Bytes out;
  int high = -1;
  for (const char letter : text) {
    if (letter == ' ' || letter == '\n') continue;
    const int digit = letter <= '9' ? letter - '0' : (letter | 0x20) - 'a' + 10;
    if (high < 0) {
      high = digit;
    } else {
      out.push_back(static_cast<std::uint8_t>(high * 16 + digit));
      high = -1;
    }
  }
  return out;
}

Bytes bootstrap_file(const std::vector<ObjectBytes>& objects) {
  Bytes all;
  for (const ObjectBytes& object : objects) {
    all = all + status(object.id) + object.version + status(static_cast<unsigned>(object.instances.size())) +
          object.instances;
  }
  return status(static_cast<unsigned>(objects.size())) + status(static_cast<unsigned>(all.size())) + all;
}

ObjectBytes security_bytes(std::uint8_t instance, std::string_view uri, std::uint8_t server, bool bootstrap) {
  const ByteView text = as_bytes(uri);
  Bytes resources = tlv(0xC0, 0, {text.begin(), text.end()}) +
                    tlv(0xC0, 1, {static_cast<std::uint8_t>(bootstrap)}) + tlv(0xC0, 2, {3}) +
                    tlv(0xC0, 3, {}) + tlv(0xC0, 4, {}) + tlv(0xC0, 5, {});
  if (!bootstrap) resources = resources + tlv(0xC0, 10, {server});
  return {0, tlv(0x00, instance, resources)};
}

ObjectBytes server_bytes(std::uint8_t instance, std::uint8_t server) {
  return {1,
          tlv(0x00, instance,
              tlv(0xC0, 0, {server}) + tlv(0xC0, 1, {0x01, 0x2C}) + tlv(0xC0, 6, {1}) + tlv(0xC0, 7, {'U'}))};
}

CardDouble::CardDouble(Bytes bootstrap_file) {
  directory = {hex("61 12 4F 10 A0000000871002FF33FF018900000100"),
               hex("61 12 4F 0C A000000063504B43532D3135 51 02 7F50"), Bytes(20, 0xFF)};
  files["5031"] = hex("A7 06 30 04 04 02 6430 FF FF FF");
  files["6430"] =
      hex("30 1F 30 07 0C 05 4C774D324D 30 0A 0C 02 6F6B 06 04 672B0901 A1 08 30 06 04 04 7FFF 6432 00 00");
  files["6432"] = std::move(bootstrap_file);
}

CardDouble::Apdu CardDouble::parse(ByteView command) {
  Apdu apdu{command[0], command[1], command[2], command[3], {}};
  const ByteView body = command.subspan(4);
  if (body.size() == 1) {
    apdu.expects = true;
    apdu.expected = body[0];
  } else if (body.size() > 1) {
    apdu.data.assign(body.begin() + 1, body.begin() + 1 + body[0]);
    apdu.expects = body.size() == 2U + body[0];
    if (apdu.expects) apdu.expected = body.back();
  }
  if (apdu.expects && apdu.expected == 0) apdu.expected = 256;
  return apdu;
}

Result<std::size_t> CardDouble::transmit(ByteView command, ByteSpan response) noexcept {
  if (gone) return fail(Errc::kClosed);
  commands.emplace_back(command.begin(), command.end());
  const Apdu apdu = parse(command);
  Bytes reply;
  if (asks_for_length && apdu.ins == 0xC0) {
    reply = pending_ + status(0x9000);
  } else if ((apdu.cla & 0x04U) != 0 && apdu.ins != 0x82) {
    const auto plain = secured ? unwrap(apdu, command) : std::nullopt;
    reply = plain ? wrap(answer(*plain)) : status(0x6982);
  } else if (apdu.ins == 0x82) {
    reply = external_authenticate(apdu, command);
  } else {
    reply = answer(apdu);
  }
  if (asks_for_length && apdu.ins != 0xC0 && reply.size() > 2) {
    const std::size_t size = reply.size() - 2;
    if (apdu.data.empty() && apdu.expected != size) {
      reply = status(0x6C00U | static_cast<unsigned>(size));
    } else if (!apdu.data.empty()) {
      pending_.assign(reply.begin(), reply.end() - 2);
      reply = status(0x6100U | static_cast<unsigned>(size));
    }
  }
  if (responses.size() + 1 == spoilt) reply[0] ^= 1;
  responses.push_back(reply);
  std::ranges::copy(reply, response.begin());
  return reply.size();
}

Bytes CardDouble::answer(const Apdu& apdu) {
  const bool own_channel = (apdu.cla & 3U) == 1;
  if (apdu.ins == 0x70 && apdu.p1 == 0) {
    if (!has_channels) return status(0x6881);
    ++open_channels;
    return Bytes{1} + status(0x9000);
  }
  if (apdu.ins == 0x70) {
    --open_channels;
    secured = false;
    return status(apdu.p2 == 1 ? 0x9000 : 0x6A86);
  }
  if (own_channel && open_channels == 0) return status(0x6881);
  if (apdu.ins == 0xA4) return select(apdu);
  if (apdu.ins == 0xB2 && dir_selected_) {
    if (apdu.p1 == 0 || apdu.p1 > directory.size()) return status(0x6A83);
    return directory[apdu.p1 - 1U] + status(0x9000);
  }
  if (apdu.ins == 0xB0 && own_channel) return read_binary(apdu);
  if (apdu.ins == 0x50 && own_channel) return initialize_update(apdu);
  if (apdu.ins == 0x20 && own_channel && apdu.p2 == 0x01) return verify(apdu);
  return status(0x6D00);
}

Bytes CardDouble::verify(const Apdu& apdu) {
  const auto left = static_cast<std::uint16_t>(0x63C0U | pin_tries);
  if (apdu.data.empty()) return status(pin_query != 0 ? pin_query : pin_tries == 0 ? 0x6983 : left);
  ++pins_given;
  if (pin_tries == 0) return status(0x6983);
  verified_ = apdu.data == pin;
  if (!verified_) --pin_tries;
  return status(verified_ ? 0x9000 : static_cast<std::uint16_t>(0x63C0U | pin_tries));
}

Bytes CardDouble::select(const Apdu& apdu) {
  const bool own_channel = (apdu.cla & 3U) == 1;
  if (apdu.p1 == 0x04) {
    application_ = own_channel && apdu.data == aid;
    return application_ ? fcp(0) + status(0x9000) : status(0x6A82);
  }
  if (!own_channel) {
    dir_selected_ = apdu.p1 == 0x08 && apdu.data == hex("2F00") && !directory.empty();
    return dir_selected_ ? fcp(20) + status(0x9000) : status(0x6A82);
  }
  const std::string path = digits(apdu.data);
  const bool here = application_ && apdu.p1 == 0x08 && path.starts_with("7FFF");
  const auto found = here ? files.find(path.substr(4)) : files.end();
  if (found == files.end()) return status(0x6A82);
  file_ = &found->second;
  return fcp(file_->size()) + status(0x9000);
}

Bytes CardDouble::read_binary(const Apdu& apdu) const {
  if ((key_enc && !secured) || (!pin.empty() && !verified_)) return status(0x6982);
  const std::size_t at = static_cast<std::size_t>(apdu.p1) << 8 | apdu.p2;
  if (file_ == nullptr || at > file_->size()) return status(0x6B00);
  const std::size_t size = std::min({apdu.expected, file_->size() - at, std::size_t{secured ? 239U : 256U}});
  const auto first = file_->begin() + static_cast<std::ptrdiff_t>(at);
  return Bytes(first, first + static_cast<std::ptrdiff_t>(size)) +
         status(size < apdu.expected && !asks_for_length && !secured ? 0x6282 : 0x9000);
}

Bytes CardDouble::mac(const Bytes& key, const Bytes& text) {
  Block block;
  const ByteView parts[]{text};
  cipher_.cmac(key, parts, block);
  return {block.begin(), block.end()};
}

Bytes CardDouble::derive(const Bytes& key, std::uint8_t purpose, std::size_t size) {
  Bytes out;
  for (std::uint8_t i = 1; out.size() < size; ++i) {
    const Bytes head = Bytes(11, 0) + Bytes{purpose, 0} + status(static_cast<unsigned>(size * 8)) + Bytes{i};
    out = out + mac(key, head + context_);
  }
  out.resize(size);
  return out;
}

Bytes CardDouble::initialize_update(const Apdu& apdu) {
  if (!key_enc || apdu.data.size() != 8) return status(0x6D00);
  const Bytes challenge = hex("C0C1C2C3C4C5C6C7");
  context_ = apdu.data + challenge;
  enc_ = derive(*key_enc, 4, key_enc->size());
  command_mac_ = derive(*key_mac, 6, key_mac->size());
  response_mac_ = derive(*key_mac, 7, key_mac->size());
  chain_ = Bytes(16, 0);
  counter_ = 0;
  const Bytes sequence = (options & 0x10U) != 0 ? hex("000007") : Bytes();
  return Bytes(10, 0) + Bytes{0x30, 0x03, options} + challenge + derive(command_mac_, 0, 8) + sequence +
         status(0x9000);
}

Bytes CardDouble::external_authenticate(const Apdu& apdu, ByteView command) {
  if (command.size() != 21 || chain_.empty() || apdu.p1 != 0x33) return status(0x6982);
  const Bytes text = Bytes{0x84} + Bytes(command.begin() + 1, command.end() - 8);
  const Bytes full = mac(command_mac_, chain_ + text);
  const bool good =
      std::equal(full.begin(), full.begin() + 8, command.end() - 8) &&
      std::ranges::equal(derive(command_mac_, 1, 8), Bytes(apdu.data.begin(), apdu.data.begin() + 8));
  if (!good) return status(0x6300);
  chain_ = full;
  secured = true;
  return status(0x9000);
}

std::optional<CardDouble::Apdu> CardDouble::unwrap(const Apdu& apdu, ByteView command) {
  ++counter_;
  if (apdu.data.size() < 8) return std::nullopt;
  const std::size_t size = apdu.data.size() - 8;
  const Bytes text = Bytes{static_cast<std::uint8_t>((command[0] & 0xF0U) | 4U)} +
                     Bytes(command.begin() + 1, command.begin() + 5 + static_cast<std::ptrdiff_t>(size));
  const Bytes full = mac(command_mac_, chain_ + text);
  if (!std::equal(full.begin(), full.begin() + 8, apdu.data.begin() + static_cast<std::ptrdiff_t>(size))) {
    secured = false;
    return std::nullopt;
  }
  chain_ = full;
  Apdu plain = apdu;
  plain.cla = static_cast<std::uint8_t>(apdu.cla & ~4U);
  plain.data.resize(size);
  if (size == 0) return plain;
  Block iv{};
  for (std::size_t i = 0; i < 8; ++i) iv[15 - i] = static_cast<std::uint8_t>(counter_ >> (8 * i));
  cipher_.encrypt(enc_, Block{}, iv);
  cipher_.decrypt(enc_, iv, plain.data);
  while (!plain.data.empty() && plain.data.back() == 0) plain.data.pop_back();
  if (!plain.data.empty()) plain.data.pop_back();
  return plain;
}

Bytes CardDouble::wrap(const Bytes& response) {
  const Bytes sw(response.end() - 2, response.end());
  Bytes text(response.begin(), response.end() - 2);
  if (sw[0] != 0x90 && sw[0] != 0x62 && sw[0] != 0x63) return sw;
  if (!text.empty()) {
    text.push_back(0x80);
    while (text.size() % 16 != 0) text.push_back(0);
    Block iv{0x80};
    for (std::size_t i = 0; i < 8; ++i) iv[15 - i] = static_cast<std::uint8_t>(counter_ >> (8 * i));
    cipher_.encrypt(enc_, Block{}, iv);
    cipher_.encrypt(enc_, iv, text);
  }
  Bytes full = mac(response_mac_, chain_ + text + sw);
  full.resize(8);
  return text + full + sw;
}

}  // namespace linnet::card::test
