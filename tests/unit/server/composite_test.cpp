// SPDX-License-Identifier: Apache-2.0
// Read-, Write- and Observe-Composite and Cancel: TS tables 6.4.4-1, 6.4.5-1, 6.7-3 and 6.7-4.
// Shows: OP-4, OP-5
#include "linnet/server/observation_table.hpp"
#include "linnet/server/path_list.hpp"
#include "tests/unit/server/fixture.hpp"

namespace linnet::server::test {
namespace {

using coap::Code;
using coap::OptionNumber;
using lwm2m::ContentFormat;
using lwm2m::Path;

constexpr std::array kPaths{Path(3, 0, 9), Path(3303), Path(1, 0)};
constexpr std::string_view kNames = R"([{"n":"/3/0/9"},{"n":"/3303"},{"n":"/1/0"}])";

class CompositeTest : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    register_device(0, "node");
  }
  Result<OperationId> perform(OperationKind kind, std::span<const Path> paths = kPaths,
                              std::optional<ContentFormat> format = ContentFormat::kSenmlJson) {
    Operation operation;
    operation.kind = kind;
    operation.paths = paths;
    operation.format = format;
    return engine->perform(id_of("node"), operation, now);
  }
  Result<OperationId> write(const std::string& payload,
                            std::optional<ContentFormat> format = ContentFormat::kSenmlJson) {
    Operation operation;
    operation.kind = OperationKind::kWriteComposite;
    operation.format = format;
    operation.payload = as_bytes(payload);
    return engine->perform(id_of("node"), operation, now);
  }
  void register_with(const std::string& version, const std::string& objects) {
    Request request = registering("node");
    request.query = {"ep=node", "lt=300", "lwm2m=" + version, "b=U"};
    request.payload = objects;
    ASSERT_EQ(code_of(send(0, request)), Code::kCreated);
  }
  static Request values(const std::string& payload, std::optional<std::uint32_t> sequence) {
    Request response;
    response.code = Code::kContent;
    response.format = 110;
    response.observe = sequence;
    response.payload = payload;
    return response;
  }
  /// Observes, accepted with sequence 1; leaves the request in `asked`.
  void observe() {
    ASSERT_TRUE(perform(OperationKind::kObserveComposite));
    asked = received(0);
    answer(0, asked, values("[]", 1));
  }
  Bytes notify(const std::string& payload, std::uint32_t sequence) {
    Request notification = values(payload, sequence);
    notification.token = token_of(asked);
    return send(0, notification);
  }
  static Bytes token_of(const Bytes& datagram) {
    const auto message = coap::Message::decode(datagram);
    return {message->token().bytes().begin(), message->token().bytes().end()};
  }
  static std::optional<std::uint64_t> option(const Bytes& datagram, OptionNumber number) {
    return coap::Message::decode(datagram)->options().find_uint(number);
  }
  static std::string payload_of(const Bytes& datagram) {
    return std::string(as_text(coap::Message::decode(datagram)->payload()));
  }

  static constexpr std::uint8_t kAcknowledgement = 0x60;
  static constexpr std::uint8_t kReset = 0x70;
  Bytes asked;
};

TEST_F(CompositeTest, read_is_a_FETCH_of_the_root_whose_payload_names_the_paths) {
  ASSERT_TRUE(perform(OperationKind::kReadComposite));
  const Bytes request = received(0);
  EXPECT_EQ(code_of(request), Code::kFetch);
  EXPECT_TRUE(options_of(request, OptionNumber::kUriPath).empty());
  EXPECT_EQ(option(request, OptionNumber::kContentFormat), 110U);
  EXPECT_EQ(option(request, OptionNumber::kAccept), 110U);
  EXPECT_FALSE(option(request, OptionNumber::kObserve));
  EXPECT_EQ(payload_of(request), kNames);
  answer(0, request, values(R"([{"n":"/3/0/9","v":80}])", std::nullopt));
  ASSERT_EQ(listener.results.size(), 1U);
  EXPECT_EQ(listener.results[0].kind, OperationKind::kReadComposite);
  EXPECT_EQ(listener.results[0].path, Path());
  EXPECT_EQ(listener.results[0].code, Code::kContent);
  EXPECT_EQ(listener.results[0].format, ContentFormat::kSenmlJson);
  EXPECT_EQ(listener.results[0].payload, bytes_of(R"([{"n":"/3/0/9","v":80}])"));
}

