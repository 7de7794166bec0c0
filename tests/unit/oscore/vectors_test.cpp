// SPDX-License-Identifier: Apache-2.0
// The test vectors of RFC 8613 appendix C, byte for byte, and what must not verify.
// Shows: SE-8
#include <gtest/gtest.h>

#include "linnet/oscore/protected_message.hpp"
#include "linnet/tls/nettle_crypto.hpp"
#include "tests/unit/oscore/hex.hpp"

namespace linnet::oscore {
namespace {

using testing::hex;
using testing::to_hex;

constexpr const char* kSecret = "0102030405060708090a0b0c0d0e0f10";
constexpr const char* kSalt = "9e7ca92223786340";
constexpr const char* kIdContext = "37cbf3210017a2d3";

InputParameters input_of(const char* salt, const char* sender, const char* recipient,
                         const char* id_context = nullptr) {
  InputParameters input;
  input.master_secret.assign(hex(kSecret));
  input.master_salt.assign(hex(salt));
  input.sender_id.assign(hex(sender));
  input.recipient_id.assign(hex(recipient));
  if (id_context != nullptr) input.id_context.emplace().assign(hex(id_context));
  return input;
}

struct Derived {
  const char* name;
  InputParameters input;
  const char* sender_key;
  const char* recipient_key;
  const char* common_iv;
  const char* sender_nonce;
  const char* recipient_nonce;
};

TEST(Vectors, C_1_to_C_3_keys_and_nonces) {
  const Derived vectors[] = {
      {"C.1.1", input_of(kSalt, "", "01"), "f0910ed7295e6ad4b54fc793154302ff",
       "ffb14e093c94c9cac9471648b4f98710", "4622d4dd6d944168eefb54987c", "4622d4dd6d944168eefb54987c",
       "4722d4dd6d944169eefb54987c"},
      {"C.1.2", input_of(kSalt, "01", ""), "ffb14e093c94c9cac9471648b4f98710",
       "f0910ed7295e6ad4b54fc793154302ff", "4622d4dd6d944168eefb54987c", "4722d4dd6d944169eefb54987c",
       "4622d4dd6d944168eefb54987c"},
      {"C.2.1", input_of("", "00", "01"), "321b26943253c7ffb6003b0b64d74041",
       "e57b5635815177cd679ab4bcec9d7dda", "be35ae297d2dace910c52e99f9", "bf35ae297d2dace910c52e99f9",
       "bf35ae297d2dace810c52e99f9"},
      {"C.2.2", input_of("", "01", "00"), "e57b5635815177cd679ab4bcec9d7dda",
       "321b26943253c7ffb6003b0b64d74041", "be35ae297d2dace910c52e99f9", "bf35ae297d2dace810c52e99f9",
       "bf35ae297d2dace910c52e99f9"},
      {"C.3.1", input_of(kSalt, "", "01", kIdContext), "af2a1300a5e95788b356336eeecd2b92",
       "e39a0c7c77b43f03b4b39ab9a268699f", "2ca58fb85ff1b81c0b7181b85e", "2ca58fb85ff1b81c0b7181b85e",
       "2da58fb85ff1b81d0b7181b85e"},
      {"C.3.2", input_of(kSalt, "01", "", kIdContext), "e39a0c7c77b43f03b4b39ab9a268699f",
       "af2a1300a5e95788b356336eeecd2b92", "2ca58fb85ff1b81c0b7181b85e", "2da58fb85ff1b81d0b7181b85e",
       "2ca58fb85ff1b81c0b7181b85e"}};
  tls::NettleCrypto crypto;
  for (const Derived& vector : vectors) {
    SCOPED_TRACE(vector.name);
    const Result<Keys> keys = derive(crypto, vector.input, vector.input.id_context);
    ASSERT_TRUE(keys);
    EXPECT_EQ(to_hex(keys->sender.view()), vector.sender_key);
    EXPECT_EQ(to_hex(keys->recipient.view()), vector.recipient_key);
    EXPECT_EQ(to_hex(keys->common_iv.view()), vector.common_iv);
    EXPECT_EQ(to_hex(nonce_of(*keys, vector.input.sender_id.view(), 0).view()), vector.sender_nonce);
    EXPECT_EQ(to_hex(nonce_of(*keys, vector.input.recipient_id.view(), 0).view()), vector.recipient_nonce);
  }
}

/// One direction of an exchange: who seals, what, and what comes out.
struct Protected {
  const char* name;
  InputParameters sender;
  const char* request_kid;
  PartialIv request_piv;
  std::optional<PartialIv> own_piv;  ///< of a response; a request has the request's
  bool kid_context;
  const char* plain;
  const char* sealed;
};

constexpr const char* kResponse = "64455d1f00003974ff48656c6c6f20576f726c6421";

std::vector<Protected> protected_vectors() {
  return {{"C.4",
           input_of(kSalt, "", "01"),
           "",
           20,
           {},
           false,
           "44015d1f00003974396c6f63616c686f737483747631",
           "44025d1f00003974396c6f63616c686f7374620914ff612f1092f1776f1c1668b3825e"},
          {"C.5",
           input_of("", "00", "01"),
           "00",
           20,
           {},
           false,
           "440171c30000b932396c6f63616c686f737483747631",
           "440271c30000b932396c6f63616c686f737463091400ff4ed339a5a379b0b8bc731fffb0"},
          {"C.6",
           input_of(kSalt, "", "01", kIdContext),
           "",
           20,
           {},
           true,
           "44012f8eef9bbf7a396c6f63616c686f737483747631",
           "44022f8eef9bbf7a396c6f63616c686f73746b19140837cbf3210017a2d3ff72cd7273fd331ac45cffbe55c3"},
          {"C.7",
           input_of(kSalt, "01", ""),
           "",
           20,
           {},
           false,
           kResponse,
           "64445d1f0000397490ffdbaad1e9a7e7b2a813d3c31524378303cdafae119106"},
          {"C.8", input_of(kSalt, "01", ""), "", 20, 0, false, kResponse,
           "64445d1f00003974920100ff4d4c13669384b67354b2b6175ff4b8658c666a6cf88e"}};
}

struct Case {
  explicit Case(const Protected& given)
      : vector(given), kid(hex(given.request_kid)), plain(hex(given.plain)), sealed(hex(given.sealed)) {
    request = coap::is_request(coap::Message::decode(plain)->code());
    binding.request_kid = kid;
    binding.request_piv = vector.request_piv;
    const bool own = request || vector.own_piv;
    binding.nonce_id = own ? vector.sender.sender_id.view() : ByteView(kid);
    binding.nonce_piv = vector.own_piv.value_or(vector.request_piv);
    if (request) {
      option.piv = vector.request_piv;
      option.kid = ByteView(kid);
      if (vector.kid_context) option.kid_context = vector.sender.id_context->view();
    } else {
      option.piv = vector.own_piv;
    }
  }
  /// The context of the other endpoint.
  [[nodiscard]] InputParameters peer() const {
    InputParameters input = vector.sender;
    std::swap(input.sender_id, input.recipient_id);
    return input;
  }

