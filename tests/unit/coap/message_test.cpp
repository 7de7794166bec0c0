// SPDX-License-Identifier: Apache-2.0
// The message format (RFC 7252 §3) with the examples of the RFCs, byte for byte.
#include "linnet/coap/message.hpp"

#include <gtest/gtest.h>

#include "linnet/coap/block.hpp"
#include "linnet/coap/scanned_options.hpp"
#include "tests/support/pair.hpp"

namespace linnet::testing {
namespace {

using coap::Block;
using coap::Code;
using coap::Message;
using coap::MessageId;
using coap::MessageWriter;
using coap::OptionNumber;
using coap::Token;
using coap::Type;

/// An option with a value of bytes or, when `number_value` is set, of format uint.
struct ExampleOption {
  OptionNumber number;
  std::string text;
  std::optional<std::uint32_t> number_value;
};

struct Example {
  const char* name;
  Type type;
  Code code;
  std::uint16_t id;
  Bytes token;
  std::vector<ExampleOption> options;
  std::string payload;
  Bytes encoded;
};

Bytes join(std::initializer_list<int> head, std::string_view text, std::initializer_list<int> marker = {},
           std::string_view payload = {}) {
  Bytes bytes;
  for (const int byte : head) bytes.push_back(static_cast<std::uint8_t>(byte));
  bytes.insert(bytes.end(), text.begin(), text.end());
  for (const int byte : marker) bytes.push_back(static_cast<std::uint8_t>(byte));
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

std::vector<Example> examples() {
  const std::vector<ExampleOption> temperature{{OptionNumber::kUriPath, "temperature", {}}};
  const auto block2 = [](std::uint32_t number, bool more, std::uint8_t szx) {
    return std::vector<ExampleOption>{{OptionNumber::kBlock2, {}, Block{number, more, szx}.value()}};
  };
  return {
      {"RFC7252_figure_16_request",
       Type::kConfirmable,
       Code::kGet,
       0x7D34,
       {},
       temperature,
       "",
       join({0x40, 0x01, 0x7D, 0x34, 0xBB}, "temperature")},
      {"RFC7252_figure_16_response",
       Type::kAcknowledgement,
       Code::kContent,
       0x7D34,
       {},
       {},
       "22.3 C",
       join({0x60, 0x45, 0x7D, 0x34, 0xFF}, "22.3 C")},
      {"RFC7252_figure_17_request",
       Type::kConfirmable,
       Code::kGet,
       0x7D35,
       {0x20},
       temperature,
       "",
       join({0x41, 0x01, 0x7D, 0x35, 0x20, 0xBB}, "temperature")},
      {"RFC7252_figure_17_response",
       Type::kAcknowledgement,
       Code::kContent,
       0x7D35,
       {0x20},
       {},
       "22.3 C",
       join({0x61, 0x45, 0x7D, 0x35, 0x20, 0xFF}, "22.3 C")},
      {"RFC7252_figure_20_acknowledgement",
       Type::kAcknowledgement,
       Code::kEmpty,
       0x7D38,
       {},
       {},
       "",
       {0x60, 0x00, 0x7D, 0x38}},
      {"RFC7252_figure_20_response",
       Type::kConfirmable,
       Code::kContent,
       0xAD7B,
       {0x53},
       {},
       "22.3 C",
       join({0x41, 0x45, 0xAD, 0x7B, 0x53, 0xFF}, "22.3 C")},
      {"RFC7252_figure_21_reset", Type::kReset, Code::kEmpty, 0xAD7C, {}, {}, "", {0x70, 0x00, 0xAD, 0x7C}},
      {"RFC7252_figure_22_request",
       Type::kNonConfirmable,
       Code::kGet,
       0x7D40,
       {0x75},
       temperature,
       "",
       join({0x51, 0x01, 0x7D, 0x40, 0x75, 0xBB}, "temperature")},
      {"RFC7641_figure_3_registration",
       Type::kConfirmable,
       Code::kGet,
       0x1633,
       {0x4A},
       {{OptionNumber::kObserve, {}, 0}, {OptionNumber::kUriPath, "temperature", {}}},
       "",
       join({0x41, 0x01, 0x16, 0x33, 0x4A, 0x60, 0x5B}, "temperature")},
      {"RFC7641_figure_3_notification",
       Type::kNonConfirmable,
       Code::kContent,
       0xAF90,
       {0x4A},
       {{OptionNumber::kObserve, {}, 12}, {OptionNumber::kMaxAge, {}, 15}},
       "22.8 Cel",
       join({0x51, 0x45, 0xAF, 0x90, 0x4A, 0x61, 0x0C, 0x81, 0x0F, 0xFF}, "22.8 Cel")},
      {"RFC7959_figure_2_request",
       Type::kConfirmable,
       Code::kGet,
       1235,
       {},
       {{OptionNumber::kUriPath, "status", {}}, {OptionNumber::kBlock2, {}, Block{1, false, 3}.value()}},
       "",
       join({0x40, 0x01, 0x04, 0xD3, 0xB6}, "status", {0xC1, 0x13})},
      {"RFC7959_figure_2_response",
       Type::kAcknowledgement,
       Code::kContent,
       1235,
       {},
       block2(1, true, 3),
       "x",
       join({0x60, 0x45, 0x04, 0xD3, 0xD1, 0x0A, 0x1B, 0xFF}, "x")},
      {"RFC7959_figure_7_request",
       Type::kConfirmable,
       Code::kPut,
       1234,
       {},
       {{OptionNumber::kUriPath, "options", {}}, {OptionNumber::kBlock1, {}, Block{0, true, 3}.value()}},
       "x",
       join({0x40, 0x03, 0x04, 0xD2, 0xB7}, "options", {0xD1, 0x03, 0x0B, 0xFF}, "x")},
      {"RFC7959_figure_7_response",
       Type::kAcknowledgement,
       Code::kContinue,
       1234,
       {},
       {{OptionNumber::kBlock1, {}, Block{0, true, 3}.value()}},
       "",
       {0x60, 0x5F, 0x04, 0xD2, 0xD1, 0x0E, 0x0B}},
  };
}

class Examples : public ::testing::TestWithParam<Example> {};

TEST_P(Examples, encode) {
  const Example& example = GetParam();
  Bytes buffer(128);
  MessageWriter writer(buffer, example.type, example.code, MessageId{example.id}, Token(example.token));
  for (const ExampleOption& option : example.options) {
    if (option.number_value)
      writer.option(option.number, *option.number_value);
    else
      writer.option(option.number, option.text);
  }
  writer.payload(as_bytes(example.payload));
  const auto size = writer.finish();
  ASSERT_TRUE(size);
  buffer.resize(*size);
  EXPECT_EQ(buffer, example.encoded);
}

TEST_P(Examples, decode) {
  const Example& example = GetParam();
  const auto message = Message::decode(example.encoded);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type(), example.type);
  EXPECT_EQ(message->code(), example.code);
  EXPECT_EQ(message->message_id(), MessageId{example.id});
  EXPECT_EQ(copy(message->token().bytes()), example.token);
  EXPECT_EQ(as_text(message->payload()), example.payload);
  auto expected = example.options.begin();
  for (const coap::Option& option : message->options()) {
    ASSERT_NE(expected, example.options.end());
    EXPECT_EQ(option.number, expected->number);
    if (expected->number_value)
      EXPECT_EQ(option.uint(), *expected->number_value);
    else
      EXPECT_EQ(option.text(), expected->text);
    ++expected;
  }
  EXPECT_EQ(expected, example.options.end());
}

INSTANTIATE_TEST_SUITE_P(Message, Examples, ::testing::ValuesIn(examples()),
                         [](const auto& example) { return std::string(example.param.name); });

TEST(MessageWriter, extends_deltas_and_lengths) {
  const std::string text13(13, 'a');
  const std::string text269(269, 'b');
  Bytes buffer(512);
  MessageWriter writer(buffer, Type::kConfirmable, Code::kGet, MessageId{1}, Token());
  writer.option(OptionNumber{1}, text13);
  writer.option(OptionNumber{14}, text269);
  writer.option(OptionNumber{14 + 269}, std::string_view());
  writer.option(OptionNumber{65535}, std::string_view());
  const auto size = writer.finish();
  ASSERT_TRUE(size);
  Bytes expected{0x40, 0x01, 0, 1, 0x1D, 0};
  expected.insert(expected.end(), 13, 'a');
  expected.insert(expected.end(), {0xDE, 0, 0, 0});
  expected.insert(expected.end(), 269, 'b');
  expected.insert(expected.end(), {0xE0, 0, 0, 0xE0, 0xFD, 0xD7});
  buffer.resize(*size);
  EXPECT_EQ(buffer, expected);
  const auto message = Message::decode(buffer);
  ASSERT_TRUE(message);
  std::vector<unsigned> numbers;
  for (const coap::Option& option : message->options())
    numbers.push_back(static_cast<unsigned>(option.number));
  EXPECT_EQ(numbers, (std::vector<unsigned>{1, 14, 283, 65535}));
}

TEST(MessageWriter, writes_numbers_in_the_fewest_bytes) {
  const std::vector<std::pair<std::uint32_t, std::size_t>> sizes{
      {0, 0}, {1, 1}, {255, 1}, {256, 2}, {65535, 2}, {65536, 3}, {0xFFFFFF, 3}, {0x1000000, 4}};
  for (const auto& [value, expected] : sizes) {
    Bytes buffer(32);
    MessageWriter writer(buffer, Type::kConfirmable, Code::kGet, MessageId{1}, Token());
    writer.option(OptionNumber::kMaxAge, value);
    EXPECT_EQ(*writer.finish(), 4 + 2 + expected);
    buffer.resize(*writer.finish());
    EXPECT_EQ(Message::decode(buffer)->options().find_uint(OptionNumber::kMaxAge), value);
  }
}

TEST(MessageWriter, fails_on_a_full_buffer_and_on_options_out_of_order) {
  for (std::size_t room = 0; room < 12; ++room) {
    Bytes buffer(room);
    MessageWriter writer(buffer, Type::kConfirmable, Code::kGet, MessageId{1}, Token());
    writer.option(OptionNumber::kUriPath, "abc");
    writer.payload(as_bytes("xyz"));
    EXPECT_FALSE(writer.finish()) << room;
  }
  Bytes buffer(64);
  MessageWriter writer(buffer, Type::kConfirmable, Code::kGet, MessageId{1}, Token());
  writer.option(OptionNumber::kUriPath, "abc");
  writer.option(OptionNumber::kObserve, 0U);
  EXPECT_FALSE(writer.finish());
}

TEST(Option, reads_numbers_with_leading_zeros) {
  const Bytes zeros{0, 0, 0, 0, 0, 1, 2};
  EXPECT_EQ((coap::Option{OptionNumber::kMaxAge, zeros}.uint()), 0x102U);
  const Bytes large{1, 0, 0, 0, 0};
  EXPECT_EQ((coap::Option{OptionNumber::kMaxAge, large}.uint()), UINT32_MAX);
}

TEST(Option, properties_are_bits_of_the_number) {
  EXPECT_TRUE(is_critical(OptionNumber::kUriPath));
  EXPECT_FALSE(is_critical(OptionNumber::kContentFormat));
  EXPECT_TRUE(is_unsafe(OptionNumber::kUriHost));
  EXPECT_TRUE(is_no_cache_key(OptionNumber::kSize1));
  EXPECT_TRUE(is_no_cache_key(OptionNumber::kEcho));
  EXPECT_FALSE(is_no_cache_key(OptionNumber::kRequestTag));
  ASSERT_NE(properties(OptionNumber::kRequestTag), nullptr);
  EXPECT_EQ(properties(OptionNumber{2}), nullptr);
}

std::uint32_t key_of(std::initializer_list<ExampleOption> options, Code method = Code::kGet) {
  Bytes buffer(128);
  MessageWriter writer(buffer, Type::kConfirmable, method, MessageId{1}, Token());
  for (const ExampleOption& option : options) {
    if (option.number_value)
      writer.option(option.number, *option.number_value);
    else
      writer.option(option.number, option.text);
  }
  buffer.resize(*writer.finish());
  return coap::scan_options(Message::decode(buffer)->options(), method).cache_key;
}

TEST(CacheKey, leaves_out_what_differs_between_the_blocks_of_one_transfer) {
  const ExampleOption path{OptionNumber::kUriPath, "a", {}};
  const std::uint32_t key = key_of({path});
  EXPECT_EQ(key, key_of({{OptionNumber::kObserve, {}, 0}, path}));
  EXPECT_EQ(key, key_of({path, {OptionNumber::kBlock2, {}, 0x16}}));
  EXPECT_EQ(key, key_of({path, {OptionNumber::kBlock1, {}, 0x16}, {OptionNumber::kSize1, {}, 9}}));
  EXPECT_EQ(key, key_of({path, {OptionNumber::kEcho, "x", {}}}));
  EXPECT_NE(key, key_of({path, {OptionNumber::kRequestTag, "x", {}}}));
  EXPECT_NE(key, key_of({path, path}));
  EXPECT_NE(key, key_of({{OptionNumber::kUriPath, "b", {}}}));
  EXPECT_NE(key, key_of({path}, Code::kFetch));
  EXPECT_NE(key, key_of({path, {OptionNumber::kAccept, {}, 0}}));
}

}  // namespace
}  // namespace linnet::testing
