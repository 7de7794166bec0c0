// SPDX-License-Identifier: Apache-2.0
// Shows: OP-8
// What a bootstrap configuration is refused for when it is entered.
#include "tests/unit/server/bootstrap_fixture.hpp"

#include "linnet/server/bootstrap_accounts.hpp"

namespace linnet::server::test {
namespace {

using lwm2m::Value;

struct Fault {
  const char* name;
  std::function<void(BootstrapConfiguration&)> spoil;
  const char* where;
  const char* reason;  ///< a part of it
};

Value opaque(std::string_view text) {
  return Value::opaque(as_bytes(text));
}

/// The record of `path`, which is there.
OwnedRecord& at(BootstrapConfiguration& configuration, std::string_view path) {
  for (BootstrapWrite& write : configuration.writes) {
    for (OwnedRecord& record : write.records) {
      if (record.path == path_of(path)) return record;
    }
  }
  std::abort();
}
void set(BootstrapConfiguration& configuration, std::string_view path, const Value& value) {
  at(configuration, path).value = OwnedValue(value);
}
void erase(BootstrapConfiguration& configuration, std::string_view path) {
  for (BootstrapWrite& write : configuration.writes) {
    std::erase_if(write.records, [&](const OwnedRecord& record) { return record.path == path_of(path); });
  }
}
void add(BootstrapConfiguration& configuration, BootstrapWrite write) {
  configuration.writes.push_back(std::move(write));
  std::ranges::sort(configuration.writes, {}, &BootstrapWrite::path);
}
BootstrapWrite rights(std::int64_t object, std::int64_t server, std::int64_t bits, std::int64_t owner) {
  return writing("/2/0", {{"0", Value::integer(object)},
                          {"1", Value::integer(0)},
                          {"2/" + std::to_string(server), Value::integer(bits)},
                          {"3", Value::integer(owner)}});
}

using Configuration = BootstrapConfiguration&;
const std::vector<Fault>& faults() {
  static const std::vector<Fault> kFaults{
      {"NoName", [](Configuration c) { c.name.clear(); }, "name", "1 to 128"},
      {"NoEndpoints", [](Configuration c) { c.endpoints.clear(); }, "endpoints", "must name"},
      {"StarInside", [](Configuration c) { c.endpoints = {"a*b"}; }, "endpoints: 'a*b'", "only at its end"},
      {"TwoStars", [](Configuration c) { c.endpoints = {"a**"}; }, "endpoints: 'a**'", "only at its end"},
      {"SameEndpointTwice", [](Configuration c) { c.endpoints = {"a", "a"}; }, "endpoints: 'a'", "twice"},
      {"ControlCharacter", [](Configuration c) { c.endpoints = {"a\n"}; }, "endpoints: 'a\n'", "text"},
      {"DoesNothing",
       [](Configuration c) {
         c.deletions.clear();
         c.writes.clear();
       },
       "configuration", "neither"},
      {"DiscoverOfAnInstance", [](Configuration c) { c.discover = {path_of("/1/0")}; }, "discover: /1/0",
       "an object"},
      {"ReadOfTheKeys", [](Configuration c) { c.read = {path_of("/0")}; }, "read: /0", "1 or 2"},
      {"ReadOfAResource", [](Configuration c) { c.read = {path_of("/1/0/1")}; }, "read: /1/0/1", "1 or 2"},
      {"DeleteOfAResource", [](Configuration c) { c.deletions.push_back(path_of("/1/0/1")); },
       "delete: /1/0/1", "an instance"},
      {"DeleteOfTheDevice", [](Configuration c) { c.deletions.push_back(path_of("/3/0")); }, "delete: /3/0",
       "stays"},
      {"DeleteOfAnUnknownObject", [](Configuration c) { c.deletions.push_back(path_of("/42000")); },
       "delete: /42000", "no model"},
      {"WriteOfAnObject", [](Configuration c) { c.writes[0].path = path_of("/0"); }, "/0", "an instance or"},
      {"WriteOfAnUnknownObject",
       [](Configuration c) { add(c, writing("/42000/0", {{"1", Value::integer(1)}})); }, "/42000/0",
       "no model"},
      {"WriteOfASecondDevice", [](Configuration c) { add(c, writing("/3/1/13", {{"", Value::time(1)}})); },
       "/3/1/13", "only instance 0"},
      {"WriteOfNothing", [](Configuration c) { c.writes[1].records.clear(); }, "/1/0", "no values"},
      {"UnknownResource", [](Configuration c) { add(c, writing("/1/1/99", {{"", Value::integer(1)}})); },
       "/1/1/99", "no resource"},
      {"Executable", [](Configuration c) { add(c, writing("/3/0/4", {{"", Value::string("x")}})); }, "/3/0/4",
       "executed"},
      {"WrongType", [](Configuration c) { set(c, "/1/0/1", Value::string("long")); }, "/1/0/1", "Integer"},
      {"InstancesOfASingleResource",
       [](Configuration c) { add(c, writing("/1/1/1", {{"0", Value::integer(1)}})); }, "/1/1/1/0",
       "not a multiple"},
      {"NoInstanceOfAMultipleResource",
       [](Configuration c) { add(c, writing("/2/0/2", {{"", Value::integer(1)}})); }, "/2/0/2", "multiple"},
      {"MandatoryMissing", [](Configuration c) { erase(c, "/1/0/6"); }, "/1/0/6", "mandatory"},
      {"MandatoryOfRightsMissing",
       [](Configuration c) {
         add(c, rights(3, 101, 1, 101));
         erase(c, "/2/0/1");
       },
       "/2/0/1", "mandatory"},
      {"ValuesTwice",
       [](Configuration c) {
         c.writes[1].records.insert(c.writes[1].records.begin(), c.writes[1].records[0]);
       },
       "/1/0/0", "twice"},
      {"WrittenTwice", [](Configuration c) { add(c, server_instance("/1/0", 101)); }, "/1/0", "twice"},
      {"ResourceOfAWrittenInstance",
       [](Configuration c) { add(c, writing("/1/0/1", {{"", Value::integer(1)}})); }, "/1/0/1", "twice"},
      {"TooLarge", [](Configuration c) { set(c, "/0/1/3", opaque(std::string(17'000, 'x'))); }, "/0/1",
       "larger"},
      {"UriWithoutScheme", [](Configuration c) { set(c, "/0/1/0", Value::string("192.0.2.1")); }, "/0/1/0",
       "must begin"},
      {"NoSecWithCoaps", [](Configuration c) { set(c, "/0/1/0", Value::string("coaps://a")); }, "/0/1/2",
       "NoSec"},
      {"PskWithCoap", [](Configuration c) { set(c, "/0/1/2", Value::integer(0)); }, "/0/1/2", "NoSec"},
      {"UnknownMode", [](Configuration c) { set(c, "/0/1/2", Value::integer(9)); }, "/0/1/2", "0 to 4"},
      {"PskWithoutKey",
       [](Configuration c) {
         set(c, "/0/1/0", Value::string("coaps://a"));
         set(c, "/0/1/2", Value::integer(0));
         set(c, "/0/1/3", opaque("{endpoint}"));
       },
       "/0/1/5", "not be empty"},
      {"CertificateWithoutTheServers",
       [](Configuration c) {
         c.endpoints = {"urn:1"};
         set(c, "/0/1/0", Value::string("coaps://a"));
         set(c, "/0/1/2", Value::integer(2));
         set(c, "/0/1/3", opaque("mine"));
         set(c, "/0/1/5", opaque("key"));
       },
       "/0/1/4", "not be empty"},
      {"OneKeyForAFleet",
       [](Configuration c) {
         set(c, "/0/1/0", Value::string("coaps://a"));
         set(c, "/0/1/2", Value::integer(0));
         set(c, "/0/1/3", opaque("{endpoint}"));
         set(c, "/0/1/5", opaque("secret"));
       },
       "/0/1/5", "belongs to one"},
      {"NoShortServerId", [](Configuration c) { erase(c, "/0/1/10"); }, "/0/1/10", "missing"},
      {"ShortServerIdZero", [](Configuration c) { set(c, "/0/1/10", Value::integer(0)); }, "/0/1/10",
       "1 to 65534"},
      {"ShortServerIdsDiffer", [](Configuration c) { set(c, "/1/0/0", Value::integer(102)); }, "/0/1/10",
       "is 101, but no instance of object 1"},
      {"ServerWithoutAccount", [](Configuration c) { add(c, server_instance("/1/1", 102)); }, "/1/1/0",
       "is 102, but no account"},
      {"TwoServersWithOneId", [](Configuration c) { add(c, server_instance("/1/1", 101)); }, "/1/1/0",
       "another instance"},
      {"UnknownBinding", [](Configuration c) { set(c, "/1/0/7", Value::string("X")); }, "/1/0/7", "U, T, S"},
      {"TwoBootstrapAccounts",
       [](Configuration c) {
         for (const char* path : {"/0/2", "/0/3"}) {
           auto account = security_account(path, "coap://bs", 101);
           account.records[1].value = OwnedValue(Value::boolean(true));
           account.records.pop_back();
           add(c, account);
         }
       },
       "/0/3", "second account"},
      {"NoAccountLeft", [](Configuration c) { c.writes.clear(); }, "configuration", "register nowhere"},
      {"NoAccountLeftOfAll",
       [](Configuration c) {
         c.deletions = {path_of("/")};
         c.writes.clear();
       },
       "configuration", "register nowhere"},
      {"DanglingOscoreLink",
       [](Configuration c) {
         c.deletions = {path_of("/")};
         c.writes[0].records.push_back({path_of("/0/1/17"), OwnedValue(Value::objlnk({21, 0}))});
       },
       "/0/1/17", "refers to /21/0"},
      {"OscoreKeysAsText",
       [](Configuration c) {
         add(c, {path_of("/21/0"),
                 {{path_of("/21/0/0"), OwnedValue(Value::string("secret"))},
                  {path_of("/21/0/1"), OwnedValue(Value::string("a"))},
                  {path_of("/21/0/2"), OwnedValue(Value::string("b"))}}});
       },
       "/21/0/0", "Opaque"},
      {"OscoreLinkToAnotherObject",
       [](Configuration c) {
         c.writes[0].records.push_back({path_of("/0/1/17"), OwnedValue(Value::objlnk({3, 0}))});
       },
       "/0/1/17", "object 21"},
      {"RightsOnTheKeys", [](Configuration c) { add(c, rights(21, 101, 1, 101)); }, "/2/0/0", "access"},
      {"RightsOfAStranger", [](Configuration c) { add(c, rights(3, 102, 1, 101)); }, "/2/0/2/102",
       "no account"},
      {"UnknownRights", [](Configuration c) { add(c, rights(3, 101, 32, 101)); }, "/2/0/2/101", "0 to 31"},
      {"ForgottenTwice",
       [](Configuration c) {
         c.deletions.clear();
         c.unbootstrap = {7, 7};
       },
       "unbootstrap: 7", "twice"},
      {"ForgottenServerZero",
       [](Configuration c) {
         c.deletions.clear();
         c.unbootstrap = {0};
       },
       "unbootstrap: 0", "1 to 65534"},
      {"ForgottenServerBeyondAll",
       [](Configuration c) {
         c.deletions.clear();
         c.unbootstrap = {65535};
       },
       "unbootstrap: 65535", "1 to 65534"},
      {"ForgottenAndDeletedAnyway", [](Configuration c) { c.unbootstrap = {7}; }, "unbootstrap", "anyway"},
      {"KeysOfAForgottenAccountAlone",
       [](Configuration c) {
         c.deletions.clear();
         c.unbootstrap = {101};
         c.writes.pop_back();
       },
       "/0/1/10", "no instance of object 1"},
      {"SettingsOfAForgottenAccountAlone",
       [](Configuration c) {
         c.deletions.clear();
         c.unbootstrap = {101};
         c.writes.erase(c.writes.begin());
       },
       "/1/0/0", "no account of object 0"},
      {"RightsOfAForgottenServer",
       [](Configuration c) {
         c.deletions.clear();
         c.unbootstrap = {102};
         add(c, rights(3, 102, 1, 101));
       },
       "/2/0/2/102", "no account"},
      {"OwnedByAStranger", [](Configuration c) { add(c, rights(3, 101, 1, 102)); }, "/2/0/3", "no account"},
  };
  return kFaults;
}

class ConfigurationFaults : public testing::TestWithParam<std::size_t> {
 protected:
  RegistryModels models;
};

TEST_P(ConfigurationFaults, name_the_place_and_the_reason) {
  const Fault& fault = faults()[GetParam()];
  auto configuration = simple_configuration();
  ASSERT_TRUE(check_configuration(configuration, models));
  fault.spoil(configuration);
  const auto checked = check_configuration(configuration, models);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().where, fault.where);
  EXPECT_THAT(checked.error().reason, testing::HasSubstr(fault.reason));
}
INSTANTIATE_TEST_SUITE_P(Each, ConfigurationFaults, testing::Range(std::size_t{0}, faults().size()),
                         [](const auto& row) { return faults()[row.param].name; });

class ConfigurationCheck : public testing::Test {
 protected:
  void expect_taken(const BootstrapConfiguration& configuration) {
    const auto checked = check_configuration(configuration, models);
    EXPECT_TRUE(checked) << checked.error().where << " " << checked.error().reason;
  }
  RegistryModels models;
};

TEST_F(ConfigurationCheck, takes_a_pre_shared_key_of_one_device) {
  auto configuration = simple_configuration();
  configuration.endpoints = {"urn:dev:1"};
  set(configuration, "/0/1/0", Value::string("coaps://[2001:db8::1]:5684"));
  set(configuration, "/0/1/2", Value::integer(0));
  set(configuration, "/0/1/3", opaque("{endpoint}"));
  set(configuration, "/0/1/5", opaque("secret"));
  expect_taken(configuration);
}

TEST_F(ConfigurationCheck, takes_one_value_over_what_the_device_has) {
  BootstrapConfiguration configuration;
  configuration.name = "lifetime";
  configuration.endpoints = {"*"};
  configuration.writes = {writing("/1/0/1", {{"", Value::integer(60)}})};
  expect_taken(configuration);
}

TEST_F(ConfigurationCheck, takes_a_new_key_for_a_server_that_stays) {
  auto configuration = simple_configuration();
  configuration.deletions = {path_of("/0")};
  configuration.writes.pop_back();
  expect_taken(configuration);
}

TEST_F(ConfigurationCheck, takes_an_account_to_be_forgotten_alone_and_with_what_comes_in_its_place) {
  auto configuration = simple_configuration();
  configuration.deletions.clear();
  configuration.unbootstrap = {101, 102};
  expect_taken(configuration);
  configuration.writes.clear();
  expect_taken(configuration);
}

TEST_F(ConfigurationCheck, takes_another_bootstrap_account_and_other_objects) {
  auto configuration = simple_configuration();
  configuration.deletions = {path_of("/")};
  auto account = security_account("/0/0", "coap://bs.example", 1);
  account.records[1].value = OwnedValue(Value::boolean(true));
  account.records.pop_back();
  add(configuration, account);
  add(configuration, rights(3, 101, 31, 101));
  add(configuration, writing("/3/0/14", {{"", Value::string("+01:00")}}));
  expect_taken(configuration);
}

TEST(ServerUri, is_held_against_its_form) {
  for (const char* good : {"coap://a", "coaps://a.example:5684", "coap+tcp://192.0.2.1:1", "coap://[::1]",
                           "coaps+tcp://[2001:db8::1]:65535/", "lorawan://10"}) {
    EXPECT_EQ(server_uri_fault(good), "") << good;
  }
  for (const char* bad :
       {"", "coap", "coap:", "coap://", "coap:///x", "coap://:5683", "coap://a:", "coap://a:0",
        "coap://a:65536", "coap://a:x", "http://a", "coap://[::1", "coap://[]", "coap://[::1]x", "coap://a b",
        "coap://me@a", "lorawan://", "lorawan://0", "lorawan://a"}) {
    EXPECT_NE(server_uri_fault(bad), "") << bad;
  }
}

}  // namespace
}  // namespace linnet::server::test
