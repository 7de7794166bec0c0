// SPDX-License-Identifier: Apache-2.0
// A card as the Core's appendix G has it, behind the APDU interface: EF(DIR), the PKCS#15 application with
// its files, logical channels and the card's side of SCP03, written after the specifications and not after
// ours.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "linnet/card/apdu.hpp"
#include "linnet/tls/nettle_cipher.hpp"

namespace linnet::card::test {

using Bytes = std::vector<std::uint8_t>;

/// One behind the other.
[[nodiscard]] Bytes operator+(Bytes a, const Bytes& b);
/// Hexadecimal digits; blanks between them do not matter.
[[nodiscard]] Bytes hex(std::string_view digits);

class CardDouble final : public Transport {
 public:
  /// The usual card: `bootstrap_file` where EF(ODF) and EF(DODF-bootstrap) lead.
  explicit CardDouble(Bytes bootstrap_file);

  Result<std::size_t> transmit(ByteView command, ByteSpan response) noexcept override;

  Bytes aid = hex("A000000063504B43532D3135");
  std::map<std::string, Bytes> files;  ///< below the application, by their identifiers in hexadecimal
  std::vector<Bytes> directory;        ///< records of EF(DIR)
  bool has_channels = true;
  bool asks_for_length = false;  ///< as T=0: 61xx and 6Cxx
  bool gone = false;
  std::optional<Bytes> key_enc;  ///< files are only read over a secure channel, of these keys
  std::optional<Bytes> key_mac;
  Bytes pin;                    ///< as VERIFY has it: files are only read once it was given; empty: none
  std::uint8_t pin_tries = 3;   ///< left
  std::uint16_t pin_query = 0;  ///< what a VERIFY without data is answered; 0: how many are left
  std::size_t pins_given = 0;
  std::uint8_t options = 0x70;  ///< "i" of SCP03
  std::size_t spoilt = 0;       ///< this response, from 1, has a bit changed

  std::vector<Bytes> commands;   ///< as they came
  std::vector<Bytes> responses;  ///< as they went
  std::size_t open_channels = 0;
  bool secured = false;

 private:
  struct Apdu {
    std::uint8_t cla, ins, p1, p2;
    Bytes data;
    bool expects = false;
    std::size_t expected = 0;
  };
  [[nodiscard]] static Apdu parse(ByteView command);
  Bytes answer(const Apdu& apdu);
  Bytes select(const Apdu& apdu);
  Bytes verify(const Apdu& apdu);
  Bytes read_binary(const Apdu& apdu) const;
  Bytes initialize_update(const Apdu& apdu);
  Bytes external_authenticate(const Apdu& apdu, ByteView command);
  /// The command in clear, or nothing where its C-MAC is wrong.
  std::optional<Apdu> unwrap(const Apdu& apdu, ByteView command);
  Bytes wrap(const Bytes& response);
  Bytes derive(const Bytes& key, std::uint8_t purpose, std::size_t size);
  Bytes mac(const Bytes& key, const Bytes& text);

  tls::NettleCipher cipher_;
  bool root_selected_ = false;
  bool dir_selected_ = false;
  bool application_ = false;
  bool verified_ = false;
  const Bytes* file_ = nullptr;
  Bytes context_, enc_, command_mac_, response_mac_, chain_;
  std::uint64_t counter_ = 0;
  Bytes pending_;  ///< for GET RESPONSE
};

/// EF(LwM2M_Bootstrap) of objects and their TLV.
struct ObjectBytes {
  std::uint16_t id;
  Bytes instances;
  Bytes version{0};
};
[[nodiscard]] Bytes bootstrap_file(const std::vector<ObjectBytes>& objects);

/// One server account in TLV: instance `instance` of objects 0 and 1.
[[nodiscard]] ObjectBytes security_bytes(std::uint8_t instance, std::string_view uri, std::uint8_t server,
                                         bool bootstrap = false);
[[nodiscard]] ObjectBytes server_bytes(std::uint8_t instance, std::uint8_t server);

}  // namespace linnet::card::test
