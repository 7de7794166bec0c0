// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "linnet/lwm2m/base64.hpp"
#include "linnet/lwm2m/number_text.hpp"
#include "tests/unit/lwm2m/records.hpp"

namespace linnet::lwm2m {
namespace {

std::string text_of(double v) {
  std::uint8_t text[kMaxNumberText];
  ByteWriter out(text);
  write_double(out, v);
  EXPECT_TRUE(out.ok());
  return std::string(as_text(out.written()));
}

/// The digits of a decimal text, without zeros at either end, and the power of ten of the first.
std::pair<std::string, int> digits_of(std::string_view text) {
  std::string digits;
  int point = 0;
  bool behind = false;
  std::size_t i = text[0] == '-' ? 1 : 0;
  for (; i < text.size() && text[i] != 'e'; ++i) {
    if (text[i] == '.') {
      behind = true;
      continue;
    }
    digits += text[i];
    if (!behind) ++point;
  }
  if (i < text.size()) point += std::stoi(std::string(text.substr(i + 1)));
  const std::size_t first = std::min(digits.find_first_not_of('0'), digits.size());
  point -= static_cast<int>(first);
  digits.erase(0, first);
  digits.erase(digits.find_last_not_of('0') + 1);
  return {digits, point};
}

void check(double v) {
  char expected[64];
  const auto end = std::to_chars(expected, expected + sizeof expected, v).ptr;
  const std::string_view reference(expected, static_cast<std::size_t>(end - expected));
  const std::string ours = text_of(v);
  EXPECT_LE(ours.size(), reference.size()) << ours << " " << reference;
  if (v != 0) {
    // Above 2^53 the library prints integers exactly, with more digits than are needed.
    const bool exact_integer = reference.find_first_of("e.") == std::string_view::npos && std::abs(v) > 9e15;
    if (!exact_integer) {
      EXPECT_EQ(digits_of(ours), digits_of(reference));
    }
  }
  const auto back = parse_number(ours, NumberForm::kJson);
  ASSERT_TRUE(back) << ours;
  const double read = back->to_double();
  EXPECT_EQ(std::bit_cast<std::uint64_t>(read), std::bit_cast<std::uint64_t>(v)) << ours;
}

TEST(NumberText, writes_the_shortest_text_that_reads_back) {
  EXPECT_EQ(text_of(0), "0");
  EXPECT_EQ(text_of(-0.0), "-0");
  EXPECT_EQ(text_of(1), "1");
  EXPECT_EQ(text_of(23.1), "23.1");
  EXPECT_EQ(text_of(43.61092), "43.61092");
  EXPECT_EQ(text_of(-49), "-49");
  EXPECT_EQ(text_of(100), "100");
  EXPECT_EQ(text_of(1000), "1e3");
  EXPECT_EQ(text_of(0.01), "0.01");
  EXPECT_EQ(text_of(0.001), "1e-3");
  EXPECT_EQ(text_of(1320067464), "1320067464");
  EXPECT_EQ(text_of(-2.2250738585072014e-308), "-2.2250738585072014e-308");
  EXPECT_EQ(text_of(5e-324), "5e-324");
  EXPECT_EQ(text_of(9007199254740993.0), "9007199254740992");
  EXPECT_EQ(text_of(1e23), "1e23");
}

TEST(NumberText, agrees_with_the_library_on_edges_and_at_random) {
  for (const double v : {1.1, 0.1, 0.3, 1.0 / 3, 2.0 / 3, 1e21, 1e22, 1e300, 1.7976931348623157e308,
                         2.2250738585072014e-308, 2.225073858507201e-308, 4.9406564584124654e-324, 9.5, 99.95,
                         123456789.125, 4503599627370496.5, 9007199254740991.0}) {
    check(v);
    check(-v);
  }
  for (int exponent = -1074; exponent <= 1023; ++exponent) {
    const double power = std::ldexp(1.0, exponent);
    check(power);
    check(std::nextafter(power, 0));
    check(std::nextafter(power, std::numeric_limits<double>::max()));
  }
  std::mt19937_64 random(8428);
  for (int i = 0; i < 20000; ++i) {
    const double v = std::bit_cast<double>(random());
    if (std::isfinite(v)) check(v);
    check(static_cast<double>(static_cast<std::int64_t>(random() % 2000000) - 1000000) / 1000);
    check(static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(random() % 0x7F000000))));
  }
}

