// SPDX-License-Identifier: Apache-2.0
// Shows: OP-1, OP-8
// The bootstrap server against TS 6.4.2 and table 6.7-1.
#include "linnet/server/bootstrap_payload.hpp"
#include "tests/unit/server/bootstrap_fixture.hpp"

namespace linnet::server::test {
namespace {

using coap::Code;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Ending = BootstrapResult::Ending;
using lwm2m::Value;

TEST_F(BootstrapTest, a_request_is_answered_and_then_deletes_writes_and_finish_follow_one_by_one) {
  give(simple_configuration());
  EXPECT_EQ(ask(0, {"ep=urn:dev:1", "pct=112"}), Code::kChanged);
  EXPECT_THAT(links.sent[0], IsEmpty()) << "nothing leaves before the answer";
  engine->step(now);
  for (const char* what : {"DELETE /0", "DELETE /1", "PUT /0/1", "PUT /1/0", "POST /bs"}) {
    ASSERT_EQ(links.sent[0].size(), 1U) << "one outstanding before " << what;
    answer_next(0);
    EXPECT_EQ(seen_by[0].back().what, what);
    EXPECT_EQ(listener.results.size(), std::string_view(what) == "POST /bs" ? 1U : 0U);
    engine->step(now);
  }
  EXPECT_THAT(links.sent[0], IsEmpty());
  EXPECT_THAT(listener.events, ElementsAre("started urn:dev:1 fleet"));
  const BootstrapResult& result = listener.results.at(0);
  EXPECT_TRUE(result.success());
  EXPECT_EQ(result.endpoint, "urn:dev:1");
  EXPECT_EQ(result.configuration, "fleet");
  EXPECT_EQ(result.written, 2);
  EXPECT_TRUE(seen_by[0].back().payload.empty());
  EXPECT_FALSE(seen_by[0].back().format);
  EXPECT_EQ(engine->statistics().finished, 1U);
  EXPECT_EQ(engine->statistics().sessions, 0U);
}

TEST_F(BootstrapTest, writes_are_in_the_format_that_pct_asks_for_and_in_tlv_without_it) {
  give(simple_configuration());
  const std::vector<std::pair<std::string, std::uint32_t>> cases{
      {"pct=112", 112}, {"pct=110", 110}, {"pct=11542", 11542}, {"pct=1542", 1542}, {"", 11542}};
  std::uint32_t link = 0;
  for (const auto& [pct, format] : cases) {
    std::vector<std::string> query{"ep=urn:dev:" + std::to_string(link)};
    if (!pct.empty()) query.push_back(pct);
    ASSERT_EQ(ask(link, query), Code::kChanged) << pct;
    answer_all(link);
    ASSERT_EQ(asked(link).size(), 5U) << pct;
    EXPECT_EQ(seen_by[link][2].format, format) << pct;
    EXPECT_EQ(seen_by[link][3].format, format) << pct;
    ++link;
  }
}

TEST_F(BootstrapTest, the_server_instance_in_tlv_is_these_bytes) {
  give(simple_configuration());
  ASSERT_EQ(ask(0, {"ep=urn:dev:1"}), Code::kChanged);
  answer_all(0);
  // Short Server ID 101, Lifetime 300, Notification Storing true, Binding "U".
  EXPECT_EQ(seen_by[0].at(3).payload,
            (Bytes{0xC1, 0x00, 0x65, 0xC2, 0x01, 0x01, 0x2C, 0xC1, 0x06, 0x01, 0xC1, 0x07, 'U'}));
}

TEST_F(BootstrapTest, the_endpoint_name_stands_for_its_variable) {
  auto configuration = simple_configuration();
  configuration.writes[0] = security_account("/0/1", "coap://{endpoint}.example:5683", 101);
  give(configuration);
  ASSERT_EQ(ask(0, {"ep=urn:7", "pct=110"}), Code::kChanged);
  answer_all(0);
  const std::string payload(seen_by[0].at(2).payload.begin(), seen_by[0].at(2).payload.end());
  EXPECT_NE(payload.find("coap://urn:7.example:5683"), std::string::npos) << payload;
}

struct RefusedRequest {
  const char* name;
  std::vector<std::string> query;
  Code code;
};
class RefusedRequests : public BootstrapTest, public testing::WithParamInterface<RefusedRequest> {};

TEST_P(RefusedRequests, have_the_code_of_the_table) {
  give(simple_configuration());
  EXPECT_EQ(ask(0, GetParam().query), GetParam().code);
  answer_all(0);
  EXPECT_THAT(asked(), IsEmpty());
  EXPECT_EQ(engine->statistics().refused, 1U);
  EXPECT_EQ(engine->statistics().started, 0U);
}
INSTANTIATE_TEST_SUITE_P(
    Table_6_7_1, RefusedRequests,
    testing::Values(
        RefusedRequest{"NoEndpoint", {}, Code::kBadRequest},
        RefusedRequest{"EmptyEndpoint", {"ep="}, Code::kBadRequest},
        RefusedRequest{"TwoEndpoints", {"ep=urn:1", "ep=urn:2"}, Code::kBadRequest},
        RefusedRequest{"EndpointIsNoText", {"ep=urn:\xFF"}, Code::kBadRequest},
        RefusedRequest{"UnknownEndpoint", {"ep=imei:1"}, Code::kBadRequest},
        RefusedRequest{"FormatIsNoNumber", {"ep=urn:1", "pct=tlv"}, Code::kBadRequest},
        RefusedRequest{"FormatIsEmpty", {"ep=urn:1", "pct="}, Code::kBadRequest},
        RefusedRequest{"TwoFormats", {"ep=urn:1", "pct=112", "pct=110"}, Code::kBadRequest},
        RefusedRequest{"FormatOfOneValue", {"ep=urn:1", "pct=0"}, Code::kUnsupportedContentFormat},
        RefusedRequest{"UnknownFormat", {"ep=urn:1", "pct=65000"}, Code::kUnsupportedContentFormat}),
    [](const auto& row) { return row.param.name; });

TEST_F(BootstrapTest, other_paths_and_methods_have_nothing) {
  Request request;
  request.path = {"rd"};
  EXPECT_EQ(code_of(send(0, request)), Code::kNotFound);
  request.path = {"bs", "1"};
  EXPECT_EQ(code_of(send(0, request)), Code::kNotFound);
  request.path = {"bs"};
  request.code = Code::kGet;
  EXPECT_EQ(code_of(send(0, request)), Code::kMethodNotAllowed);
  request.path = {".well-known", "core"};
  EXPECT_EQ(code_of(send(0, request)), Code::kContent);
}

// TS 5.2.6: a name is recommended, not mandated, where the security layer gives one.
TEST_F(BootstrapTest, the_name_that_a_link_proved_stands_for_one_that_is_not_given) {
  give(simple_configuration());
  listener.proved = "urn:1";
  EXPECT_EQ(ask(0, {"pct=112"}), Code::kChanged);
  EXPECT_THAT(listener.events, ElementsAre("started urn:1 fleet"));
}

/// Says whose certificate it gives.
class Clerk final : public EnrollmentAuthority {
 public:
  EnrollmentAnswer certificates(CertificateForm /*form*/) override {
    return std::vector<std::uint8_t>(2000, 7);
  }
  EnrollmentAnswer enroll(const EnrollmentRequest& request) override {
    return std::vector<std::uint8_t>(request.endpoint.begin(), request.endpoint.end());
  }
};

// RFC 9148 §4.1, §5: links, block-wise answers, and a certificate for the name that the link proved alone.
// Shows: SE-4
TEST_F(BootstrapTest, devices_enrol_where_there_is_an_authority) {
  Request request;
  request.path = {".well-known", "est", "crts"};
  request.code = Code::kGet;
  EXPECT_EQ(code_of(send(0, request)), Code::kNotFound);
  Clerk clerk;
  engine->enroll_with(clerk);
  Bytes bytes = send(0, request);
  auto message = *coap::Message::decode(bytes);
  EXPECT_EQ(message.code(), Code::kContent);
  EXPECT_EQ(look(message).format, 281U);
  EXPECT_EQ(message.payload().size(), 1024U) << "the first block";
  request.path = {".well-known", "core"};
  bytes = send(0, request);
  message = *coap::Message::decode(bytes);
  EXPECT_THAT(std::string(as_text(message.payload())),
              testing::StartsWith("</bs>,</est/crts>;rt=\"ace.est.crts\""));
  request.path = {"est", "sen"};
  request.code = Code::kPost;
  request.format = kPkcs10Format;
  request.payload = "a request";
  EXPECT_EQ(code_of(send(0, request)), Code::kUnauthorized);
  listener.proved = "urn:1";
  bytes = send(0, request);
  message = *coap::Message::decode(bytes);
  EXPECT_EQ(message.code(), Code::kChanged);
  EXPECT_EQ(as_text(message.payload()), "urn:1");
  EXPECT_EQ(engine->statistics().enrolled, 1U);
  EXPECT_EQ(engine->statistics().not_enrolled, 1U);
}

/// Keeps what it is given.
class Desk final : public EnrollmentWorker {
 public:
  bool take(coap::DeferredId id, EnrollmentTask&& task) override {
    if (full) return false;
    tasks.emplace_back(id, std::move(task));
    return true;
  }

