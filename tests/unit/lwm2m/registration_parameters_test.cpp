// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/registration_parameters.hpp"

#include <gmock/gmock.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace linnet::lwm2m {
namespace {

using ::testing::ElementsAre;

struct Query {
  RegistrationParameters parameters;
  std::vector<std::string> others;
};

Result<Query> read(std::initializer_list<std::string_view> queries) {
  Query read;
  for (const std::string_view query : queries) {
    const auto went = read_registration_parameter(
        query, read.parameters, [&](std::string_view name, std::string_view value) {
          read.others.push_back(std::string(name) + ":" + std::string(value));
          return Result<void>();
        });
    if (!went) return std::unexpected(went.error());
  }
  return read;
}

std::vector<std::string> write(const RegistrationParameters& parameters) {
  std::vector<std::string> queries;
  EXPECT_TRUE(write_registration_parameters(parameters, [&](std::string_view query) -> Result<void> {
    queries.emplace_back(query);
    return {};
  }));
  return queries;
}

TEST(RegistrationParameters, OP_2_reads_a_register_of_1_1) {
  const auto query = read({"ep=urn:dev:os:1", "lt=300", "lwm2m=1.1", "b=UTSN", "Q", "sms=4912345678"});
  const RegistrationParameters& given = query->parameters;
  EXPECT_EQ(given.endpoint, "urn:dev:os:1");
  EXPECT_EQ(given.lifetime, 300U);
  EXPECT_EQ(given.version, LwM2mVersion::k1_1);
  EXPECT_EQ(given.binding->bits(), Binding::kUdp | Binding::kTcp | Binding::kSms | Binding::kNonIp);
  EXPECT_EQ(given.sms, "4912345678");
  EXPECT_TRUE(given.queue_mode());
  EXPECT_TRUE(check_register(given, {}));
}

TEST(RegistrationParameters, OP_10_queue_mode_of_1_0_stands_in_the_binding) {
  for (const char* binding : {"b=UQ", "b=UQS", "b=SQ"}) {
    EXPECT_TRUE(read({"ep=a", "lwm2m=1.0", binding})->parameters.queue_mode()) << binding;
  }
  EXPECT_FALSE(read({"b=US"})->parameters.queue_mode());
}

TEST(RegistrationParameters, unknown_ones_are_kept_as_attributes) {
  EXPECT_THAT(read({"ep=a", "room=12", "et", "x="})->others, ElementsAre("room:12", "et:", "x:"));
}

TEST(RegistrationParameters, OP_2_what_does_not_read_is_a_bad_request) {
  for (const char* query : {"ep=",
                            "ep",
                            "ep=a\nb",
                            "ep=\xC0\x80",
                            "ep=\xED\xA0\x80",
                            "ep=\xF4\x90\x80\x80",
                            "ep=\xE2\x82",
                            "ep=\x7F",
                            "lt=",
                            "lt=0",
                            "lt=-1",
                            "lt=4294967296",
                            "lt=1.5",
                            "lwm2m=",
                            "lwm2m=x",
                            "lwm2m=1",
                            "lwm2m=1.1.1",
                            "b=",
                            "b=Q",
                            "b=UU",
                            "b=X",
                            "b=u",
                            "Q=1",
                            "sms=",
                            "sms=+49123",
                            "sms=1234567890123456",
                            "",
                            "=x",
                            "room=\xFF"}) {
    const auto result = read({query});
    ASSERT_FALSE(result) << query;
    EXPECT_EQ(result.error(), (Error{Errc::kMalformed, 0x80})) << query;
  }
  EXPECT_EQ(read({"ep=" + std::string(256, 'a')}).error(), (Error{Errc::kTooLarge, 0x80}));
  EXPECT_TRUE(read({"ep=" + std::string(255, 'a')}));
  EXPECT_TRUE(read({"ep=Ger\xC3\xA4t \xE2\x82\xAC \xF0\x9F\x90\xA6"}));
}

TEST(RegistrationParameters, OP_2_a_parameter_may_stand_once) {
  for (const char* query : {"ep=a", "lt=300", "lwm2m=1.1", "b=U", "Q", "sms=1"}) {
    EXPECT_EQ(read({query, query}).error(), (Error{Errc::kMalformed, 0x80})) << query;
  }
}

TEST(RegistrationParameters, OP_2_another_version_is_a_failed_precondition) {
  for (const char* query : {"lwm2m=1.2", "lwm2m=2.0", "lwm2m=0.9"}) {
    EXPECT_EQ(read({query}).error(), (Error{Errc::kUnsupported, 0x8C})) << query;
  }
}

TEST(RegistrationParameters, OP_2_a_register_needs_endpoint_and_version_unless_the_link_tells_them) {
  EXPECT_EQ(check_register(read({"lwm2m=1.1"})->parameters, {}).error(), (Error{Errc::kMalformed, 0x80}));
  EXPECT_EQ(check_register(read({"ep=a"})->parameters, {}).error(), (Error{Errc::kMalformed, 0x80}));
  EXPECT_TRUE(check_register(read({"lwm2m=1.1"})->parameters, {.endpoint_known = true}));
  EXPECT_TRUE(check_register({}, {.endpoint_known = true, .version_known = true}));
}

TEST(RegistrationParameters, are_written_as_their_version_wants_queue_mode) {
  RegistrationParameters given{"dev",   300U, LwM2mVersion::k1_1, Binding(Binding::kUdp) | Binding::kSms,
                               "49123", true};
  EXPECT_THAT(write(given), ElementsAre("ep=dev", "lt=300", "lwm2m=1.1", "b=US", "Q", "sms=49123"));
  given.version = LwM2mVersion::k1_0;
  EXPECT_THAT(write(given), ElementsAre("ep=dev", "lt=300", "lwm2m=1.0", "b=UQS", "sms=49123"));
  given.binding.reset();
  EXPECT_THAT(write(given), ElementsAre("ep=dev", "lt=300", "lwm2m=1.0", "b=UQ", "sms=49123"));
}

TEST(RegistrationParameters, an_update_says_only_what_is_set) {
  EXPECT_THAT(write({}), ElementsAre());
  EXPECT_THAT(write({.lifetime = 60U}), ElementsAre("lt=60"));
}

TEST(RegistrationParameters, a_query_over_255_bytes_is_not_written) {
  const std::string name(253, 'a');
  const auto ignore = [](std::string_view) -> Result<void> { return {}; };
  EXPECT_EQ(write_registration_parameters({.endpoint = name}, ignore).error().code, Errc::kTooLarge);
  EXPECT_TRUE(write_registration_parameters({.endpoint = name.substr(1)}, ignore));
}

TEST(Version, is_two_numbers_with_a_dot) {
  EXPECT_EQ(*Version::parse("1.0"), (Version{1, 0}));
  EXPECT_EQ(*Version::parse("255.10"), (Version{255, 10}));
  for (const char* text : {"", "1", "1.", ".1", "1.0.0", "01.0", "1.00", "256.0", "1.a", "\"1.0\"", "-1.0"}) {
    EXPECT_FALSE(Version::parse(text)) << text;
  }
  EXPECT_LT((Version{1, 9}), (Version{1, 10}));
  EXPECT_LT((Version{1, 255}), (Version{2, 0}));
}

}  // namespace
}  // namespace linnet::lwm2m
