// SPDX-License-Identifier: Apache-2.0
// The device engine as the smallest image has it: every feature left out, TLV its only format.
#include "linnet/client/objects/security.hpp"
#include "linnet/client/rollback.hpp"
#include "linnet/lwm2m/cbor.hpp"
#include "linnet/lwm2m/tlv.hpp"
#include "tests/unit/client/scripted_server.hpp"

namespace linnet::client::test {
namespace {

constexpr std::uint32_t kLinks = 40, kTlv = 11542;

class BareDevice : public DeviceTest {
 protected:
  static constexpr lwm2m::Codec kCodecs[]{lwm2m::kTlvCodec};
  void SetUp() override { config.codecs = kCodecs; }
  Seen observe(std::string_view path) { return ask(Code::kGet, path, {.observe = 0, .token = 0x21}); }
};

TEST_F(BareDevice, RegistersWithTheBytesOfTheStandard) {
  start();
  const Seen seen = take();
  std::array<std::uint8_t, 256> buffer{};
  coap::MessageWriter expected(buffer, Type::kConfirmable, Code::kPost, coap::MessageId{seen.id}, seen.token);
  expected.option(OptionNumber::kUriPath, std::string_view("rd"));
  expected.option(OptionNumber::kContentFormat, kLinks);
  for (const std::string_view query : {"ep=device", "lt=86400", "lwm2m=1.1", "b=U"})
    expected.option(OptionNumber::kUriQuery, query);
  expected.payload(
      as_bytes("</>;rt=\"oma.lwm2m\";ct=11542,</1>;ver=1.1,</1/0>,</3>;ver=1.1,</3/0>,</33000/0>"));
  EXPECT_EQ(seen.bytes,
            std::vector(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*expected.finish())));
}

TEST_F(BareDevice, KeepsItsRegistrationAlive) {
  registered();
  account->lifetime = 300;
  engine.changed(Path(1, 0, 1));
  engine.step(now);
  const Seen update = take();
  EXPECT_EQ(update.path, "/rd/5a3f");
  EXPECT_EQ(update.query, "lt=300");
  respond(update, Code::kChanged);
  pass(300s);
  ASSERT_FALSE(wire.out.empty());
  EXPECT_EQ(take().path, "/rd/5a3f");
  engine.deregister();
}

TEST_F(BareDevice, RegistersAnewWhenTheServerHasForgotten) {
  registered();
  engine.update();
  engine.step(now);
  respond(take(), Code::kNotFound);
  EXPECT_EQ(take().path, "/rd");
}

TEST_F(BareDevice, ReadsWritesAndExecutes) {
  registered();
  const Seen name = ask(Code::kGet, "/3/0/0");
  EXPECT_EQ(name.format, kTlv);
  EXPECT_EQ(name.payload, "\xC6" + std::string(1, '\0') + "linnet");
  EXPECT_EQ(ask(Code::kPut, "/33000/0/1", {.format = kTlv, .payload = "\xC1\x01\x32"}).code, Code::kChanged);
  EXPECT_EQ(probes.get(0)->number, 50);
  EXPECT_EQ(ask(Code::kPut, "/33000/0/1", {.format = kTlv, .payload = "\xC1\x01\x7F"}).code,
            Code::kBadRequest);
  EXPECT_EQ(ask(Code::kPost, "/33000/0/9", {.payload = "0='a'"}).code, Code::kChanged);
  EXPECT_EQ(probes.get(0)->arguments, "0='a'");
  EXPECT_EQ(ask(Code::kGet, "/3/0/99").code, Code::kNotFound);
  EXPECT_EQ(ask(Code::kGet, "/3/0/4").code, Code::kMethodNotAllowed);
}

TEST_F(BareDevice, NumbersKeepTheirValue) {
  registered();
  for (const double value : {0.0, -0.0, 21.5, 0.1, 1e-320, 1e300, 16777217.0}) {
    probes.get(0)->temperature = value;
    const Seen seen = ask(Code::kGet, "/33000/0/2");
    probes.get(0)->temperature = 1;
    ASSERT_EQ(ask(Code::kPut, "/33000/0/2", {.format = kTlv, .payload = seen.payload}).code, Code::kChanged);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(probes.get(0)->temperature), std::bit_cast<std::uint64_t>(value));
  }
}

