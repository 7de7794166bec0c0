// SPDX-License-Identifier: Apache-2.0
#include "linnet/api/queue_wish.hpp"

#include <gtest/gtest.h>

namespace linnet::api {
namespace {

constexpr WaitBounds kBounds{Seconds(600), Seconds(120)};

HttpRequest with(std::map<std::string, std::string> query, std::string prefer = {}) {
  HttpRequest request;
  request.query = std::move(query);
  request.prefer = std::move(prefer);
  return request;
}
net::Device device(bool queue_mode, bool awake) {
  net::Device one;
  one.binding = lwm2m::Binding(lwm2m::Binding::kUdp);
  if (queue_mode) one.binding = one.binding | lwm2m::Binding::kQueue;
  one.awake = awake;
  return one;
}
std::optional<QueueWish> wish(const HttpRequest& request, const net::Device& one) {
  const auto read = queue_wish(request, one, kBounds);
  EXPECT_TRUE(read);
  return read.value_or(std::nullopt);
}

TEST(QueueWish, a_device_without_queue_mode_is_asked_directly_unless_the_request_says_otherwise) {
  EXPECT_FALSE(wish(with({}), device(false, true)));
  EXPECT_TRUE(wish(with({{"queue", "60"}}), device(false, true)));
  EXPECT_TRUE(wish(with({}, "respond-async"), device(false, true)));
}

TEST(QueueWish, for_a_device_in_queue_mode_a_request_waits_while_it_is_awake_and_not_while_it_sleeps) {
  EXPECT_EQ(wish(with({}), device(true, true))->wait, Seconds(120));
  EXPECT_EQ(wish(with({}), device(true, false))->wait, Seconds(0));
  EXPECT_EQ(wish(with({}), device(true, false))->hold.ttl, Seconds(86'400));
  EXPECT_FALSE(wish(with({{"queue", "0"}}), device(true, false)));
}

TEST(QueueWish, query_and_Prefer_say_how_long) {
  EXPECT_EQ(wish(with({{"queue", "3600"}, {"wait", "5"}}), device(true, false))->hold.ttl, Seconds(3600));
  EXPECT_EQ(wish(with({{"wait", "5"}}), device(true, false))->wait, Seconds(5));
  EXPECT_EQ(wish(with({}, "respond-async"), device(true, true))->wait, Seconds(0));
  EXPECT_EQ(wish(with({}, "foo=bar, respond-async , wait=7"), device(true, true))->wait, Seconds(7));
  EXPECT_EQ(wish(with({{"wait", "5"}}, "wait=7"), device(true, true))->wait, Seconds(5));
  EXPECT_EQ(wish(with({}, "wait=100000"), device(true, true))->wait, Seconds(600));
  EXPECT_EQ(wish(with({{"unanswered", "fail"}}), device(true, true))->hold.unanswered,
            server::Unanswered::kFail);
}

TEST(QueueWish, what_is_no_number_or_out_of_range_is_refused) {
  for (const auto& [name, value] : std::map<std::string, std::string>{{"queue", "-1"},
                                                                      {"queue", "x"},
                                                                      {"queue", "99999999999"},
                                                                      {"wait", "601"},
                                                                      {"unanswered", "twice"}}) {
    EXPECT_EQ(queue_wish(with({{name, value}}), device(true, true), kBounds).error().status, 400U) << value;
  }
}

TEST(QueuedIdText, is_sixteen_digits) {
  EXPECT_EQ(queued_id_text(server::QueuedId{0x0190ABCDEF}), "0000000190abcdef");
  EXPECT_EQ(parse_queued_id("0000000190abcdef"), server::QueuedId{0x0190ABCDEF});
  for (const char* text : {"", "190abcdef", "0000000190abcdeg", "00000000190abcdef", "-000000190abcdef"}) {
    EXPECT_FALSE(parse_queued_id(text)) << text;
  }
}

}  // namespace
}  // namespace linnet::api
