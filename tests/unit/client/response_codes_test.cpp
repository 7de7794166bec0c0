// SPDX-License-Identifier: Apache-2.0
// Tables 6.7-3 and 6.7-4, the device's side: a request for each cell that provokes its code. 4.00 of
// Discover ("undetermined error") is missing: there is no Discover that this device answers so.
// Shows: OP-3, OP-5
#include "linnet/client/objects/access_control.hpp"
#include "linnet/coap/block.hpp"
#include "scripted_server.hpp"

namespace linnet::client::test {
namespace {

constexpr std::uint32_t kText = 0, kLinks = 40, kSenmlJson = 110, kTlv = 11542, kUnknown = 4711;
constexpr ShortServerId kOther = 102;

/// An object that finds fault with everything.
class MoodyObject final : public Object {
 public:
  static constexpr ObjectId kId = 33001;
  static constexpr ResourceDefinition kResources[]{{0, lwm2m::DataType::kInteger, Operations::kRW},
                                                   {1, lwm2m::DataType::kNone, Operations::kE}};
  static constexpr ObjectDefinition kDefinition{kId, lwm2m::kDefaultObjectVersion, kResources};

  MoodyObject() noexcept : Object(kDefinition) {}
  [[nodiscard]] InstanceId next_instance(InstanceId from) const noexcept override {
    return from == 0 ? InstanceId{0} : kMaxId;
  }
  [[nodiscard]] Result<Value> read(const Path&) noexcept override { return fail(Errc::kInvalidArgument); }
  Result<void> execute(const Path&, std::string_view) noexcept override {
    return fail(Errc::kInvalidArgument);
  }
  [[nodiscard]] Result<void> can_create(InstanceId) const noexcept override { return {}; }
  [[nodiscard]] Result<void> can_remove(InstanceId) const noexcept override {
    return fail(Errc::kInvalidArgument);
  }
};

struct Cell {
  const char* name;
  Code method;
  const char* path;
  Ask what;
  Code code;
};
void PrintTo(const Cell& cell, std::ostream* out) {
  *out << cell.name;
}

/// Two accounts. This server may do everything to 33000/0, 33000/2, 3/0 and 33001/0, may create instances
/// of 33000 and 3, and may do nothing to 33000/1.
class ResponseCodesTest : public DeviceTest {
 protected:
  void SetUp() override {
    objects = {&servers, &rights, &device, &probes, &moody};
    servers.add(1)->short_server_id = kOther;
    probes.add(0);
    probes.add(1);
    entry(0, 33000, 0, kServer);
    entry(1, 33000, 1, kOther);
    entry(2, 3, 0, kServer);
    entry(3, 33001, 0, kServer);
    entry(4, 33000, kMaxId, kServer).acl.set(kServer, static_cast<std::uint16_t>(Right::kCreate));
    entry(5, 3, kMaxId, kServer).acl.set(kServer, static_cast<std::uint16_t>(Right::kCreate));
    registered();
  }
  AccessControlInstance<4>& entry(InstanceId id, ObjectId object, InstanceId instance, ShortServerId owner) {
    auto& added = *rights.add(id);
    added.object.value = object;
    added.instance.value = instance;
    added.owner.value = owner;
    return added;
  }