TEST_F(CompositeTest, SenML_CBOR_is_what_a_1_1_device_gets_unless_it_registered_JSON_alone) {
  ASSERT_TRUE(perform(OperationKind::kReadComposite, kPaths, std::nullopt));
  const Bytes request = received(0);
  EXPECT_EQ(option(request, OptionNumber::kContentFormat), 112U);
  EXPECT_EQ(option(request, OptionNumber::kAccept), 112U);
  // [{0: "/3/0/9"}, {0: "/3303"}, {0: "/1/0"}]
  EXPECT_EQ(payload_of(request), std::string("\x83\xA1\x00\x66/3/0/9\xA1\x00\x65/3303\xA1\x00\x64/1/0", 25));
  register_with("1.1", R"(</>;rt="oma.lwm2m";ct="110 11542",</1/0>,</3/0>)");
  ASSERT_TRUE(perform(OperationKind::kReadComposite, kPaths, std::nullopt));
  EXPECT_EQ(option(received(0), OptionNumber::kContentFormat), 110U);
}

TEST_F(CompositeTest, OP_6_the_URI_is_the_alternate_path_and_the_names_are_below_it) {
  register_with("1.1", R"(</lwm2m>;rt="oma.lwm2m";ct="110",</lwm2m/1/0>,</lwm2m/3/0>)");
  ASSERT_TRUE(perform(OperationKind::kReadComposite));
  const Bytes request = received(0);
  EXPECT_EQ(options_of(request, OptionNumber::kUriPath), std::vector<std::string>{"lwm2m"});
  EXPECT_EQ(payload_of(request), kNames);
}

TEST_F(CompositeTest, write_is_an_iPATCH_with_values) {
  const std::string pack = R"([{"n":"/1/0/1","v":300},{"n":"/3/0/15","vs":"CET"}])";
  ASSERT_TRUE(write(pack));
  const Bytes request = received(0);
  EXPECT_EQ(code_of(request), Code::kIPatch);
  EXPECT_TRUE(options_of(request, OptionNumber::kUriPath).empty());
  EXPECT_EQ(option(request, OptionNumber::kContentFormat), 110U);
  EXPECT_FALSE(option(request, OptionNumber::kAccept));
  EXPECT_EQ(payload_of(request), pack);
  Request changed;
  changed.code = Code::kChanged;
  answer(0, request, changed);
  EXPECT_EQ(listener.results.at(0).code, Code::kChanged);
}

TEST_F(CompositeTest, what_cannot_be_is_refused_before_it_is_sent) {
  const auto why = [](const Result<OperationId>& started) { return started.error().code; };
  EXPECT_EQ(why(perform(OperationKind::kReadComposite, {})), Errc::kInvalidArgument);
  EXPECT_EQ(why(perform(OperationKind::kReadComposite, kPaths, ContentFormat::kTlv)), Errc::kInvalidArgument);
  constexpr std::array kRoot{Path()};
  EXPECT_EQ(why(perform(OperationKind::kObserveComposite, kRoot)), Errc::kInvalidArgument);
  const std::vector<Path> many(65, Path(3));
  EXPECT_EQ(why(perform(OperationKind::kReadComposite, many)), Errc::kInvalidArgument);
  EXPECT_EQ(why(write("")), Errc::kInvalidArgument);
  EXPECT_EQ(why(write("[]", ContentFormat::kText)), Errc::kInvalidArgument);
  EXPECT_EQ(why(write("[]", std::nullopt)), Errc::kInvalidArgument);
  Operation with_path;
  with_path.kind = OperationKind::kReadComposite;
  with_path.path = Path(3);
  with_path.paths = kPaths;
  EXPECT_EQ(why(engine->perform(id_of("node"), with_path, now)), Errc::kInvalidArgument);
  EXPECT_TRUE(received(0).empty());
}

TEST_F(CompositeTest, a_device_of_1_0_or_without_SenML_takes_none) {
  register_with("1.0", kObjects);
  EXPECT_EQ(perform(OperationKind::kReadComposite).error().code, Errc::kUnsupported);
  EXPECT_EQ(perform(OperationKind::kObserveComposite).error().code, Errc::kUnsupported);
  EXPECT_EQ(write("[]").error().code, Errc::kUnsupported);
  register_with("1.1", R"(</>;rt="oma.lwm2m";ct="0 11542",</1/0>,</3/0>)");
  EXPECT_EQ(perform(OperationKind::kReadComposite, kPaths, std::nullopt).error().code, Errc::kUnsupported);
  EXPECT_EQ(engine->statistics().observations, 0U);
}