  const Protected& vector;
  std::vector<std::uint8_t> kid;
  std::vector<std::uint8_t> plain;
  std::vector<std::uint8_t> sealed;
  bool request;
  MessageBinding binding;
  OptionValue option;
  std::array<std::uint8_t, 256> work{};
  std::array<std::uint8_t, 256> out{};
};

TEST(Vectors, C_4_to_C_8_messages_are_protected_byte_for_byte) {
  tls::NettleCrypto crypto;
  for (const Protected& vector : protected_vectors()) {
    SCOPED_TRACE(vector.name);
    Case test(vector);
    const Result<Keys> keys = derive(crypto, vector.sender, vector.sender.id_context);
    ASSERT_TRUE(keys);
    const Result<coap::Message> plain = coap::Message::decode(test.plain);
    const Result<std::size_t> size = seal(crypto, *keys, test.binding, test.option, *plain, {}, test.out);
    ASSERT_TRUE(size);
    EXPECT_EQ(to_hex(ByteView(test.out).first(*size)), vector.sealed);
    for (std::size_t room = 0; room < *size; ++room)
      EXPECT_FALSE(
          seal(crypto, *keys, test.binding, test.option, *plain, {}, ByteSpan(test.out).first(room)));
  }
}

TEST(Vectors, C_4_to_C_8_messages_are_verified_by_the_peer) {
  tls::NettleCrypto crypto;
  for (const Protected& vector : protected_vectors()) {
    SCOPED_TRACE(vector.name);
    Case test(vector);
    const InputParameters peer = test.peer();
    const Result<Keys> keys = derive(crypto, peer, peer.id_context);
    ASSERT_TRUE(keys);
    const Result<coap::Message> sealed = coap::Message::decode(test.sealed);
    ASSERT_TRUE(sealed);
    const Result<OptionValue> option =
        OptionValue::decode(sealed->options().find(coap::OptionNumber::kOscore)->value);
    ASSERT_TRUE(option);
    EXPECT_EQ(option->piv, test.option.piv);
    const Result<coap::Message> plain = open(crypto, *keys, test.binding, *sealed, 0, test.work, test.out);
    ASSERT_TRUE(plain);
    EXPECT_EQ(to_hex(ByteView(test.out).first(test.plain.size())), vector.plain);
  }
}

TEST(Vectors, a_changed_bit_of_key_nonce_ciphertext_or_binding_does_not_verify) {
  tls::NettleCrypto crypto;
  for (const Protected& vector : protected_vectors()) {
    SCOPED_TRACE(vector.name);
    Case test(vector);
    const InputParameters peer = test.peer();
    const Keys keys = *derive(crypto, peer, peer.id_context);
    const auto opens = [&](const Keys& with, const MessageBinding& binding,
                           const std::vector<std::uint8_t>& bytes) {
      const Result<coap::Message> sealed = coap::Message::decode(bytes);
      return sealed && open(crypto, with, binding, *sealed, 0, test.work, test.out).has_value();
    };
    ASSERT_TRUE(opens(keys, test.binding, test.sealed));
    const std::size_t cipher = coap::Message::decode(test.sealed)->payload().size();
    for (std::size_t i = test.sealed.size() - cipher; i < test.sealed.size(); ++i) {
      std::vector<std::uint8_t> changed = test.sealed;
      changed[i] ^= 0x10;
      EXPECT_FALSE(opens(keys, test.binding, changed)) << i;
      EXPECT_FALSE(
          opens(keys, test.binding, {test.sealed.begin(), test.sealed.begin() + static_cast<long>(i)}));
    }
    MessageBinding other = test.binding;
    other.request_piv ^= 1;
    EXPECT_FALSE(opens(keys, other, test.sealed));
    other = test.binding;
    other.nonce_piv ^= 1;
    EXPECT_FALSE(opens(keys, other, test.sealed));
    const auto kid = hex("07");
    other = test.binding;
    other.request_kid = kid;
    EXPECT_FALSE(opens(keys, other, test.sealed));
    Keys wrong = keys;
    std::swap(wrong.sender, wrong.recipient);
    EXPECT_FALSE(opens(wrong, test.binding, test.sealed));
  }
}

/// Every class of option, in a request and in its response.
TEST(ProtectedMessage, inner_options_are_hidden_and_outer_ones_are_seen) {
  tls::NettleCrypto crypto;
  const InputParameters client = input_of(kSalt, "", "01");
  const InputParameters server = input_of(kSalt, "01", "");
  const Keys client_keys = *derive(crypto, client, {});
  const Keys server_keys = *derive(crypto, server, {});
  std::array<std::uint8_t, 256> plain_bytes{};
  coap::MessageWriter writer(plain_bytes, coap::Type::kConfirmable, coap::Code::kGet, coap::MessageId{7},
                             coap::Token());
  writer.option(coap::OptionNumber::kUriHost, std::string_view("h"));
  writer.option(coap::OptionNumber::kObserve, 0U);
  writer.option(coap::OptionNumber::kUriPort, 5683U);
  writer.option(coap::OptionNumber::kUriPath, std::string_view("secret"));
  writer.option(coap::OptionNumber::kMaxAge, 60U);
  writer.option(coap::OptionNumber::kBlock2, 6U);
  writer.option(coap::OptionNumber::kProxyScheme, std::string_view("coap"));
  writer.option(coap::OptionNumber::kNoResponse, 2U);
  writer.payload(hex("cafe"));
  const std::size_t plain_size = *writer.finish();
  const coap::Message plain = *coap::Message::decode(ByteView(plain_bytes).first(plain_size));

  MessageBinding binding;
  binding.request_piv = binding.nonce_piv = 3;
  std::array<std::uint8_t, 256> out{};
  const Result<std::size_t> size = seal(crypto, client_keys, binding, {3, {}, ByteView()}, plain, {}, out);
  ASSERT_TRUE(size);
  const Result<coap::Message> sealed = coap::Message::decode(ByteView(out).first(*size));
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealed->code(), coap::Code::kFetch);
  std::vector<unsigned> seen;
  for (const coap::Option& option : sealed->options()) seen.push_back(static_cast<unsigned>(option.number));
  EXPECT_EQ(seen, (std::vector<unsigned>{3, 6, 7, 9, 39}));
  std::array<std::uint8_t, 256> work{};
  std::array<std::uint8_t, 256> opened{};
  ASSERT_TRUE(open(crypto, server_keys, binding, *sealed, 0, work, opened));
  EXPECT_TRUE(equal(ByteView(opened).first(plain_size), ByteView(plain_bytes).first(plain_size)));
}

TEST(ProtectedMessage, a_notification_hides_its_number_and_takes_it_from_the_partial_iv) {
  tls::NettleCrypto crypto;
  const Keys client_keys = *derive(crypto, input_of(kSalt, "", "01"), {});
  const InputParameters server = input_of(kSalt, "01", "");
  const Keys server_keys = *derive(crypto, server, {});
  const auto plain_bytes =
      hex("4145000711"
          "6199"
          "ff00");  // Observe 0x99
  MessageBinding binding{ByteView(), 20, server.sender_id.view(), 0x1234567};
  std::array<std::uint8_t, 64> out{};
  const auto size =
      seal(crypto, server_keys, binding, {0x1234567, {}, {}}, *coap::Message::decode(plain_bytes), {}, out);
  ASSERT_TRUE(size);
  const auto sealed = coap::Message::decode(ByteView(out).first(*size));
  EXPECT_EQ(sealed->code(), coap::Code::kContent);
  EXPECT_EQ(sealed->options().find_uint(coap::OptionNumber::kObserve), 0x99U);
  std::array<std::uint8_t, 64> work{};
  std::array<std::uint8_t, 64> opened{};
  const auto message = open(crypto, client_keys, binding, *sealed, 0x1234567, work, opened);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->options().find_uint(coap::OptionNumber::kObserve), 0x234567U);
}

