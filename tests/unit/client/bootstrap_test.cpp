// SPDX-License-Identifier: Apache-2.0
// The bootstrap interface of the device (TS 6.4.2, table 6.7-1, digest §5; ETS 0 and 4 to 9).
// Shows: OP-1, OP-8, SE-12
#include "linnet/client/bootstrap.hpp"

#include "account_fixture.hpp"

namespace linnet::client::test {
namespace {

constexpr std::uint32_t kText = 0, kLinks = 40, kOpaque = 42, kSenmlJson = 110, kSenmlCbor = 112,
                        kTlv = 11542, kUnknown = 4711;

/// A device with a bootstrap account, and without any other unless a test adds one.
class BootstrapTest : public AccountTest {
 protected:
  void SetUp() override {
    AccountTest::SetUp();
    add_bootstrap_account(0);
  }

  void begin() {
    init_engine();
    ASSERT_TRUE(engine.connect(kBootstrapServer, kBsLink).has_value());
    speaker = kBsLink;
    engine.step(now);
  }

  /// The device has asked and the bootstrap server has agreed.
  void running() {
    begin();
    const Seen request = take();
    ASSERT_EQ(request.path, "/bs");
    respond(request, Code::kChanged);
    ASSERT_EQ(engine.bootstrap_state(), BootstrapState::kRunning);
  }

  /// In the session, so that it is spoken in the clear: the engine of these tests has no OSCORE.
  void link_bootstrap_account(InstanceId context) { security.get(0)->oscore = lwm2m::Objlnk{21, context}; }

  /// Server kServer with accounts in objects 0 and 1, as instance 1 of each.
  void add_account() { AccountTest::add_account(1, kServer); }
  /// ... registered over kLink.
  void registered_account() {
    add_account();
    begin();
    ASSERT_TRUE(engine.connect(kServer, kLink).has_value());
    engine.step(now);
    speaker = kLink;
    respond(take(), Code::kCreated, {"rd", "1"});
    ASSERT_EQ(engine.state(kServer), RegistrationState::kRegistered);
  }
  /// ... and made to ask the bootstrap server.
  void triggered() {
    registered_account();
    EXPECT_EQ(ask(Code::kPost, "/1/1/9").code, Code::kChanged);
    speaker = kBsLink;
    respond(take(), Code::kChanged);
    ASSERT_EQ(engine.bootstrap_state(), BootstrapState::kRunning);
  }