TEST_F(BareDevice, CreatesAndDeletes) {
  registered();
  EXPECT_EQ(ask(Code::kPost, "/33000", {.format = kTlv, .payload = "\xC1\x01\x05"}).code, Code::kCreated);
  EXPECT_EQ(probes.get(1)->number, 5);
  engine.step(now);
  wire.out.clear();
  EXPECT_EQ(ask(Code::kDelete, "/33000/1").code, Code::kDeleted);
}

TEST_F(BareDevice, DiscoversWithItsAttributes) {
  registered();
  EXPECT_EQ(ask(Code::kPut, "/3/0/0", {.query = {"pmin=10", "pmax=60"}}).code, Code::kChanged);
  EXPECT_EQ(ask(Code::kGet, "/3/0/0", {.accept = kLinks}).payload, "</3/0/0>;pmin=10;pmax=60");
}

TEST_F(BareDevice, NotifiesWhatChanged) {
  registered();
  EXPECT_TRUE(observe("/33000/0/2").observe.has_value());
  probes.set<&Probe::temperature>(0, 21.5);
  engine.step(now);
  const Seen notification = take();
  EXPECT_TRUE(notification.observe.has_value());
  EXPECT_EQ(notification.payload, "\xC4\x02\x41\xAC" + std::string(2, '\0'));
  reset(notification);
  probes.set<&Probe::temperature>(0, 22.5);
  engine.step(now);
  EXPECT_TRUE(wire.out.empty());
}

TEST_F(BareDevice, RefusesWhatItWasBuiltWithout) {
  registered();
  EXPECT_EQ(ask(Code::kPut, "/33000/0/2", {.query = {"gt=25"}}).code, Code::kBadRequest);
  EXPECT_EQ(ask(Code::kPut, "/33000/0/1", {.format = kTlv, .block1 = 8, .payload = "\xC1\x01"}).code,
            Code::kBadOption);
  EXPECT_EQ(ask(Code::kFetch, "/", {.format = kTlv}).code, Code::kMethodNotAllowed);
  EXPECT_EQ(ask(Code::kIPatch, "/", {.format = kTlv}).code, Code::kMethodNotAllowed);
}

TEST_F(BareDevice, AnswersANotificationByAReset) {
  registered();
  std::array<std::uint8_t, 64> buffer{};
  coap::MessageWriter writer(buffer, Type::kConfirmable, Code::kContent, coap::MessageId{0x77},
                             coap::Token());
  writer.option(OptionNumber::kObserve, 5U);
  deliver(ByteView(buffer).first(writer.finish().value()));
  EXPECT_EQ(take().type, Type::kReset);
}

TEST(BareRollback, Takes_no_object_whose_memory_is_not_what_it_holds) {
  SecurityObject<2> security;
  ProbeObject probes;  // a std::string is among it
  std::array<Object*, 2> objects{&security, &probes};
  const ObjectTree tree(objects);
  std::array<std::uint8_t, 2048> buffer{};
  security.add(0)->short_server_id = 5;
  probes.add(0);
  Rollback rollback(buffer);
  EXPECT_TRUE(rollback.keep(tree, Path(0)).has_value());
  EXPECT_EQ(rollback.keep(tree, Path(33000)).error().code, Errc::kNoSpace);
  security.get(0)->short_server_id = 6;
  rollback.undo(tree);
  EXPECT_EQ(security.get(0)->short_server_id, 5);
}

TEST(BareCbor, Bignums_and_bigfloats_are_of_a_wrong_type_and_decimal_fractions_are_not) {
  const auto decode = [](std::string_view bytes) {
    std::array<std::uint8_t, 64> scratch{};
    double seen = 0;
    const auto done = lwm2m::kCborCodec.decode(
        Path(3, 0, 1), as_bytes(bytes), [](const Path&) { return lwm2m::DataType::kFloat; }, scratch,
        [&](const lwm2m::Record& record) -> Result<void> {
          seen = record.value.as_float();
          return {};
        });
    return done ? Result<double>(seen) : std::unexpected(done.error());
  };
  EXPECT_EQ(decode("\xC4\x82\x20\x18\xEA").value_or(0), 23.4);
  for (const std::string_view bytes :
       {"\xC2\x41\x05", "\xC3\x41\x05", "\xC5\x82\x01\x03", "\xC4\x82\x20\xC2\x41\x05"})
    EXPECT_EQ(decode(bytes).error(), (Error{Errc::kWrongType, 0x80}));
}

}  // namespace
}  // namespace linnet::client::test