/// Seals any plaintext: what a hostile peer that has the keys may send.
std::vector<std::uint8_t> sealed_plaintext(tls::NettleCrypto& crypto, const Keys& keys, ByteView id,
                                           const std::vector<std::uint8_t>& plaintext) {
  auto bytes =
      hex("40020001"
          "920905"
          "ff");  // POST, OSCORE option of two bytes
  const std::size_t head = bytes.size();
  bytes.insert(bytes.end(), plaintext.begin(), plaintext.end());
  bytes.resize(bytes.size() + 8);
  const auto aad = hex("8368456e63727970743040488501810a40410540");
  EXPECT_TRUE(crypto.seal(Algorithm::kAesCcm16Tag64Key128, keys.sender.view(), nonce_of(keys, id, 5).view(),
                          aad, ByteSpan(bytes).subspan(head)));
  return bytes;
}

TEST(ProtectedMessage, plaintexts_that_are_no_request_are_refused) {
  tls::NettleCrypto crypto;
  const InputParameters client = input_of(kSalt, "", "01");
  const Keys client_keys = *derive(crypto, client, {});
  const Keys server_keys = *derive(crypto, input_of(kSalt, "01", ""), {});
  MessageBinding binding;
  binding.request_piv = binding.nonce_piv = 5;
  const auto result_of = [&](const char* plaintext) {
    const auto bytes = sealed_plaintext(crypto, client_keys, client.sender_id.view(), hex(plaintext));
    std::array<std::uint8_t, 64> work{};
    std::array<std::uint8_t, 64> out{};
    const auto opened = open(crypto, server_keys, binding, *coap::Message::decode(bytes), 0, work, out);
    return opened ? Errc{} : opened.error().code;
  };
  EXPECT_EQ(result_of("01"), Errc{});
  EXPECT_EQ(result_of("45"), Errc::kMalformed);          // a response
  EXPECT_EQ(result_of("00"), Errc::kMalformed);          // empty
  EXPECT_EQ(result_of("01b3"), Errc::kMalformed);        // an option without its value
  EXPECT_EQ(result_of("01ff"), Errc::kMalformed);        // a marker without payload
  EXPECT_EQ(result_of("0192090500"), Errc::kMalformed);  // OSCORE inside
  EXPECT_EQ(result_of("013168"), Errc{});                // Uri-Host inside is passed over
}