  AccessControlObject<16> rights;
  MoodyObject moody;
};

class ResponseCodes : public ResponseCodesTest, public ::testing::WithParamInterface<Cell> {};

TEST_P(ResponseCodes, of_the_table) {
  const Cell& cell = GetParam();
  EXPECT_EQ(ask(cell.method, cell.path, cell.what).code, cell.code);
}

Ask json(std::string payload) {
  return {.format = kSenmlJson, .payload = std::move(payload)};
}
Ask text(std::string payload) {
  return {.format = kText, .payload = std::move(payload)};
}
Ask observe(std::uint32_t value, std::uint32_t accept = kTlv) {
  return {.accept = accept, .observe = value};
}
std::string name_of(const ::testing::TestParamInfo<Cell>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(
    Table_6_7_3_Create, ResponseCodes,
    ::testing::Values(
        Cell{"Created", Code::kPost, "/33000", json(R"([{"n":"/33000/2/1","v":5}])"), Code::kCreated},
        Cell{"Exists", Code::kPost, "/33000", json(R"([{"n":"/33000/0/1","v":5}])"), Code::kBadRequest},
        Cell{"MandatoryMissing", Code::kPost, "/33000", json(R"([{"n":"/33000/2/3","vs":"x"}])"),
             Code::kBadRequest},
        Cell{"NoFormat", Code::kPost, "/33000", {.payload = "x"}, Code::kBadRequest},
        Cell{"NoRight", Code::kPost, "/33001", json(R"([{"n":"/33001/1/0","v":5}])"), Code::kUnauthorized},
        Cell{"Hidden", Code::kPost, "/0", json(R"([{"n":"/0/1/0","vs":"coap://x"}])"), Code::kUnauthorized},
        Cell{"NoObject", Code::kPost, "/44444", json(R"([{"n":"/44444/0/0","v":1}])"), Code::kNotFound},
        Cell{"SingleInstance", Code::kPost, "/3", json(R"([{"n":"/3/1/15","vs":"x"}])"),
             Code::kMethodNotAllowed},
        Cell{"Format",
             Code::kPost,
             "/33000",
             {.format = kUnknown, .payload = "x"},
             Code::kUnsupportedContentFormat}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Table_6_7_3_Read, ResponseCodes,
    ::testing::Values(Cell{"Content", Code::kGet, "/33000/0", {.accept = kTlv}, Code::kContent},
                      Cell{"Undetermined", Code::kGet, "/33001/0/0", {}, Code::kBadRequest},
                      Cell{"NoRight", Code::kGet, "/33000/1/1", {}, Code::kUnauthorized},
                      Cell{"NoInstance", Code::kGet, "/33000/7", {}, Code::kNotFound},
                      Cell{"WriteOnly", Code::kGet, "/33000/0/11", {}, Code::kMethodNotAllowed},
                      Cell{"Format", Code::kGet, "/33000/0", {.accept = kUnknown}, Code::kNotAcceptable},
                      Cell{"CompositeContent", Code::kFetch, "", json(R"([{"n":"/3/0/0"}])"), Code::kContent},
                      Cell{"CompositeMalformed", Code::kFetch, "", json("[{"), Code::kBadRequest},
                      Cell{"CompositePath", Code::kFetch, "/3", json(R"([{"n":"/3/0/0"}])"),
                           Code::kMethodNotAllowed}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Table_6_7_3_Write, ResponseCodes,
    ::testing::Values(
        Cell{"Changed", Code::kPut, "/33000/0/1", text("5"), Code::kChanged},
        Cell{"Continue",
             Code::kPut,
             "/33000/0/3",
             {.format = kText, .block1 = coap::Block{0, true, 0}.value(), .payload = "sixteen bytes..."},
             Code::kContinue},
        Cell{"WrongType", Code::kPut, "/33000/0/1", text("five"), Code::kBadRequest},
        Cell{"OutOfRange", Code::kPut, "/33000/0/1", text("101"), Code::kBadRequest},
        Cell{"NoRight", Code::kPut, "/33000/1/1", text("5"), Code::kUnauthorized},
        Cell{"NoResource", Code::kPut, "/33000/0/99", text("5"), Code::kNotFound},
        Cell{"ReadOnly", Code::kPut, "/33000/0/10", text("5"), Code::kMethodNotAllowed},
        Cell{"Incomplete",
             Code::kPut,
             "/33000/0/3",
             {.format = kText, .block1 = coap::Block{1, false, 0}.value(), .payload = "x"},
             Code::kRequestEntityIncomplete},
        Cell{"Format",
             Code::kPut,
             "/33000/0/1",
             {.format = kUnknown, .payload = "5"},
             Code::kUnsupportedContentFormat},
        Cell{"CompositeChanged", Code::kIPatch, "", json(R"([{"n":"/33000/0/1","v":6}])"), Code::kChanged},
        Cell{"CompositeNoRight", Code::kIPatch, "", json(R"([{"n":"/33000/1/1","v":6}])"),
             Code::kUnauthorized},
        Cell{"CompositeWrongType", Code::kIPatch, "", json(R"([{"n":"/33000/0/1","vs":"x"}])"),
             Code::kBadRequest}),
    name_of);

TEST_F(ResponseCodesTest, Table_6_7_3_Write_TooLarge) {
  const std::string block(1024, 'x');
  for (const auto& [number, code] :
       {std::pair{0U, Code::kContinue}, {1U, Code::kContinue}, {2U, Code::kRequestEntityTooLarge}}) {
    const Ask part{.format = kText, .block1 = coap::Block{number, true, 6}.value(), .payload = block};
    EXPECT_EQ(ask(Code::kPut, "/33000/0/3", part).code, code);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table_6_7_3_Delete, ResponseCodes,
    ::testing::Values(Cell{"Deleted", Code::kDelete, "/33000/0", {}, Code::kDeleted},
                      Cell{"Undetermined", Code::kDelete, "/33001/0", {}, Code::kBadRequest},
                      Cell{"NoRight", Code::kDelete, "/33000/1", {}, Code::kUnauthorized},
                      Cell{"NoInstance", Code::kDelete, "/33000/7", {}, Code::kNotFound},
                      Cell{"Device", Code::kDelete, "/3/0", {}, Code::kMethodNotAllowed},
                      Cell{"Resource", Code::kDelete, "/33000/0/8", {}, Code::kMethodNotAllowed}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Table_6_7_3_Execute, ResponseCodes,
    ::testing::Values(Cell{"Changed", Code::kPost, "/33000/0/9", {.payload = "0='a',1"}, Code::kChanged},
                      Cell{"Arguments", Code::kPost, "/33000/0/9", {.payload = "a=0"}, Code::kBadRequest},
                      Cell{"Refused", Code::kPost, "/33001/0/1", {}, Code::kBadRequest},
                      Cell{"NoRight", Code::kPost, "/33000/1/9", {}, Code::kUnauthorized},
                      Cell{"NoResource", Code::kPost, "/33000/0/99", {}, Code::kNotFound},
                      Cell{"NoCommand", Code::kPost, "/33000/0/1", {}, Code::kMethodNotAllowed}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Table_6_7_3_Write_Attributes, ResponseCodes,
    ::testing::Values(
        Cell{"Changed", Code::kPut, "/33000/0/1", {.query = {"pmin=5"}}, Code::kChanged},
        Cell{"NoNumber", Code::kPut, "/33000/0/1", {.query = {"pmin=x"}}, Code::kBadRequest},
        Cell{"Inconsistent", Code::kPut, "/33000/0/1", {.query = {"pmin=5", "pmax=1"}}, Code::kBadRequest},
        Cell{"NoRight", Code::kPut, "/33000/1/1", {.query = {"pmin=5"}}, Code::kUnauthorized},
        Cell{"NoInstance", Code::kPut, "/33000/7", {.query = {"pmin=5"}}, Code::kNotFound},
        Cell{"Command", Code::kPut, "/33000/0/9", {.query = {"pmin=5"}}, Code::kMethodNotAllowed}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Table_6_7_3_Discover, ResponseCodes,
    ::testing::Values(
        Cell{"Content", Code::kGet, "/33000/0", {.accept = kLinks}, Code::kContent},
        Cell{"NoRight", Code::kGet, "/33000/1", {.accept = kLinks}, Code::kUnauthorized},
        Cell{"NoInstance", Code::kGet, "/33000/7", {.accept = kLinks}, Code::kNotFound},
        Cell{"ResourceInstance", Code::kGet, "/3/0/11/0", {.accept = kLinks}, Code::kMethodNotAllowed}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Table_6_7_4_Observe, ResponseCodes,
    ::testing::Values(Cell{"Content", Code::kGet, "/33000/0", observe(0), Code::kContent},
                      Cell{"Undetermined", Code::kGet, "/33001/0/0", observe(0), Code::kBadRequest},
                      Cell{"NoRight", Code::kGet, "/33000/1", observe(0), Code::kUnauthorized},
                      Cell{"NoInstance", Code::kGet, "/33000/7", observe(0), Code::kNotFound},
                      Cell{"WriteOnly", Code::kGet, "/33000/0/11", observe(0), Code::kMethodNotAllowed},
                      Cell{"Format", Code::kGet, "/33000/0", observe(0, kUnknown), Code::kNotAcceptable},
                      Cell{"CompositeContent",
                           Code::kFetch,
                           "",
                           {.format = kSenmlJson, .observe = 0, .payload = R"([{"n":"/3/0/0"}])"},
                           Code::kContent},
                      Cell{"CompositeMalformed",
                           Code::kFetch,
                           "",
                           {.format = kSenmlJson, .observe = 0, .payload = "[{"},
                           Code::kBadRequest}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Table_6_7_4_Cancel, ResponseCodes,
    ::testing::Values(Cell{"Content", Code::kGet, "/33000/0", observe(1), Code::kContent},
                      Cell{"Undetermined", Code::kGet, "/33001/0/0", observe(1), Code::kBadRequest},
                      Cell{"NoRight", Code::kGet, "/33000/1", observe(1), Code::kUnauthorized},
                      Cell{"NoInstance", Code::kGet, "/33000/7", observe(1), Code::kNotFound},
                      Cell{"WriteOnly", Code::kGet, "/33000/0/11", observe(1), Code::kMethodNotAllowed},
                      Cell{"Format", Code::kGet, "/33000/0", observe(1, kUnknown), Code::kNotAcceptable}),
    name_of);

TEST_F(ResponseCodesTest, Table_6_7_4_Notify) {
  ASSERT_EQ(ask(Code::kGet, "/33000/0/1", observe(0, kText)).code, Code::kContent);
  probes.set<&Probe::number>(0, 50);
  engine.step(now);
  const Seen notification = take();
  EXPECT_EQ(notification.code, Code::kContent);
  EXPECT_EQ(notification.payload, "50");
}

}  // namespace
}  // namespace linnet::client::test