TEST(NumberText, reads_decimals_to_the_nearest_double) {
  std::mt19937_64 random(754);
  for (int i = 0; i < 20000; ++i) {
    const std::string text = std::to_string(random() >> (random() % 50)) + "e" +
                             std::to_string(static_cast<int>(random() % 680) - 360);
    double expected = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), expected);
    const auto ours = parse_number(text, NumberForm::kJson);
    if (result.ec == std::errc::result_out_of_range && !(ours && ours->to_double() < 1)) {
      EXPECT_FALSE(ours) << text;
    } else if (result.ec == std::errc()) {
      ASSERT_TRUE(ours) << text;
      EXPECT_EQ(ours->to_double(), expected) << text;
    }
  }
  EXPECT_EQ(parse_number("1e-400", NumberForm::kJson), Value::number(0));
  EXPECT_EQ(parse_number("2.4703282292062327208e-324", NumberForm::kJson), Value::number(0));
  EXPECT_EQ(parse_number("2.4703282292062328e-324", NumberForm::kJson), Value::number(5e-324));
  EXPECT_EQ(parse_number("0.1000000000000000055511151231257827", NumberForm::kJson), Value::number(0.1));
  EXPECT_EQ(parse_number("9007199254740993.0000000000000000001", NumberForm::kJson),
            Value::number(9007199254740994.0));
}

TEST(NumberText, keeps_integers_whole) {
  EXPECT_EQ(parse_number("0", NumberForm::kJson), Value::integer(0));
  EXPECT_EQ(parse_number("-9223372036854775808", NumberForm::kJson),
            Value::integer(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(parse_number("9223372036854775807", NumberForm::kJson),
            Value::integer(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(parse_number("9223372036854775808", NumberForm::kJson), Value::unsigned_integer(1ULL << 63));
  EXPECT_EQ(parse_number("18446744073709551615", NumberForm::kJson), Value::unsigned_integer(~0ULL));
  EXPECT_EQ(parse_number("18446744073709551616", NumberForm::kJson), Value::number(18446744073709551616.0));
  EXPECT_EQ(parse_number("-9223372036854775809", NumberForm::kJson), Value::number(-9223372036854775808.0));
  EXPECT_EQ(parse_number("-0", NumberForm::kJson), Value::number(-0.0));
}

TEST(NumberText, refuses_what_is_no_number) {
  for (const char* text : {"", "-", "+1", "01", ".5", "5.", "1e", "1e+", "1.e3", "--1", "1 ", " 1", "0x1",
                           "1e400", "nan", "inf", "1,5", "-01"}) {
    EXPECT_FALSE(parse_number(text, NumberForm::kJson)) << text;
  }
  for (const char* text : {"", "-", "+", ".", "e5", "-.", "+-1", "1e400", "nan"}) {
    EXPECT_FALSE(parse_number(text, NumberForm::kPlain)) << text;
  }
  EXPECT_EQ(parse_number("+1", NumberForm::kPlain), Value::integer(1));
  EXPECT_EQ(parse_number("007", NumberForm::kPlain), Value::integer(7));
  EXPECT_EQ(parse_number(".5", NumberForm::kPlain), Value::number(0.5));
  EXPECT_EQ(parse_number("5.", NumberForm::kPlain), Value::number(5));
}

TEST(Base64, matches_the_vectors_of_rfc_4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) {
    std::uint8_t buffer[16];
    ByteWriter out(buffer);
    write_base64(out, as_bytes(plain), Base64::kStandard);
    EXPECT_EQ(as_text(out.written()), coded);
    ByteWriter url(buffer);
    write_base64(url, as_bytes(plain), Base64::kUrl);
    const std::string unpadded = std::string(coded).substr(0, std::string_view(coded).find('='));
    EXPECT_EQ(as_text(url.written()), unpadded);
    for (const std::string& text : {unpadded, std::string(coded)}) {
      const auto back = decode_base64(as_bytes(text), buffer, Base64::kUrl);
      ASSERT_TRUE(back) << text;
      EXPECT_EQ(as_text(*back), plain);
    }
  }
}

TEST(Base64, keeps_the_alphabets_apart_and_refuses_the_rest) {
  std::uint8_t buffer[16];
  EXPECT_EQ(to_hex(as_text(*decode_base64(as_bytes("-_-_"), buffer, Base64::kUrl))), "fbffbf");
  EXPECT_EQ(to_hex(as_text(*decode_base64(as_bytes("+/+/"), buffer, Base64::kStandard))), "fbffbf");
  for (const char* text : {"+/+/", "Z", "Zg=", "Zg===", "Zh==", "Zm9=v", "Z g=", "====", "Zm9v="}) {
    EXPECT_FALSE(decode_base64(as_bytes(text), buffer, Base64::kUrl)) << text;
  }
  EXPECT_FALSE(decode_base64(as_bytes("-_-_"), buffer, Base64::kStandard));
  EXPECT_EQ(decode_base64(as_bytes("Zm9v"), ByteSpan(buffer).first(2), Base64::kUrl).error(), kLarge);
}

}  // namespace
}  // namespace linnet::lwm2m