  Code put(std::string_view path, std::string payload, std::uint32_t format = kSenmlJson) {
    return ask(Code::kPut, path, {.format = format, .payload = std::move(payload)}).code;
  }
  /// What a bootstrap server writes for one server account.
  void write_account(ShortServerId id = kNew) {
    const std::string server = std::to_string(id);
    EXPECT_EQ(put("/0/5", R"([{"bn":"/0/5/","n":"0","vs":"coap://new.example"},{"n":"1","vb":false},)"
                          R"({"n":"2","v":3},{"n":"10","v":)" +
                              server + "}]"),
              Code::kChanged);
    EXPECT_EQ(put("/1/5", R"([{"bn":"/1/5/","n":"0","v":)" + server +
                              R"(},{"n":"1","v":3600},{"n":"6","vb":true},{"n":"7","vs":"U"}])"),
              Code::kChanged);
  }
  Code finish() { return ask(Code::kPost, "/bs").code; }
};

// --- Bootstrap-Request -------------------------------------------------------------------------------

TEST_F(BootstrapTest, Int_0_client_initiated_bootstrap_ends_in_a_registration_with_the_server_written) {
  begin();
  const Seen request = take();
  EXPECT_EQ(request.type, Type::kConfirmable);
  EXPECT_EQ(request.code, Code::kPost);
  EXPECT_EQ(request.path, "/bs");
  EXPECT_EQ(request.query, "ep=device&pct=112");
  EXPECT_EQ(request.payload, "");
  EXPECT_EQ(log.count(EventType::kBootstrapping), 1U);
  respond(request, Code::kChanged);
  EXPECT_EQ(ask(Code::kDelete, "/").code, Code::kDeleted);
  write_account();
  EXPECT_EQ(finish(), Code::kChanged);
  EXPECT_EQ(log.count(EventType::kBootstrapped), 1U);
  ASSERT_TRUE(engine.connect(kNew, kLink).has_value());
  engine.step(now);
  const Seen registration = take();
  EXPECT_EQ(registration.path, "/rd");
  EXPECT_NE(registration.query.find("lt=3600"), std::string::npos) << registration.query;
}

TEST_F(BootstrapTest, the_preferred_content_format_is_the_first_that_holds_whole_instances) {
  const std::array codecs{*lwm2m::find_codec(lwm2m::all_codecs(), lwm2m::ContentFormat::kText),
                          *lwm2m::find_codec(lwm2m::all_codecs(), lwm2m::ContentFormat::kTlv)};
  config.codecs = codecs;
  begin();
  EXPECT_EQ(take().query, "ep=device&pct=11542");
}

TEST_F(BootstrapTest, a_server_of_1_0_that_answers_4_00_to_pct_is_asked_without_it) {
  begin();
  respond(take(), Code::kBadRequest);
  const Seen again = take();
  EXPECT_EQ(again.query, "ep=device");
  respond(again, Code::kChanged);
  EXPECT_EQ(engine.bootstrap_state(), BootstrapState::kRunning);
}

TEST_F(BootstrapTest, Request_4_15_is_asked_again_without_pct) {
  begin();
  respond(take(), Code::kUnsupportedContentFormat);
  EXPECT_EQ(take().query, "ep=device");
}

TEST_F(BootstrapTest, Request_4_00_for_an_unknown_endpoint_fails_and_is_tried_again_after_a_growing_delay) {
  begin();
  respond(take(), Code::kBadRequest);
  respond(take(), Code::kBadRequest);
  EXPECT_EQ(log.count(EventType::kBootstrapFailed), 1U);
  EXPECT_EQ(log.last_response, Code::kBadRequest);
  for (const Seconds delay : {60s, 120s, 240s}) {
    pass(delay - 1ms);
    EXPECT_TRUE(wire.out.empty());
    pass(1ms);
    respond(take(), Code::kBadRequest);
  }
  EXPECT_EQ(Bootstrap::retry_delay(1), 60s);
  EXPECT_EQ(Bootstrap::retry_delay(11), 61'440s);
  EXPECT_EQ(Bootstrap::retry_delay(12), 86'400s);
  EXPECT_EQ(Bootstrap::retry_delay(4'000'000'000U), 86'400s);
}

TEST_F(BootstrapTest, a_silent_bootstrap_server_is_asked_again) {
  begin();
  EXPECT_EQ(take().path, "/bs");
  pass(93s);
  EXPECT_EQ(log.count(EventType::kBootstrapFailed), 1U);
  wire.out.clear();
  pass(60s);
  EXPECT_EQ(take().path, "/bs");
}

TEST_F(BootstrapTest, Client_Hold_Off_Time_passes_first) {
  security.get(0)->hold_off = 90;
  begin();
  EXPECT_EQ(engine.bootstrap_state(), BootstrapState::kWaiting);
  pass(90s - 1ms);
  EXPECT_TRUE(wire.out.empty());
  pass(1ms);
  EXPECT_EQ(take().path, "/bs");
}

TEST_F(BootstrapTest, an_operation_that_overtakes_the_2_04_is_served) {
  begin();
  const Seen request = take();
  EXPECT_EQ(ask(Code::kGet, "/", {.accept = kLinks}).code, Code::kContent);
  respond(request, Code::kChanged);
  write_account();
  EXPECT_EQ(finish(), Code::kChanged);
}

// --- When ----------------------------------------------------------------------------------------------

TEST_F(BootstrapTest, Int_6_with_a_usable_account_the_device_registers_and_does_not_bootstrap) {
  registered_account();
  pass(1h);
  EXPECT_EQ(engine.bootstrap_state(), BootstrapState::kIdle);
  EXPECT_EQ(log.count(EventType::kBootstrapping), 0U);
}

TEST_F(BootstrapTest, Int_6_once_it_has_none_it_does) {
  registered_account();
  wire.out.clear();
  security.drop(1);
  speaker = kBsLink;
  engine.step(now);
  const auto asked = std::ranges::find(wire.out, "/bs", &Seen::path);
  EXPECT_NE(asked, wire.out.end());
}

TEST_F(BootstrapTest, Int_5_a_server_triggers_it_and_the_device_registers_again) {
  triggered();
  EXPECT_EQ(finish(), Code::kChanged);
  const Seen registration = take();
  EXPECT_EQ(registration.path, "/rd");
  speaker = kLink;
  respond(registration, Code::kCreated, {"rd", "2"});
  EXPECT_EQ(engine.state(kServer), RegistrationState::kRegistered);
}

TEST_F(BootstrapTest, the_trigger_is_4_05_without_a_bootstrap_account) {
  registered_account();
  security.drop(0);
  EXPECT_EQ(ask(Code::kPost, "/1/1/9").code, Code::kMethodNotAllowed);
}

TEST_F(BootstrapTest, the_application_starts_it_too) {
  registered_account();
  wire.out.clear();
  ASSERT_TRUE(engine.bootstrap().has_value());
  engine.step(now);
  EXPECT_EQ(take().path, "/bs");
}

// --- Table 6.7-1 ---------------------------------------------------------------------------------------

struct Row {
  const char* what;
  Code method;
  const char* path;
  Ask ask;
  Code answer;
};

TEST_F(BootstrapTest, table_6_7_1_every_response_code) {
  running();
  rights.add(0)->object = {3};
  servers.add(3);
  const std::string number = R"([{"n":"/33000/0/1","v":5}])";
  const Row rows[]{
      {"Read", Code::kGet, "/1", {.accept = kSenmlJson}, Code::kContent},
      {"Read", Code::kGet, "/2/0", {.accept = kSenmlCbor}, Code::kContent},
      {"Read", Code::kGet, "/2", {.accept = kTlv}, Code::kContent},
      {"Read", Code::kGet, "/2", {}, Code::kContent},
      {"Read of what is not there", Code::kGet, "/2/7", {}, Code::kNotFound},
      {"Read of an unknown object", Code::kGet, "/9999", {}, Code::kNotFound},
      {"Read of no path", Code::kGet, "/x", {}, Code::kNotFound},
      {"Read of another object", Code::kGet, "/3", {}, Code::kMethodNotAllowed},
      {"Read of object 0", Code::kGet, "/0/0", {}, Code::kMethodNotAllowed},
      {"Read of the root", Code::kGet, "/", {}, Code::kMethodNotAllowed},
      {"Read of a resource", Code::kGet, "/1/3/0", {}, Code::kMethodNotAllowed},
      {"Read in one value's format", Code::kGet, "/2/0", {.accept = kText}, Code::kNotAcceptable},
      {"Read in an unknown format", Code::kGet, "/2", {.accept = kUnknown}, Code::kNotAcceptable},
      {"Discover", Code::kGet, "/", {.accept = kLinks}, Code::kContent},
      {"Discover", Code::kGet, "/1", {.accept = kLinks}, Code::kContent},
      {"Discover below an object", Code::kGet, "/1/3", {.accept = kLinks}, Code::kBadRequest},
      {"Discover of an unknown object", Code::kGet, "/9999", {.accept = kLinks}, Code::kNotFound},
      {"Write", Code::kPut, "/33000/0", {.format = kSenmlJson, .payload = number}, Code::kChanged},
      {"Write", Code::kPut, "/33000", {.format = kSenmlJson, .payload = number}, Code::kChanged},
      {"Write", Code::kPut, "/33000/0/1", {.format = kText, .payload = "7"}, Code::kChanged},
      {"Write of no number", Code::kPut, "/33000/0/1", {.format = kText, .payload = "x"}, Code::kBadRequest},
      {"Write of a value out of range",
       Code::kPut,
       "/33000/0/1",
       {.format = kText, .payload = "101"},
       Code::kBadRequest},
      {"Write of a command", Code::kPut, "/33000/0/9", {.format = kText, .payload = "1"}, Code::kBadRequest},
      {"Write of nothing in particular",
       Code::kPut,
       "/",
       {.format = kSenmlJson, .payload = "[]"},
       Code::kBadRequest},
      {"Write to an unknown object",
       Code::kPut,
       "/9999/0",
       {.format = kSenmlJson, .payload = "[]"},
       Code::kBadRequest},
      {"Write to an unknown resource",
       Code::kPut,
       "/33000/0/99",
       {.format = kText, .payload = "1"},
       Code::kBadRequest},
      {"Write to a resource instance",
       Code::kPut,
       "/33000/0/7/0",
       {.format = kText, .payload = "1"},
       Code::kBadRequest},
      {"Write outside its path",
       Code::kPut,
       "/33000/1",
       {.format = kSenmlJson, .payload = number},
       Code::kBadRequest},
      {"Write of half a payload",
       Code::kPut,
       "/33000/0",
       {.format = kTlv, .payload = "\xC1\x01"},
       Code::kBadRequest},
      {"Write without a format", Code::kPut, "/33000/0", {.payload = number}, Code::kBadRequest},
      {"Write-Attributes", Code::kPut, "/33000/0", {.query = {"pmin=1"}}, Code::kBadRequest},
      {"Write in an unknown format",
       Code::kPut,
       "/33000/0",
       {.format = kUnknown, .payload = "x"},
       Code::kUnsupportedContentFormat},
      {"Write of an instance in one value's format",
       Code::kPut,
       "/33000/0",
       {.format = kText, .payload = "x"},
       Code::kUnsupportedContentFormat},
      {"Delete of an unknown instance", Code::kDelete, "/1/9", {}, Code::kBadRequest},
      {"Delete of an unknown object", Code::kDelete, "/9999", {}, Code::kBadRequest},
      {"Delete of a resource", Code::kDelete, "/33000/0/1", {}, Code::kBadRequest},
      {"Delete of no path", Code::kDelete, "/bs", {}, Code::kBadRequest},
      {"Delete of the Device object", Code::kDelete, "/3", {}, Code::kBadRequest},
      {"Delete of its instance", Code::kDelete, "/3/0", {}, Code::kBadRequest},
      {"Delete of the bootstrap account", Code::kDelete, "/0/0", {}, Code::kBadRequest},
      {"Delete", Code::kDelete, "/1/3", {}, Code::kDeleted},
      {"Delete", Code::kDelete, "/33000", {}, Code::kDeleted},
      {"Delete of what an object no longer has", Code::kDelete, "/33000", {}, Code::kDeleted},
      {"Delete", Code::kDelete, "/", {}, Code::kDeleted},
      {"Finish elsewhere", Code::kPost, "/bss", {}, Code::kBadRequest},
      {"Finish below", Code::kPost, "/bs/1", {}, Code::kBadRequest},
      {"Execute", Code::kPost, "/3/0/4", {}, Code::kBadRequest},
      {"Create", Code::kPost, "/33000", {.format = kSenmlJson, .payload = number}, Code::kBadRequest},
      {"Read-Composite", Code::kFetch, "/", {.format = kSenmlJson, .payload = "[]"}, Code::kMethodNotAllowed},
      {"Write-Composite",
       Code::kIPatch,
       "/",
       {.format = kSenmlJson, .payload = "[]"},
       Code::kMethodNotAllowed},
      {"Finish", Code::kPost, "/bs", {}, Code::kNotAcceptable}};
  for (const Row& row : rows)
    EXPECT_EQ(ask(row.method, row.path, row.ask).code, row.answer) << row.what << row.path;
  EXPECT_EQ(board.reboots, 0);
}

TEST_F(BootstrapTest, table_6_7_1_Finish_2_04) {
  running();
  write_account();
  EXPECT_EQ(finish(), Code::kChanged);
}

TEST_F(BootstrapTest, while_bootstrapping_no_other_server_is_served) {
  triggered();
  speaker = kLink;
  EXPECT_EQ(ask(Code::kGet, "/3/0/0").code, Code::kUnauthorized);
  EXPECT_EQ(ask(Code::kPut, "/1", {.format = kSenmlJson, .payload = "[]"}).code, Code::kUnauthorized);
  EXPECT_EQ(ask(Code::kPost, "/bs").code, Code::kUnauthorized);
}

TEST_F(BootstrapTest, outside_a_sequence_the_bootstrap_server_is_refused) {
  registered_account();
  speaker = kBsLink;
  EXPECT_EQ(ask(Code::kGet, "/1").code, Code::kUnauthorized);
  EXPECT_EQ(ask(Code::kDelete, "/").code, Code::kUnauthorized);
  EXPECT_EQ(ask(Code::kPost, "/bs").code, Code::kUnauthorized);
  EXPECT_TRUE(security.exists(1));
}

TEST_F(BootstrapTest, a_Finish_whose_answer_was_lost_is_answered_again_and_nothing_else_is) {
  running();
  write_account();
  EXPECT_EQ(finish(), Code::kChanged);
  EXPECT_EQ(finish(), Code::kChanged);
  EXPECT_EQ(ask(Code::kDelete, "/").code, Code::kUnauthorized);
  pass(247s);
  EXPECT_EQ(engine.bootstrap_state(), BootstrapState::kIdle);
  EXPECT_EQ(finish(), Code::kUnauthorized);
  EXPECT_EQ(log.count(EventType::kBootstrapped), 1U);
}

// --- Discover ------------------------------------------------------------------------------------------

TEST_F(BootstrapTest, table_6_7_1_has_a_request_for_each_code) {
  registered_account();
  EXPECT_EQ(ask(Code::kPost, "/1/1/9").code, Code::kChanged);
  speaker = kBsLink;
  respond(take(), Code::kChanged);
  struct Cell {
    Code method;
    const char* path;
    Ask what;
    Code code;
  };
  const std::string name = R"([{"n":"/3/0/15","vs":"UTC"}])";
  for (const Cell& cell :
       {Cell{Code::kGet, "/1", {.accept = kTlv}, Code::kContent},
        Cell{Code::kGet, "/1/9", {.accept = kTlv}, Code::kNotFound},
        Cell{Code::kGet, "/44444", {.accept = kTlv}, Code::kNotFound},
        Cell{Code::kGet, "/3", {.accept = kTlv}, Code::kMethodNotAllowed},
        Cell{Code::kGet, "/1", {.accept = kUnknown}, Code::kNotAcceptable},
        Cell{Code::kPut, "/3/0", {.format = kSenmlJson, .payload = name}, Code::kChanged},
        Cell{Code::kPut, "/3/0/15", {.format = kTlv, .payload = "?"}, Code::kBadRequest},
        Cell{Code::kPut, "/3/0", {.format = kUnknown, .payload = name}, Code::kUnsupportedContentFormat},
        Cell{Code::kGet, "/", {.accept = kLinks}, Code::kContent},
        Cell{Code::kGet, "/1/1", {.accept = kLinks}, Code::kBadRequest},
        Cell{Code::kGet, "/44444", {.accept = kLinks}, Code::kNotFound},
        Cell{Code::kDelete, "/44444", {}, Code::kBadRequest}, Cell{Code::kDelete, "/1/1", {}, Code::kDeleted},
        Cell{Code::kPost, "/bs/1", {}, Code::kBadRequest}}) {
    EXPECT_EQ(ask(cell.method, cell.path, cell.what).code, cell.code) << cell.path;
  }
  // Only the bootstrap server may ask while a sequence is under way.
  speaker = kLink;
  EXPECT_EQ(ask(Code::kGet, "/1", {.accept = kTlv}).code, Code::kUnauthorized);
  speaker = kBsLink;
  EXPECT_EQ(finish(), Code::kNotAcceptable);
}

TEST_F(BootstrapTest, Discover_shows_accounts_with_ssid_and_uri) {
  registered_account();
  ASSERT_TRUE(engine.bootstrap().has_value());
  engine.step(now);
  speaker = kBsLink;
  respond(take(), Code::kChanged);
  EXPECT_EQ(ask(Code::kGet, "/", {.accept = kLinks}).payload,
            R"(</>;lwm2m=1.1,</0/0>;uri="coap://bs.example",</0/1>;ssid=101;uri="coap://old.example",)"
            R"(</1/1>;ssid=101,</2>,</3/0>,</21>,</33000/0>)");
  EXPECT_EQ(ask(Code::kGet, "/1", {.accept = kLinks}).payload, R"(</>;lwm2m=1.1,</1/1>;ssid=101)");
}

TEST_F(BootstrapTest, Discover_shows_to_which_server_an_OSCORE_instance_belongs) {
  oscore.add(1);
  oscore.add(0);
  add_account();
  security.get(1)->oscore = lwm2m::Objlnk{21, 1};
  begin();
  ASSERT_TRUE(engine.bootstrap().has_value());
  engine.step(now);
  respond(take(), Code::kChanged);
  link_bootstrap_account(0);
  EXPECT_EQ(ask(Code::kGet, "/21", {.accept = kLinks}).payload, R"(</>;lwm2m=1.1,</21/0>,</21/1>;ssid=101)");
}

// --- Write ---------------------------------------------------------------------------------------------

TEST_F(BootstrapTest, Write_creates_replaces_and_heeds_neither_rights_nor_marks) {
  running();
  // Several instances of an object at once; resources that no server may write or read.
  EXPECT_EQ(put("/0", R"([{"n":"/0/3/0","vs":"coap://a"},{"n":"/0/3/10","v":7},)"
                      R"({"n":"/0/4/0","vs":"coap://b"},{"n":"/0/4/10","v":8}])"),
            Code::kChanged);
  EXPECT_EQ(security.get(3)->uri.view(), "coap://a");
  EXPECT_EQ(security.get(4)->short_server_id, 8);
  EXPECT_EQ(security.get(0)->uri.view(), "coap://bs.example");
  // Read-only for servers, written here; an instance that is not there comes with a resource.
  EXPECT_EQ(put("/33000/2/10", "9", kText), Code::kChanged);
  EXPECT_EQ(probes.get(2)->secret, 9);
  // What is not named in a replacement is not there any more.
  EXPECT_EQ(put("/0/3", R"([{"n":"/0/3/0","vs":"coap://c"}])"), Code::kChanged);
  EXPECT_EQ(security.get(3)->uri.view(), "coap://c");
  EXPECT_FALSE(security.get(3)->short_server_id.has_value());
  // What the device does not implement does not hinder.
  EXPECT_EQ(put("/33000/0", R"([{"n":"/33000/0/1","v":6},{"n":"/33000/0/999","v":1}])"), Code::kChanged);
  EXPECT_EQ(probes.get(0)->number, 6);
}

TEST_F(BootstrapTest, Write_of_a_multiple_resource_replaces_all_of_it) {
  running();
  probes.get(0)->many.set(0, 1);
  EXPECT_EQ(put("/33000/0/7", R"([{"n":"/33000/0/7/2","v":5}])"), Code::kChanged);
  EXPECT_FALSE(probes.get(0)->many.has(0));
  EXPECT_TRUE(probes.get(0)->many.has(2));
}

TEST_F(BootstrapTest, Write_by_a_server_of_1_0_in_TLV) {
  running();
  EXPECT_EQ(put("/1/5", std::string("\xC1\x00\x0C\xC2\x01\x0E\x10\xC1\x06\x01\xC1\x07U", 13), kTlv),
            Code::kChanged);
  EXPECT_EQ(servers.get(5)->short_server_id, 12);
  EXPECT_EQ(servers.get(5)->lifetime, 3600);
}

TEST_F(BootstrapTest, Write_of_the_Device_object_leaves_what_belongs_to_the_device) {
  running();
  device.get(0)->raise(3);
  EXPECT_EQ(put("/3/0", R"([{"n":"/3/0/14","vs":"+02:00"}])"), Code::kChanged);
  EXPECT_EQ(device.get(0)->utc_offset.view(), "+02:00");
  EXPECT_EQ(device.get(0)->error_codes[0], 3);
  EXPECT_EQ(device.get(0)->platform, &board);
}

TEST_F(BootstrapTest, Write_notes_when_an_account_was_updated) {
  running();
  write_account();
  EXPECT_EQ(servers.get(5)->last_bootstrapped, UnixTime{1'700'000'000});
}

TEST_F(BootstrapTest, a_Write_that_an_object_has_no_room_for_is_5_00_and_spoils_the_sequence) {
  running();
  write_account();
  EXPECT_EQ(put("/33000", R"([{"n":"/33000/1/1","v":1},{"n":"/33000/2/1","v":1},{"n":"/33000/3/1","v":1}])"),
            Code::kInternalServerError);
  EXPECT_EQ(finish(), Code::kNotAcceptable);
  EXPECT_FALSE(probes.exists(1));
  EXPECT_FALSE(security.exists(5));
}

TEST_F(BootstrapTest, what_could_not_be_put_back_is_not_changed) {
  config.max_bootstrap = 8;
  running();
  EXPECT_EQ(put("/33000/0", R"([{"n":"/33000/0/1","v":6}])"), Code::kInternalServerError);
  EXPECT_EQ(ask(Code::kDelete, "/").code, Code::kInternalServerError);
  EXPECT_EQ(probes.get(0)->number, 7);
}

// --- Read ----------------------------------------------------------------------------------------------

TEST_F(BootstrapTest, Int_8_Read_shows_objects_1_and_2_whole) {
  add_account();
  servers.get(1)->retry_count = 3;
  auto* entry = rights.add(0);
  entry->object = {3};
  entry->acl.set(kServer, 7);
  begin();
  ASSERT_TRUE(engine.bootstrap().has_value());
  engine.step(now);
  respond(take(), Code::kChanged);
  const std::string server = ask(Code::kGet, "/1", {.accept = kSenmlJson}).payload;
  EXPECT_NE(server.find(R"("n":"17","v":3)"), std::string::npos) << server;
  const std::string acl = ask(Code::kGet, "/2/0", {.accept = kSenmlJson}).payload;
  EXPECT_NE(acl.find(R"("n":"2/101","v":7)"), std::string::npos) << acl;
}

// --- Delete --------------------------------------------------------------------------------------------

TEST_F(BootstrapTest, Int_4_Delete_of_the_root_leaves_the_bootstrap_account_its_OSCORE_instance_and_Device) {
  oscore.add(0);
  oscore.add(1);
  add_account();
  rights.add(0)->object = {33000};
  begin();
  ASSERT_TRUE(engine.bootstrap().has_value());
  engine.step(now);
  respond(take(), Code::kChanged);
  link_bootstrap_account(1);
  EXPECT_EQ(ask(Code::kDelete, "/").code, Code::kDeleted);
  EXPECT_EQ(ask(Code::kGet, "/", {.accept = kLinks}).payload,
            R"(</>;lwm2m=1.1,</0/0>;uri="coap://bs.example",</1>,</2>,</3/0>,</21/1>,</33000>)");
}

TEST_F(BootstrapTest, Int_4_Delete_of_an_instance_and_of_an_object) {
  running();
  probes.add(1);
  probes.add(2);
  EXPECT_EQ(ask(Code::kDelete, "/33000/1").code, Code::kDeleted);
  EXPECT_TRUE(probes.exists(0) && !probes.exists(1) && probes.exists(2));
  EXPECT_EQ(ask(Code::kDelete, "/33000").code, Code::kDeleted);
  EXPECT_EQ(probes.next_instance(0), kMaxId);
}

// --- Unbootstrapping (TS 5.2.5) ------------------------------------------------------------------------

class Unbootstrapping : public BootstrapTest {
 protected:
  static constexpr ShortServerId kOther = 102, kThird = 103;

  void SetUp() override {
    BootstrapTest::SetUp();
    objects[1] = &many;
    for (const ShortServerId id : {kServer, kOther, kThird}) {
      const auto instance = static_cast<InstanceId>(id - 100);
      security.add(instance)->short_server_id = id;
      many.add(instance)->short_server_id = id;
    }
    probes.add(1);
    begin();
    ASSERT_TRUE(engine.bootstrap().has_value());
    engine.step(now);
    respond(take(), Code::kChanged);
    while (rights.next_instance(0) != kMaxId) rights.drop(rights.next_instance(0));
  }
  AccessControlInstance<4>& entry(InstanceId at, InstanceId probe, ShortServerId owner) {
    auto* made = rights.add(at);
    made->object = {33000};
    made->instance = {probe};
    made->owner = {owner};
    return *made;
  }

  ServerObject<4> many;
};

TEST_F(Unbootstrapping, the_Server_instance_goes_with_its_Security_instance) {
  EXPECT_EQ(ask(Code::kDelete, "/0/1").code, Code::kDeleted);
  EXPECT_EQ(ask(Code::kGet, "/1", {.accept = kLinks}).payload,
            "</>;lwm2m=1.1,</1/2>;ssid=102,</1/3>;ssid=103");
  EXPECT_EQ(finish(), Code::kChanged);
}

// TS 5.5.4.
TEST_F(Unbootstrapping, the_keys_of_OSCORE_go_with_the_last_account_that_has_them) {
  oscore.add(0);
  oscore.add(1);
  security.get(1)->oscore = lwm2m::Objlnk{21, 1};
  security.get(2)->oscore = lwm2m::Objlnk{21, 1};
  security.get(3)->oscore = lwm2m::Objlnk{21, 0};
  EXPECT_EQ(ask(Code::kDelete, "/0/1").code, Code::kDeleted);
  EXPECT_TRUE(oscore.exists(0) && oscore.exists(1));
  EXPECT_EQ(ask(Code::kDelete, "/0/2").code, Code::kDeleted);
  EXPECT_TRUE(oscore.exists(0) && !oscore.exists(1));
  EXPECT_EQ(finish(), Code::kChanged);
}

TEST_F(Unbootstrapping, what_only_that_server_could_reach_goes_too) {
  entry(0, 1, kServer);
  EXPECT_EQ(ask(Code::kDelete, "/0/1").code, Code::kDeleted);
  EXPECT_FALSE(probes.exists(1));
  EXPECT_FALSE(rights.exists(0));
}

TEST_F(Unbootstrapping, its_entry_goes_from_what_others_own) {
  auto& shared = entry(0, 1, kOther);
  shared.acl.set(kServer, 3);
  shared.acl.set(kThird, 1);
  EXPECT_EQ(ask(Code::kDelete, "/0/1").code, Code::kDeleted);
  EXPECT_TRUE(probes.exists(1));
  EXPECT_EQ(shared.acl.next(0), kThird);
  EXPECT_EQ(shared.acl.next(kThird + 1), kMaxId);
  EXPECT_EQ(shared.owner.value, kOther);
}

TEST_F(Unbootstrapping, the_new_owner_is_the_one_with_the_most_of_Write_and_Delete) {
  auto& shared = entry(0, 1, kServer);
  shared.acl.set(kOther, 1 | 2 | 4 | 16);
  shared.acl.set(kThird, 2 | 8);
  EXPECT_EQ(ask(Code::kDelete, "/0/1").code, Code::kDeleted);
  EXPECT_EQ(shared.owner.value, kThird);
}

TEST_F(Unbootstrapping, among_equals_the_lowest_id_is_the_new_owner_and_a_default_entry_counts) {
  auto& shared = entry(0, 1, kServer);
  shared.acl.set(0, 1);
  EXPECT_EQ(ask(Code::kDelete, "/0/1").code, Code::kDeleted);
  EXPECT_EQ(shared.owner.value, kOther);
}

// --- Finish --------------------------------------------------------------------------------------------

TEST_F(BootstrapTest, Int_9_each_inconsistency_is_4_06_and_what_was_there_comes_back) {
  struct Case {
    const char* what;
    const char* path;
    const char* payload;
  };
  const Case cases[]{
      {"a Server instance without Security", "/1/6", R"([{"n":"/1/6/0","v":300}])"},
      {"a Security instance without Server", "/0/6",
       R"([{"n":"/0/6/0","vs":"coap://c"},{"n":"/0/6/10","v":300}])"},
      {"a Security instance that names nobody", "/0/6", R"([{"n":"/0/6/0","vs":"coap://c"}])"},
      {"two accounts of one id", "/0/6", R"([{"n":"/0/6/0","vs":"coap://c"},{"n":"/0/6/10","v":201}])"},
      {"two bootstrap accounts", "/0/6", R"([{"n":"/0/6/0","vs":"coap://c"},{"n":"/0/6/1","vb":true}])"},
      {"a link to no OSCORE instance", "/0/5/17", R"([{"n":"/0/5/17","vlo":"21:0"}])"},
      {"a link to no APN profile", "/1/5/10", R"([{"n":"/1/5/10","vlo":"11:0"}])"}};
  running();
  std::uint32_t failures = 0;
  for (const Case& inconsistent : cases) {
    SCOPED_TRACE(inconsistent.what);
    EXPECT_EQ(ask(Code::kDelete, "/33000").code, Code::kDeleted);
    write_account();
    EXPECT_EQ(put(inconsistent.path, inconsistent.payload), Code::kChanged);
    EXPECT_EQ(finish(), Code::kNotAcceptable);
    EXPECT_FALSE(security.exists(5) || security.exists(6) || servers.exists(5) || servers.exists(6));
    EXPECT_TRUE(probes.exists(0));
    EXPECT_EQ(security.get(0)->uri.view(), "coap://bs.example");
    EXPECT_EQ(log.types.back(), EventType::kBootstrapFailed);
    pass(Bootstrap::retry_delay(++failures));
    respond(take(), Code::kChanged);
    ASSERT_EQ(engine.bootstrap_state(), BootstrapState::kRunning);
  }
}

TEST_F(BootstrapTest, after_a_failure_the_device_goes_back_to_the_servers_that_it_has) {
  triggered();
  EXPECT_EQ(ask(Code::kDelete, "/").code, Code::kDeleted);
  EXPECT_EQ(finish(), Code::kNotAcceptable);
  EXPECT_EQ(engine.bootstrap_state(), BootstrapState::kIdle);
  EXPECT_EQ(engine.state(kServer), RegistrationState::kRegistered);
  speaker = kLink;
  EXPECT_EQ(ask(Code::kGet, "/3/0/0", {.accept = kText}).payload, "linnet");
  EXPECT_TRUE(wire.out.empty());
}

TEST_F(BootstrapTest, silence_of_EXCHANGE_LIFETIME_fails_the_sequence_and_a_message_starts_it_anew) {
  triggered();
  EXPECT_EQ(ask(Code::kDelete, "/").code, Code::kDeleted);
  pass(247s - 1ms);
  EXPECT_EQ(ask(Code::kGet, "/1").code, Code::kContent);
  pass(247s - 1ms);
  EXPECT_EQ(engine.bootstrap_state(), BootstrapState::kRunning);
  EXPECT_FALSE(security.exists(1));
  pass(1ms);
  EXPECT_EQ(log.count(EventType::kBootstrapFailed), 1U);
  EXPECT_TRUE(security.exists(1));
  EXPECT_TRUE(servers.exists(1));
}

TEST_F(BootstrapTest, a_lost_link_fails_the_sequence) {
  triggered();
  EXPECT_EQ(ask(Code::kDelete, "/").code, Code::kDeleted);
  engine.disconnect(kBootstrapServer);
  engine.step(now);
  EXPECT_EQ(log.count(EventType::kBootstrapFailed), 1U);
  EXPECT_TRUE(security.exists(1));
  EXPECT_EQ(engine.bootstrap_state(), BootstrapState::kIdle);
}

TEST_F(BootstrapTest, while_bootstrapping_nothing_is_sent_to_other_servers) {
  registered_account();
  EXPECT_EQ(ask(Code::kGet, "/33000/0/1", {.observe = 0}).observe, 0U);
  EXPECT_EQ(ask(Code::kPost, "/1/1/9").code, Code::kChanged);
  speaker = kBsLink;
  respond(take(), Code::kChanged);
  probes.set<&Probe::number>(0, 8);
  engine.update();
  pass(100s);
  EXPECT_TRUE(wire.out.empty());
  EXPECT_EQ(ask(Code::kDelete, "/").code, Code::kDeleted);
  EXPECT_EQ(finish(), Code::kNotAcceptable);
  EXPECT_EQ(engine.observations(), 1U);
  EXPECT_FALSE(wire.out.empty());
}

TEST_F(BootstrapTest, after_a_bootstrap_that_failed_notifications_come_at_their_periods_again) {
  config.confirmable_notifications = true;
  registered_account();
  servers.get(1)->default_pmax = 300;
  EXPECT_EQ(ask(Code::kGet, "/33000/0/1", {.observe = 0}).observe, 0U);
  probes.set<&Probe::number>(0, 8);
  engine.step(now);
  const Seen notification = take();
  EXPECT_EQ(ask(Code::kPost, "/1/1/9").code, Code::kChanged);
  speaker = kBsLink;
  respond(take(), Code::kChanged);
  EXPECT_EQ(ask(Code::kDelete, "/").code, Code::kDeleted);
  // The period is part of what was deleted, and the next notification is reckoned without it.
  speaker = kLink;
  acknowledge(notification);
  speaker = kBsLink;
  EXPECT_EQ(finish(), Code::kNotAcceptable);
  wire.out.clear();
  pass(300s);
  ASSERT_FALSE(wire.out.empty());
  EXPECT_EQ(wire.out.front().token, notification.token);
}

TEST_F(BootstrapTest, a_device_that_needs_a_bootstrap_asks_for_its_first_step) {
  config.endpoint = "device";
  config.codecs = lwm2m::all_codecs();
  memory.resize(Engine::memory_needed(config));
  Arena arena(memory);
  ASSERT_TRUE(engine.init(config, arena, wire, dice, objects, &log).has_value());
  EXPECT_LE(engine.next_deadline(), now);
}

TEST_F(BootstrapTest, a_device_in_queue_mode_listens_until_the_bootstrap_server_has_finished) {
  config.queue_mode = true;
  triggered();
  pass(200s);
  EXPECT_EQ(engine.sleep_advice().radio_until, kNever);
  EXPECT_GT(engine.next_deadline(), now);
  EXPECT_EQ(finish(), Code::kChanged);
  speaker = kLink;
  respond(take(), Code::kCreated, {"rd", "1"});
  EXPECT_NE(engine.sleep_advice().radio_until, kNever);
}

TEST_F(BootstrapTest, the_bootstrap_account_goes_after_its_timeout) {
  security.get(0)->account_timeout = 600;
  oscore.add(0);
  running();
  link_bootstrap_account(0);
  write_account();
  EXPECT_EQ(finish(), Code::kChanged);
  pass(600s - 1ms);
  EXPECT_TRUE(security.exists(0));
  pass(1ms);
  EXPECT_FALSE(security.exists(0));
  EXPECT_FALSE(oscore.exists(0));
  EXPECT_TRUE(security.exists(5));
}

// --- With a Connector -----------------------------------------------------------------------------------

class ManagedBootstrap : public BootstrapTest, public Connector {
 protected:
  void SetUp() override {
    BootstrapTest::SetUp();
    config.connector = this;
    config.endpoint = "device";
    config.codecs = lwm2m::all_codecs();
    memory.resize(Engine::memory_needed(config));
    Arena arena(memory);
    ASSERT_TRUE(engine.init(config, arena, wire, dice, objects, &log).has_value());
    speaker = kBsLink;
    engine.step(now);
  }
  void open(ShortServerId server, InstanceId instance, lwm2m::Binding) noexcept override {
    opened.emplace_back(server, instance);
  }
  void close(coap::LinkId link) noexcept override { closed.push_back(link); }

  using Opened = std::vector<std::pair<ShortServerId, InstanceId>>;
  Opened opened;
  std::vector<coap::LinkId> closed;
};

TEST_F(ManagedBootstrap, Int_0_links_are_opened_to_the_bootstrap_server_and_then_to_the_server_written) {
  EXPECT_EQ(opened, (Opened{{kBootstrapServer, 0}}));
  ASSERT_TRUE(engine.connect(kBootstrapServer, kBsLink).has_value());
  engine.step(now);
  respond(take(), Code::kChanged);
  write_account();
  EXPECT_EQ(finish(), Code::kChanged);
  EXPECT_EQ(opened, (Opened{{kBootstrapServer, 0}, {kNew, 5}}));
  ASSERT_TRUE(engine.connect(kNew, kLink).has_value());
  engine.step(now);
  speaker = kLink;
  respond(take(), Code::kCreated, {"rd", "1"});
  EXPECT_EQ(engine.state(kNew), RegistrationState::kRegistered);
  EXPECT_TRUE(closed.empty());
  pass(247s);
  EXPECT_EQ(closed, std::vector{kBsLink});
}

TEST_F(ManagedBootstrap, without_a_link_it_is_tried_again) {
  engine.unreachable(kBootstrapServer, Errc::kIo);
  engine.step(now);
  EXPECT_EQ(log.types.back(), EventType::kBootstrapFailed);
  pass(60s);
  EXPECT_EQ(opened.size(), 2U);
  // A Connector that never answers is no answer.
  pass(247s);
  EXPECT_EQ(log.count(EventType::kBootstrapFailed), 2U);
}

TEST_F(ManagedBootstrap, Int_7_when_registration_fails_for_good_the_device_bootstraps_and_registers) {
  ASSERT_TRUE(engine.connect(kBootstrapServer, kBsLink).has_value());
  engine.step(now);
  respond(take(), Code::kChanged);
  write_account();
  EXPECT_EQ(put("/1/5/17", "1", kText), Code::kChanged);
  EXPECT_EQ(put("/1/5/20", "1", kText), Code::kChanged);
  EXPECT_EQ(put("/1/5/19", "60", kText), Code::kChanged);
  EXPECT_EQ(finish(), Code::kChanged);
  pass(300s);
  opened.clear();
  for (int i = 0; i < 10 && engine.bootstrap_state() == BootstrapState::kIdle; ++i) {
    engine.unreachable(kNew, Errc::kTimeout);
    pass(61s);
  }
  EXPECT_EQ(std::ranges::count(opened, std::pair{kBootstrapServer, InstanceId{0}}), 1);
  ASSERT_TRUE(engine.connect(kBootstrapServer, kBsLink).has_value());
  engine.step(now);
  wire.out.clear();
  ASSERT_EQ(engine.bootstrap_state(), BootstrapState::kRequesting);
  EXPECT_EQ(ask(Code::kGet, "/1").code, Code::kContent);
  wire.out.clear();
  EXPECT_EQ(finish(), Code::kChanged);
  EXPECT_EQ(opened.back(), (std::pair{kNew, InstanceId{5}}));
}

}  // namespace
}  // namespace linnet::client::test