  bool full = false;
  std::vector<std::pair<coap::DeferredId, EnrollmentTask>> tasks;
};

// An authority that takes its time holds up nothing: the request is acknowledged alone, and answered later.
// Shows: SE-4
TEST_F(BootstrapTest, a_certificate_that_takes_its_time_is_a_separate_response) {
  Clerk clerk;
  Desk desk;
  engine->enroll_with(clerk, &desk);
  listener.proved = "urn:1";
  Request request;
  request.path = {"est", "sren"};
  request.code = Code::kPost;
  request.format = kPkcs10Format;
  request.payload = "a request";
  EXPECT_TRUE(send(0, request).empty());
  ASSERT_EQ(desk.tasks.size(), 1U);
  const EnrollmentTask& task = desk.tasks.front().second;
  EXPECT_EQ(task.kind, EnrollmentTask::Kind::kRenew);
  EXPECT_EQ(task.endpoint, "urn:1");
  EXPECT_EQ(as_text(task.request), "a request");
  EXPECT_EQ(engine->statistics().enrolled, 0U);

  const auto told = [&](std::size_t index, EnrollmentAnswer what) {
    engine->enrolled(desk.tasks[index].first, desk.tasks[index].second, std::move(what), now);
    Bytes bytes = links.sent[0].empty() ? Bytes{} : links.sent[0].front();
    links.sent[0].clear();
    return bytes;
  };
  const std::vector<std::uint8_t> certificate{1, 2, 3};
  const Bytes given = told(0, certificate);
  EXPECT_EQ(code_of(given), Code::kChanged);
  EXPECT_TRUE(std::ranges::equal(coap::Message::decode(given)->payload(), certificate));
  EXPECT_EQ(engine->statistics().enrolled, 1U);
  EXPECT_TRUE(told(0, certificate).empty()) << "it has been answered";

  EXPECT_TRUE(send(0, request).empty());
  const Bytes later =
      told(1, std::unexpected(EnrollmentFailure(
                  Error{Errc::kIo, static_cast<std::uint8_t>(Code::kServiceUnavailable)}, 7)));
  EXPECT_EQ(code_of(later), Code::kServiceUnavailable);
  EXPECT_EQ(coap::Message::decode(later)->options().find(coap::OptionNumber::kMaxAge)->uint(), 7U);
  EXPECT_EQ(engine->statistics().not_enrolled, 1U);

  EXPECT_TRUE(send(0, request).empty());
  EXPECT_EQ(code_of(told(2, std::vector<std::uint8_t>(kMaxBootstrapPayload + 1))),
            Code::kInternalServerError);
  desk.full = true;
  EXPECT_EQ(code_of(send(0, request)), Code::kServiceUnavailable);
}

TEST_F(BootstrapTest, an_unknown_device_is_told_to_the_listener) {
  give(simple_configuration());
  ask(0, {"ep=imei:1"});
  EXPECT_THAT(listener.events, ElementsAre("unknown imei:1"));
}

/// One step of a session that the device answers in its own way, and what the session makes of it.
struct StepOutcome {
  const char* name;
  const char* what;
  Code code;
  bool goes_on;
};
class StepOutcomes : public BootstrapTest, public testing::WithParamInterface<StepOutcome> {};

TEST_P(StepOutcomes, end_the_session_only_where_it_cannot_do_without) {
  auto configuration = simple_configuration();
  configuration.discover = {path_of("/")};
  configuration.read = {path_of("/2")};
  give(configuration);
  answer = [](const Seen& seen) {
    return seen.what == GetParam().what ? Answer{GetParam().code, {}, ""} : obey(seen);
  };
  ASSERT_EQ(ask(0, {"ep=urn:1", "pct=112"}), Code::kChanged);
  answer_all(0);
  ASSERT_EQ(listener.results.size(), 1U);
  const BootstrapResult& result = listener.results[0];
  EXPECT_EQ(result.success(), GetParam().goes_on);
  if (GetParam().goes_on) {
    EXPECT_EQ(asked().back(), "POST /bs");
    const bool noted = std::ranges::any_of(
        result.answers, [](const BootstrapAnswer& given) { return given.code == GetParam().code; });
    EXPECT_TRUE(noted) << "what was refused is kept";
  } else {
    EXPECT_EQ(asked().back(), GetParam().what) << "nothing is sent behind it";
    EXPECT_EQ(result.ending, Ending::kRefused);
    EXPECT_EQ(result.code, GetParam().code);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Table_6_7_1, StepOutcomes,
    testing::Values(StepOutcome{"DiscoverBadRequest", "GET /", Code::kBadRequest, true},
                    StepOutcome{"DiscoverNotFound", "GET /", Code::kNotFound, true},
                    StepOutcome{"ReadBadRequest", "GET /2", Code::kBadRequest, true},
                    StepOutcome{"ReadUnauthorized", "GET /2", Code::kUnauthorized, true},
                    StepOutcome{"ReadNotFound", "GET /2", Code::kNotFound, true},
                    StepOutcome{"ReadNotAllowed", "GET /2", Code::kMethodNotAllowed, true},
                    StepOutcome{"ReadNotAcceptable", "GET /2", Code::kNotAcceptable, true},
                    StepOutcome{"DeleteBadRequest", "DELETE /1", Code::kBadRequest, true},
                    StepOutcome{"WriteBadRequest", "PUT /0/1", Code::kBadRequest, false},
                    StepOutcome{"WriteUnsupportedFormat", "PUT /0/1", Code::kUnsupportedContentFormat, false},
                    StepOutcome{"WriteFailed", "PUT /1/0", Code::kInternalServerError, false},
                    StepOutcome{"FinishBadRequest", "POST /bs", Code::kBadRequest, false},
                    StepOutcome{"FinishInconsistent", "POST /bs", Code::kNotAcceptable, false}),
    [](const auto& row) { return row.param.name; });

// --- Accounts to be forgotten (TS 5.2.5) -------------------------------------------------------------------

class Unbootstrapping : public BootstrapTest {
 protected:
  /// The session of a device that shows this of object 0.
  const BootstrapResult& forget(const std::vector<lwm2m::ShortServerId>& servers, std::string shown) {
    configuration.deletions.clear();
    configuration.unbootstrap = servers;
    give(configuration);
    return run(std::move(shown));
  }
  const BootstrapResult& run(std::string shown) {
    answer = [this, all = std::move(shown)](const Seen& seen) {
      if (seen.what == refused) return Answer{Code::kBadRequest, {}, ""};
      return seen.what.starts_with("GET") ? Answer{Code::kContent, 40, all} : obey(seen);
    };
    EXPECT_EQ(ask(0, {"ep=urn:1", "pct=112"}), Code::kChanged);
    answer_all(0);
    return listener.results.at(0);
  }

  BootstrapConfiguration configuration = [] {
    auto made = simple_configuration();
    made.writes.clear();
    return made;
  }();
  std::string refused;
};

// Shows: SE-12
TEST_F(Unbootstrapping, instances_are_found_by_their_short_server_ids_and_deleted) {
  const auto& result = forget({102, 7},
                              "</0/0>,</0/3>;ssid=101,</0/9>;ssid=102,</0/10>;ssid=1020,"
                              "</0/11>;ssid=102,</0/12>;ssid=x,</1/7>;ssid=7");
  EXPECT_THAT(asked(), ElementsAre("GET /0", "DELETE /0/9", "DELETE /0/11", "POST /bs"));
  EXPECT_EQ(seen_by[0][0].accept, 40U);
  EXPECT_TRUE(result.success());
  ASSERT_EQ(result.answers.size(), 3U);
  EXPECT_EQ(result.answers[1].step, (BootstrapStep{BootstrapVerb::kDelete, path_of("/0/9")}));
  EXPECT_EQ(result.answers[1].code, Code::kDeleted);
}

TEST_F(Unbootstrapping, what_is_not_there_is_no_fault) {
  EXPECT_TRUE(forget({102}, "</0/0>,</0/3>;ssid=101").success());
  EXPECT_THAT(asked(), ElementsAre("GET /0", "POST /bs"));
}

TEST_F(Unbootstrapping, a_discover_of_everything_is_not_asked_again_and_deletions_come_first) {
  configuration.discover = {path_of("/")};
  configuration.deletions = {path_of("/2"), path_of("/0/9")};
  configuration.unbootstrap = {102};
  give(configuration);
  run("</>;lwm2m=1.1,</0/0>,</0/8>;ssid=102,</0/9>;ssid=102,</1/0>;ssid=102,</3/0>");
  EXPECT_THAT(asked(), ElementsAre("GET /", "DELETE /2", "DELETE /0/9", "DELETE /0/8", "POST /bs"));
}

TEST_F(Unbootstrapping, a_device_that_does_not_show_its_accounts_ends_the_session) {
  refused = "GET /0";
  const auto& result = forget({102}, "");
  EXPECT_EQ(result.ending, Ending::kRefused);
  EXPECT_EQ(result.step, (BootstrapStep{BootstrapVerb::kDiscover, path_of("/0")}));
  EXPECT_THAT(asked(), ElementsAre("GET /0"));
}

TEST_F(Unbootstrapping, a_device_that_keeps_an_account_ends_the_session) {
  refused = "DELETE /0/9";
  const auto& result = forget({102}, "</0/0>,</0/9>;ssid=102");
  EXPECT_EQ(result.ending, Ending::kRefused);
  EXPECT_EQ(result.step, (BootstrapStep{BootstrapVerb::kDelete, path_of("/0/9")}));
}

TEST_F(Unbootstrapping, what_may_go_with_an_account_is_written_whatever_the_device_showed) {
  configuration.read = {path_of("/1")};
  configuration.writes = {security_account("/0/9", "coap://192.0.2.1:5683", 102),
                          server_instance("/1/0", 102)};
  configuration.deletions.clear();
  configuration.unbootstrap = {102};
  give(configuration);
  std::array<std::uint8_t, 256> tlv{};
  const auto size =
      encode_write(configuration.writes[1], path_of("/1"), "urn:1", lwm2m::ContentFormat::kTlv, tlv);
  ASSERT_TRUE(size);
  answer = [&](const Seen& seen) {
    if (seen.what == "GET /0") return Answer{Code::kContent, 40, "</0/0>,</0/3>;ssid=102"};
    if (seen.what == "GET /1")
      return Answer{Code::kContent, 11542, std::string(as_text(ByteView(tlv).first(*size)))};
    return obey(seen);
  };
  ask(0, {"ep=urn:1", "pct=112"});
  answer_all(0);
  EXPECT_THAT(asked(), ElementsAre("GET /0", "GET /1", "DELETE /0/3", "PUT /0/9", "PUT /1/0", "POST /bs"));
}

TEST_F(BootstrapTest, a_refused_format_is_tried_again_in_the_others) {
  give(simple_configuration());
  answer = [](const Seen& seen) {
    if (seen.what.starts_with("PUT") && seen.format != 110U)
      return Answer{Code::kUnsupportedContentFormat, {}, ""};
    return obey(seen);
  };
  ASSERT_EQ(ask(0, {"ep=urn:1"}), Code::kChanged);
  answer_all(0);
  EXPECT_THAT(asked(), ElementsAre("DELETE /0", "DELETE /1", "PUT /0/1", "PUT /0/1", "PUT /0/1", "PUT /1/0",
                                   "POST /bs"));
  EXPECT_EQ(seen_by[0][2].format, 11542U);
  EXPECT_EQ(seen_by[0][3].format, 112U);
  EXPECT_EQ(seen_by[0][4].format, 110U);
  EXPECT_TRUE(listener.results.at(0).success());
}

TEST_F(BootstrapTest, a_device_that_says_nothing_fails_its_session) {
  give(simple_configuration());
  ASSERT_EQ(ask(0, {"ep=urn:1"}), Code::kChanged);
  advance(Seconds{61});
  ASSERT_EQ(listener.results.size(), 0U);
  advance(Seconds{33});
  ASSERT_EQ(listener.results.size(), 1U);
  EXPECT_EQ(listener.results[0].ending, Ending::kFailed);
  EXPECT_EQ(listener.results[0].failure, Errc::kTimeout);
  EXPECT_EQ(listener.results[0].step, (BootstrapStep{BootstrapVerb::kDelete, path_of("/0")}));
  EXPECT_EQ(links.sent[0].size(), 5U) << "one request and four retransmissions";
}

TEST_F(BootstrapTest, a_device_that_acknowledges_and_says_no_more_fails_its_session) {
  give(simple_configuration());
  ASSERT_EQ(ask(0, {"ep=urn:1"}), Code::kChanged);
  engine->step(now);
  const Bytes acknowledgement{0x60, 0x00, links.sent[0].front()[2], links.sent[0].front()[3]};
  engine->receive(coap::LinkId{0}, acknowledgement, now);
  advance(Seconds{119});
  EXPECT_EQ(listener.results.size(), 0U);
  advance(Seconds{2});
  ASSERT_EQ(listener.results.size(), 1U);
  EXPECT_EQ(listener.results[0].failure, Errc::kTimeout);
}

TEST_F(BootstrapTest, a_device_that_resets_fails_its_session) {
  give(simple_configuration());
  ASSERT_EQ(ask(0, {"ep=urn:1"}), Code::kChanged);
  engine->step(now);
  const Bytes reset{0x70, 0x00, links.sent[0].front()[2], links.sent[0].front()[3]};
  engine->receive(coap::LinkId{0}, reset, now);
  engine->step(now);
  ASSERT_EQ(listener.results.size(), 1U);
  EXPECT_EQ(listener.results[0].failure, Errc::kReset);
}

TEST_F(BootstrapTest, a_retransmitted_request_starts_nothing_again) {
  give(simple_configuration());
  ASSERT_EQ(ask(0, {"ep=urn:1"}, 77), Code::kChanged);
  engine->step(now);
  answer_next(0);
  EXPECT_EQ(ask(0, {"ep=urn:1"}, 77), Code::kChanged) << "the same answer";
  EXPECT_EQ(listener.events.size(), 1U);
  EXPECT_EQ(engine->statistics().started, 1U);
}

TEST_F(BootstrapTest, a_new_request_of_the_same_endpoint_replaces_its_session) {
  give(simple_configuration());
  ASSERT_EQ(ask(0, {"ep=urn:1"}), Code::kChanged);
  engine->step(now);
  answer_next(0);
  engine->step(now);
  const Bytes old = links.sent[0].front();
  // The device has a new address.
  ASSERT_EQ(ask(1, {"ep=urn:1"}), Code::kChanged);
  answer_all(1);
  EXPECT_THAT(asked(1), ElementsAre("DELETE /0", "DELETE /1", "PUT /0/1", "PUT /1/0", "POST /bs"));
  EXPECT_EQ(listener.results.size(), 1U) << "the first one has no result";
  EXPECT_EQ(engine->statistics().replaced, 1U);
  // What comes for the first one belongs to nothing.
  links.sent[0] = {old};
  answer_next(0);
  engine->step(now);
  EXPECT_EQ(listener.results.size(), 1U);
}

TEST_F(BootstrapTest, devices_beyond_the_bound_are_told_when_to_come_again) {
  give(simple_configuration());
  for (std::uint32_t link = 0; link < 4; ++link) {
    ASSERT_EQ(ask(link, {"ep=urn:" + std::to_string(link)}), Code::kChanged);
  }
  Request request;
  request.path = {"bs"};
  request.query = {"ep=urn:4"};
  const Bytes answer_bytes = send(4, request);
  const auto message = coap::Message::decode(answer_bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->code(), Code::kServiceUnavailable);
  EXPECT_EQ(message->options().find_uint(coap::OptionNumber::kMaxAge), 30U);
  answer_all(0);
  EXPECT_EQ(ask(4, {"ep=urn:4"}), Code::kChanged) << "there is room again";
}

TEST_F(BootstrapTest, the_nearest_configuration_is_chosen) {
  auto all = simple_configuration();
  all.name = "all";
  all.endpoints = {"*"};
  auto one = simple_configuration();
  one.name = "one";
  one.endpoints = {"urn:dev:1", "urn:dev:2"};
  give(simple_configuration());
  give(all);
  give(one);
  ask(0, {"ep=urn:dev:1"});
  ask(1, {"ep=urn:dev:10"});
  ask(2, {"ep=imei:1"});
  EXPECT_THAT(listener.events,
              ElementsAre("started urn:dev:1 one", "started urn:dev:10 fleet", "started imei:1 all"));
  auto rival = simple_configuration();
  rival.name = "rival";
  rival.endpoints = {"imei:*", "urn:dev:2"};
  EXPECT_EQ(engine->configurations().conflict(rival), "one");
  EXPECT_TRUE(engine->configurations().remove("one"));
  EXPECT_FALSE(engine->configurations().conflict(rival));
  EXPECT_EQ(engine->configurations().choose("urn:dev:1")->name, "fleet");
}

TEST_F(BootstrapTest, a_session_keeps_the_configuration_that_it_began_with) {
  give(simple_configuration());
  ASSERT_EQ(ask(0, {"ep=urn:1"}), Code::kChanged);
  engine->configurations().remove("fleet");
  answer_all(0);
  EXPECT_EQ(asked().size(), 5U);
  EXPECT_TRUE(listener.results.at(0).success());
  EXPECT_EQ(ask(0, {"ep=urn:1"}), Code::kBadRequest);
}

TEST_F(BootstrapTest, an_account_keeps_clear_of_the_bootstrap_account_that_discover_shows) {
  auto configuration = simple_configuration();
  configuration.discover = {path_of("/0")};
  give(configuration);
  answer = [](const Seen& seen) {
    if (seen.what == "GET /0") {
      return Answer{Code::kContent, 40,
                    R"(</>;lwm2m=1.1,</0/0>;ssid=7;uri="coap://a",</0/1>;uri="coap://bs")"};
    }
    return obey(seen);
  };
  ASSERT_EQ(ask(0, {"ep=urn:1", "pct=112"}), Code::kChanged);
  answer_all(0);
  EXPECT_THAT(asked(), ElementsAre("GET /0", "DELETE /0", "DELETE /1", "PUT /0/2", "PUT /1/0", "POST /bs"));
  EXPECT_EQ(seen_by[0][0].accept, 40U);
  ASSERT_EQ(listener.results.at(0).answers.size(), 1U);
  EXPECT_EQ(listener.results[0].answers[0].payload.size(), 65U);
}

TEST_F(BootstrapTest, discover_of_1_0_is_understood) {
  auto configuration = simple_configuration();
  configuration.discover = {path_of("/")};
  give(configuration);
  answer = [](const Seen& seen) {
    if (seen.what == "GET /")
      return Answer{Code::kContent, 40, R"(lwm2m="1.0",</0/1>,</0/0>;ssid=7,</1/0>,</3/0>)"};
    return obey(seen);
  };
  ASSERT_EQ(ask(0, {"ep=urn:1"}), Code::kChanged);
  answer_all(0);
  EXPECT_EQ(asked().at(3), "PUT /0/2");
}

/// Access control that the configuration writes and the device may have.
BootstrapConfiguration incremental() {
  BootstrapConfiguration configuration;
  configuration.name = "rights";
  configuration.endpoints = {"*"};
  configuration.read = {path_of("/2")};
  configuration.writes = {
      writing("/2/0", {{"0", Value::integer(3)},
                       {"1", Value::integer(0)},
                       {"2/101", Value::integer(15)},
                       {"3", Value::integer(101)}}),
      writing("/2/1", {{"0", Value::integer(4)}, {"1", Value::integer(0)}, {"3", Value::integer(101)}})};
  return configuration;
}

std::string rights(const char* list) {
  return R"([{"bn":"/2/0/","n":"0","v":3},{"n":"1","v":0},)" + std::string(list) + R"({"n":"3","v":101}])";
}

TEST_F(BootstrapTest, what_a_read_shows_to_be_there_is_not_written_again) {
  give(incremental());
  answer = [](const Seen& seen) {
    if (seen.what == "GET /2") return Answer{Code::kContent, 110, rights(R"({"n":"2/101","v":15},)")};
    return obey(seen);
  };
  ASSERT_EQ(ask(0, {"ep=urn:1", "pct=110"}), Code::kChanged);
  answer_all(0);
  EXPECT_THAT(asked(), ElementsAre("GET /2", "PUT /2/1", "POST /bs"));
  EXPECT_EQ(seen_by[0][0].accept, 110U);
  EXPECT_EQ(listener.results.at(0).unchanged, 1);
  EXPECT_EQ(listener.results[0].written, 1);
}

TEST_F(BootstrapTest, what_a_read_shows_to_differ_is_written) {
  give(incremental());
  // Another value, one less, and one more: the last would leave a server rights that it must not have.
  for (const char* list : {R"({"n":"2/101","v":1},)", "", R"({"n":"2/101","v":15},{"n":"2/102","v":31},)"}) {
    seen_by.clear();
    answer = [&](const Seen& seen) {
      return seen.what == "GET /2" ? Answer{Code::kContent, 110, rights(list)} : obey(seen);
    };
    ASSERT_EQ(ask(0, {"ep=urn:1", "pct=110"}), Code::kChanged);
    answer_all(0);
    EXPECT_THAT(asked(), ElementsAre("GET /2", "PUT /2/0", "PUT /2/1", "POST /bs")) << list;
  }
}

TEST_F(BootstrapTest, what_is_deleted_is_written_though_a_read_showed_it) {
  auto configuration = incremental();
  configuration.deletions = {path_of("/2")};
  give(configuration);
  answer = [](const Seen& seen) {
    if (seen.what == "GET /2") return Answer{Code::kContent, 110, rights(R"({"n":"2/101","v":15},)")};
    return obey(seen);
  };
  ASSERT_EQ(ask(0, {"ep=urn:1", "pct=110"}), Code::kChanged);
  answer_all(0);
  EXPECT_THAT(asked(), ElementsAre("GET /2", "DELETE /2", "PUT /2/0", "PUT /2/1", "POST /bs"));
}

TEST_F(BootstrapTest, a_read_in_a_refused_format_is_tried_again_in_the_others) {
  give(incremental());
  answer = [](const Seen& seen) {
    if (seen.what == "GET /2" && seen.accept != 11542U) return Answer{Code::kNotAcceptable, {}, ""};
    return obey(seen);
  };
  ASSERT_EQ(ask(0, {"ep=urn:1", "pct=110"}), Code::kChanged);
  answer_all(0);
  EXPECT_EQ(seen_by[0].at(0).accept, 110U);
  EXPECT_EQ(seen_by[0].at(1).accept, 112U);
  EXPECT_EQ(seen_by[0].at(2).accept, 11542U);
  EXPECT_TRUE(listener.results.at(0).success());
}

TEST_F(BootstrapTest, a_link_that_is_gone_fails_its_sessions) {
  give(simple_configuration());
  ASSERT_EQ(ask(0, {"ep=urn:1"}), Code::kChanged);
  ASSERT_EQ(ask(0, {"ep=urn:2"}), Code::kChanged);
  ASSERT_EQ(ask(1, {"ep=urn:3"}), Code::kChanged);
  engine->step(now);
  EXPECT_FALSE(engine->idle(coap::LinkId{0}, now));
  engine->drop(coap::LinkId{0}, now);
  engine->step(now);
  ASSERT_EQ(listener.results.size(), 2U);
  EXPECT_EQ(listener.results[0].failure, Errc::kClosed);
  EXPECT_EQ(engine->statistics().sessions, 1U);
}

TEST_F(BootstrapTest, a_large_write_goes_in_blocks) {
  auto configuration = simple_configuration();
  configuration.endpoints = {"urn:1"};
  const Bytes key(3000, 0x5A);
  auto& account = configuration.writes[0];
  account.records[0].value = OwnedValue(Value::string("coaps://192.0.2.1"));
  account.records[2].value = OwnedValue(Value::integer(2));
  for (std::size_t i = 3; i < 6; ++i) account.records[i].value = OwnedValue(Value::opaque(key));
  give(configuration);
  answer = [](const Seen& seen) { return obey(seen); };
  ASSERT_EQ(ask(0, {"ep=urn:1", "pct=112"}), Code::kChanged);
  engine->step(now);
  answer_next(0);
  engine->step(now);
  answer_next(0);
  engine->step(now);
  ASSERT_FALSE(links.sent[0].empty());
  const auto first = coap::Message::decode(links.sent[0].front());
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->options().find_uint(coap::OptionNumber::kBlock1));
  EXPECT_EQ(first->payload().size(), 1024U);
}

}  // namespace
}  // namespace linnet::server::test