/// Every code of table 6.7-3 and 6.7-4 that a device may give.
TEST_F(CompositeTest, response_codes_of_the_device_are_reported) {
  for (const Code code :
       {Code::kBadRequest, Code::kUnauthorized, Code::kNotFound, Code::kMethodNotAllowed,
        Code::kNotAcceptable, Code::kUnsupportedContentFormat, Code::kInternalServerError}) {
    Request error;
    error.code = code;
    for (const OperationKind kind : {OperationKind::kReadComposite, OperationKind::kObserveComposite}) {
      ASSERT_TRUE(perform(kind));
      answer(0, received(0), error);
      EXPECT_EQ(listener.results.back().code, code);
      EXPECT_FALSE(listener.results.back().observation);
    }
    ASSERT_TRUE(write("[]"));
    answer(0, received(0), error);
    EXPECT_EQ(listener.results.back().code, code);
  }
  EXPECT_EQ(engine->statistics().observations, 0U);
}

TEST_F(CompositeTest, observe_is_a_FETCH_with_Observe_0_and_notifications_carry_all_paths) {
  observe();
  EXPECT_EQ(code_of(asked), Code::kFetch);
  EXPECT_EQ(option(asked, OptionNumber::kObserve), 0U);
  EXPECT_EQ(payload_of(asked), kNames);
  ASSERT_TRUE(listener.results.at(0).observation);
  const std::string pack = R"([{"n":"/3/0/9","v":80},{"n":"/1/0/1","v":300}])";
  EXPECT_EQ(notify(pack, 2).at(0), kAcknowledgement);
  ASSERT_EQ(listener.values.size(), 1U);
  EXPECT_EQ(listener.values[0].path, Path());
  EXPECT_EQ(listener.values[0].paths, std::vector<Path>(kPaths.begin(), kPaths.end()));
  EXPECT_EQ(listener.values[0].payload, bytes_of(pack));
  EXPECT_EQ(engine->find_observation(id_of("node"), Observed(kPaths)), listener.results[0].observation);
  EXPECT_FALSE(engine->find_observation(id_of("node"), Path()));
}

TEST_F(CompositeTest, the_same_paths_are_not_observed_twice_and_another_order_is_another_request) {
  observe();
  EXPECT_EQ(perform(OperationKind::kObserveComposite).error().code, Errc::kExists);
  constexpr std::array kOtherOrder{kPaths[1], kPaths[0], kPaths[2]};
  EXPECT_TRUE(perform(OperationKind::kObserveComposite, kOtherOrder));
}

TEST_F(CompositeTest, cancel_is_the_same_FETCH_with_Observe_1) {
  observe();
  ASSERT_TRUE(perform(OperationKind::kCancelObserveComposite, kPaths, std::nullopt));
  EXPECT_EQ(listener.events.back(), "observation ended: cancelled");
  const Bytes request = received(0);
  EXPECT_EQ(code_of(request), Code::kFetch);
  EXPECT_EQ(option(request, OptionNumber::kObserve), 1U);
  EXPECT_EQ(token_of(request), token_of(asked));
  EXPECT_EQ(option(request, OptionNumber::kContentFormat), 110U);
  EXPECT_EQ(option(request, OptionNumber::kAccept), 110U);
  EXPECT_EQ(payload_of(request), kNames);
  answer(0, request, values("[]", std::nullopt));
  EXPECT_EQ(listener.results.back().kind, OperationKind::kCancelObserveComposite);
  EXPECT_EQ(notify("[]", 3).at(0), kReset);
  EXPECT_EQ(perform(OperationKind::kCancelObserveComposite).error().code, Errc::kNotFound);
}

TEST_F(CompositeTest, a_forgotten_one_is_cancelled_by_a_Reset) {
  observe();
  EXPECT_TRUE(engine->forget_observation(*listener.results.at(0).observation, now));
  EXPECT_EQ(notify("[]", 2).at(0), kReset);
}