TEST(NettleCrypto, every_algorithm_seals_and_opens) {
  tls::NettleCrypto crypto;
  for (const int number : {1, 2, 3, 10, 11, 12, 13, 24, 30, 31, 32, 33}) {
    SCOPED_TRACE(number);
    const AlgorithmProperties* const row = properties(Algorithm{number});
    ASSERT_NE(row, nullptr);
    const std::vector<std::uint8_t> key(row->key_size, 1);
    const std::vector<std::uint8_t> nonce(row->nonce_size, 2);
    const auto aad = hex("0102");
    auto text = hex("00112233445566778899");
    const auto plain = text;
    text.resize(text.size() + row->tag_size);
    ASSERT_TRUE(crypto.seal(row->algorithm, key, nonce, aad, text));
    EXPECT_FALSE(equal(ByteView(text).first(plain.size()), plain));
    auto forged = text;
    forged.back() ^= 1;
    EXPECT_FALSE(crypto.open(row->algorithm, key, nonce, aad, forged));
    ASSERT_TRUE(crypto.open(row->algorithm, key, nonce, aad, text));
    EXPECT_TRUE(equal(ByteView(text).first(plain.size()), plain));
  }
  EXPECT_EQ(properties(Algorithm{7}), nullptr);
}

TEST(Derivation, refuses_parameters_that_would_not_be_safe) {
  tls::NettleCrypto crypto;
  EXPECT_EQ(derive(crypto, input_of("", "01", "01"), {}).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(derive(crypto, input_of("", "", ""), {}).error().code, Errc::kInvalidArgument);
  InputParameters input = input_of("", "00", "01");
  input.algorithm = Algorithm::kAesCcm64Tag64Key128;
  EXPECT_TRUE(derive(crypto, input, {}));
  input.sender_id.assign(hex("0001"));
  EXPECT_EQ(derive(crypto, input, {}).error().code, Errc::kInvalidArgument);
  input.algorithm = Algorithm{9};
  EXPECT_EQ(derive(crypto, input, {}).error().code, Errc::kUnsupported);
  input = input_of("", "00", "01");
  input.master_secret.assign({});
  EXPECT_EQ(derive(crypto, input, {}).error().code, Errc::kInvalidArgument);
}

}  // namespace
}  // namespace linnet::oscore