TEST_F(CompositeTest, registering_anew_ends_it_and_its_paths_are_told) {
  observe();
  register_device(0, "node");
  EXPECT_EQ(listener.events.at(1), "observation ended: registration");
  EXPECT_EQ(listener.ended_paths, std::vector<Path>(kPaths.begin(), kPaths.end()));
  EXPECT_EQ(engine->statistics().observations, 0U);
}

TEST_F(CompositeTest, TR_8_a_notification_in_blocks_is_fetched_with_a_FETCH) {
  observe();
  Request first = values(std::string(64, 'a'), 2);
  first.token = token_of(asked);
  first.block2 = 0x0A;  // number 0, more, 64 bytes
  Bytes rest = send(0, first);
  if (code_of(rest) != Code::kFetch) rest = received(0);  // beside the acknowledgement
  ASSERT_EQ(code_of(rest), Code::kFetch);
  EXPECT_EQ(option(rest, OptionNumber::kBlock2), 0x12U);
  EXPECT_EQ(option(rest, OptionNumber::kContentFormat), 110U);
  Request last = values("end", std::nullopt);
  last.block2 = 0x12;
  answer(0, rest, last);
  ASSERT_EQ(listener.values.size(), 1U);
  EXPECT_EQ(listener.values[0].payload, bytes_of(std::string(64, 'a') + "end"));
  EXPECT_EQ(listener.values[0].paths.size(), kPaths.size());
}

TEST(PathList, keeps_order_and_depth) {
  constexpr std::array kAll{Path(3, 0, 11, 65534), Path(), Path(3), Path(65534, 1)};
  std::array<std::uint8_t, kMaxPathBytes * kAll.size()> bytes;
  const auto size = encode_paths(kAll, bytes);
  ASSERT_TRUE(size);
  EXPECT_EQ(*size, 9U + 1U + 3U + 5U);
  std::array<Path, 4> read;
  ASSERT_EQ(decode_paths(ByteView(bytes).first(*size), read), 4U);
  EXPECT_EQ(read, kAll);
  EXPECT_EQ(encode_paths(kAll, ByteSpan(bytes).first(17)).error().code, Errc::kNoSpace);
  EXPECT_EQ(decode_paths(ByteView(bytes).first(*size), std::span(read).first(3)).error().code,
            Errc::kNoSpace);
}

TEST(PathList, other_bytes_are_malformed) {
  std::array<Path, 4> read;
  for (const Bytes& bytes :
       {Bytes{5, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1}, Bytes{2, 0, 1, 0}, Bytes{1, 0xFF, 0xFF}, Bytes{1, 0, 3, 9}}) {
    EXPECT_EQ(decode_paths(bytes, read).error().code, Errc::kMalformed);
  }
}

/// A fleet that is observed alike keeps its paths once.
TEST(ObservationTableTest, paths_of_composite_ones_are_shared) {
  EngineConfig config;
  config.max_observations = 1000;
  config.max_string_bytes = 256U << 10U;  // one chunk
  config.max_composite_paths = 32;
  CountingRandom random;
  ObservationTable table;
  table.init(config, random);
  std::vector<Path> paths;
  for (std::uint16_t i = 0; i < 32; ++i) paths.emplace_back(3303, i, 5700, 0);
  std::uint32_t first = ObservationTable::kNone;
  for (std::uint32_t i = 0; i < 1000; ++i) ASSERT_EQ(table.add(i, first, Observed(paths), 110), i);
  EXPECT_EQ(table.add(0, first, Observed(paths), 110), ObservationTable::kNone);
  EXPECT_EQ(table.observed(999).paths.size(), 32U);
  EXPECT_EQ(table.observed(999).paths[31], Path(3303, 31, 5700, 0));
  for (std::uint32_t i = 0; i < 1000; ++i) table.remove(i, first);
  EXPECT_EQ(first, ObservationTable::kNone);
  // The last of them takes the paths away: lists of other paths have room again.
  for (std::uint16_t i = 0; i < 1000; ++i) {
    paths[0] = Path(i);
    const std::uint32_t index = table.add(0, first, Observed(paths), 110);
    ASSERT_NE(index, ObservationTable::kNone);
    EXPECT_EQ(table.observed(index).paths[0], Path(i));
    if (i % 2 != 0) table.remove(index, first);
  }
}

}  // namespace
}  // namespace linnet::server::test
