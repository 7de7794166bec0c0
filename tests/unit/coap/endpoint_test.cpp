// SPDX-License-Identifier: Apache-2.0
// Both roles of an endpoint over a virtual link: RFC 7252 §4 and §5.
#include "linnet/coap/endpoint.hpp"

#include <gtest/gtest.h>

#include "tests/support/pair.hpp"

namespace linnet::testing {
namespace {

using coap::Code;

constexpr std::string_view kPath[] = {"3", "0", "0"};

coap::OutgoingRequest request_of(Code method, bool confirmable = true) {
  coap::OutgoingRequest request;
  request.method = method;
  request.confirmable = confirmable;
  request.path = kPath;
  return request;
}

coap::Reply content(std::string_view text) {
  coap::Reply reply;
  reply.code = Code::kContent;
  reply.payload = as_bytes(text);
  return reply;
}

coap::Reply deferred_reply() {
  coap::Reply reply;
  reply.kind = coap::Reply::Kind::kDefer;
  return reply;
}

/// The only outcome of a request; a failure of the test when there is another number of them.
Outcome only_outcome(Node& node, coap::RequestId id) {
  const auto& all = node.handler.outcomes[id];
  EXPECT_EQ(all.size(), 1U);
  return all.empty() ? Outcome{} : all.front();
}

TEST(Endpoint, answers_a_request_by_a_piggybacked_response) {
  Pair pair;
  pair.server.handler.answer = [](const auto& request, auto, auto) {
    EXPECT_EQ(request.method, Code::kGet);
    EXPECT_TRUE(request.confirmable);
    return content("hello");
  };
  const auto id = pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet), pair.network.now);
  ASSERT_TRUE(id);
  pair.run();
  const Outcome outcome = only_outcome(pair.client, *id);
  EXPECT_EQ(outcome.code, Code::kContent);
  EXPECT_EQ(outcome.payload, bytes_of("hello"));
  EXPECT_EQ(pair.network.posted, 2U);
}

TEST(Endpoint, answers_a_non_confirmable_request_by_a_non_confirmable_response) {
  Pair pair;
  pair.server.handler.answer = [](const auto&, auto, auto) { return content("hello"); };
  const auto id = pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet, false), pair.network.now);
  ASSERT_TRUE(id);
  pair.run();
  EXPECT_EQ(only_outcome(pair.client, *id).payload, bytes_of("hello"));
  EXPECT_EQ(pair.network.posted, 2U);
}

TEST(Endpoint, acknowledges_a_deferred_request_alone_and_responds_separately) {
  Pair pair;
  coap::DeferredId owed{};
  pair.server.handler.answer = [&owed](const auto&, auto deferred, auto) {
    owed = deferred;
    return deferred_reply();
  };
  const auto id = pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet), pair.network.now);
  ASSERT_TRUE(id);
  pair.run_for(Millis(5000));
  EXPECT_EQ(pair.network.posted, 2U);
  ASSERT_TRUE(pair.server.endpoint.respond(owed, content("late"), pair.network.now));
  EXPECT_EQ(pair.server.endpoint.respond(owed, content("twice"), pair.network.now).error().code,
            Errc::kNotFound);
  pair.run();
  EXPECT_EQ(only_outcome(pair.client, *id).payload, bytes_of("late"));
  EXPECT_EQ(pair.network.posted, 4U);
}

TEST(Endpoint, piggybacks_a_deferred_answer_that_comes_in_time) {
  Pair pair;
  coap::DeferredId owed{};
  pair.server.handler.answer = [&owed](const auto&, auto deferred, auto) {
    owed = deferred;
    return deferred_reply();
  };
  const auto id = pair.client.endpoint.request(Pair::kLink, request_of(Code::kPost), pair.network.now);
  ASSERT_TRUE(id);
  pair.run_for(Millis(100));
  ASSERT_TRUE(pair.server.endpoint.respond(owed, content("soon"), pair.network.now));
  pair.run();
  EXPECT_EQ(only_outcome(pair.client, *id).payload, bytes_of("soon"));
  EXPECT_EQ(pair.network.posted, 2U);
}

TEST(Endpoint, a_deferred_request_that_is_never_answered_is_forgotten) {
  Pair pair;
  pair.server.handler.answer = [](const auto&, auto, auto) { return deferred_reply(); };
  ASSERT_TRUE(pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet), pair.network.now));
  ASSERT_TRUE(pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet, false), pair.network.now));
  pair.run();
  EXPECT_TRUE(pair.server.endpoint.idle(Pair::kLink, pair.network.now + Seconds(300)));
}

TEST(Endpoint, gives_up_after_max_transmit_wait) {
  Pair pair;
  pair.set_weather({.loss = 100});
  const Instant start = pair.network.now;
  const auto id = pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet), start);
  ASSERT_TRUE(id);
  pair.run();
  EXPECT_EQ(only_outcome(pair.client, *id).why, Errc::kTimeout);
  EXPECT_EQ(pair.network.posted, 5U);
  EXPECT_GE(pair.network.now - start, Millis(62'000));
  EXPECT_LE(pair.network.now - start, Millis(93'000));
}

TEST(Endpoint, wakes_only_when_something_is_due) {
  Pair pair;
  pair.set_weather({.loss = 100});
  ASSERT_TRUE(pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet), pair.network.now));
  int steps = 0;
  while (pair.advance()) ++steps;
  EXPECT_EQ(steps, 5);  // four retransmissions and the end
}

TEST(Endpoint, a_jump_of_the_clock_costs_one_retransmission_not_all) {
  Pair pair;
  pair.set_weather({.loss = 100});
  ASSERT_TRUE(pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet), pair.network.now));
  pair.client.endpoint.step(pair.network.now + Seconds(3600));
  EXPECT_EQ(pair.network.posted, 2U);
  EXPECT_GT(pair.client.endpoint.next_deadline(), pair.network.now + Seconds(3600));
}

TEST(Endpoint, holds_a_second_request_back_until_the_first_is_done) {
  Pair pair;
  pair.server.handler.answer = [](const auto&, auto, auto) { return content("x"); };
  const auto one = pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet), pair.network.now);
  const auto two = pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet), pair.network.now);
  ASSERT_TRUE(one && two);
  EXPECT_EQ(pair.network.posted, 1U);
  pair.run();
  EXPECT_FALSE(only_outcome(pair.client, *one).failed);
  EXPECT_FALSE(only_outcome(pair.client, *two).failed);
}

TEST(Endpoint, nstart_may_be_larger) {
  Pair pair;
  pair.client.links.link_traits.transmission.nstart = 2;
  ASSERT_TRUE(pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet), pair.network.now));
  ASSERT_TRUE(pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet), pair.network.now));
  EXPECT_EQ(pair.network.posted, 2U);
}

TEST(Endpoint, a_cancelled_request_makes_room_and_tells_nothing) {
  Pair pair;
  pair.set_weather({.loss = 100});
  const auto one = pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet), pair.network.now);
  const auto two = pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet), pair.network.now);
  ASSERT_TRUE(one && two);
  pair.client.endpoint.cancel(*one, pair.network.now);
  pair.client.endpoint.cancel(*one, pair.network.now);
  EXPECT_EQ(pair.network.posted, 2U);
  pair.run();
  EXPECT_EQ(pair.client.handler.outcomes.count(*one), 0U);
  EXPECT_EQ(only_outcome(pair.client, *two).why, Errc::kTimeout);
}

TEST(Endpoint, a_ping_tells_whether_the_peer_lives) {
  Pair pair;
  const auto alive = pair.client.endpoint.ping(Pair::kLink, pair.network.now);
  ASSERT_TRUE(alive);
  pair.run();
  EXPECT_EQ(only_outcome(pair.client, *alive).why, Errc::kReset);
  pair.set_weather({.loss = 100});
  const auto dead = pair.client.endpoint.ping(Pair::kLink, pair.network.now);
  ASSERT_TRUE(dead);
  pair.run();
  EXPECT_EQ(only_outcome(pair.client, *dead).why, Errc::kTimeout);
}

TEST(Endpoint, dropping_a_peer_closes_its_requests_at_the_next_step) {
  Pair pair;
  pair.set_weather({.loss = 100});
  const auto one = pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet), pair.network.now);
  const auto two = pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet, false), pair.network.now);
  ASSERT_TRUE(one && two);
  pair.client.endpoint.drop(Pair::kLink, pair.network.now);
  EXPECT_TRUE(pair.client.handler.outcomes.empty());
  EXPECT_FALSE(pair.client.endpoint.idle(Pair::kLink, pair.network.now));
  pair.client.endpoint.step(pair.network.now);
  EXPECT_EQ(only_outcome(pair.client, *one).why, Errc::kClosed);
  EXPECT_EQ(only_outcome(pair.client, *two).why, Errc::kClosed);
  EXPECT_TRUE(pair.client.endpoint.idle(Pair::kLink, pair.network.now));
  EXPECT_EQ(pair.client.endpoint.next_deadline(), kNever);
}

TEST(Endpoint, a_handler_may_drop_the_peer_it_is_asked_by) {
  Pair pair;
  pair.server.handler.answer = [&pair](const auto&, auto, auto) {
    pair.server.endpoint.drop(Pair::kLink, pair.network.now);
    return content("gone");
  };
  ASSERT_TRUE(pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet), pair.network.now));
  pair.run_for(Millis(1000));
  EXPECT_EQ(pair.network.posted, 1U);
  EXPECT_TRUE(pair.server.endpoint.idle(Pair::kLink, pair.network.now));
}

TEST(Endpoint, a_handler_may_send_the_next_request_from_an_outcome) {
  coap::EndpointConfig config;
  config.max_exchanges = 1;
  config.max_per_peer = 1;
  Pair pair(1, config, {});
  int left = 10;
  pair.client.handler.after_outcome = [&] {
    if (left-- > 0) {
      EXPECT_TRUE(pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet), pair.network.now));
    }
  };
  ASSERT_TRUE(pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet), pair.network.now));
  pair.run();
  EXPECT_EQ(pair.server.handler.requests, 11);
}

TEST(Endpoint, a_lost_reply_is_repeated_from_memory) {
  for (const Code method : {Code::kGet, Code::kPost}) {
    Pair pair;
    pair.server.handler.answer = [](const auto&, auto, auto) { return content("short"); };
    pair.server.links.weather.loss = 100;
    const auto id = pair.client.endpoint.request(Pair::kLink, request_of(method), pair.network.now);
    ASSERT_TRUE(id);
    pair.run_for(Millis(1000));
    pair.server.links.weather.loss = 0;
    pair.run();
    EXPECT_EQ(only_outcome(pair.client, *id).payload, bytes_of("short"));
    EXPECT_EQ(pair.server.handler.requests, 1);
    EXPECT_EQ(pair.server.endpoint.statistics().duplicates, 1U);
  }
}

TEST(Endpoint, a_duplicate_is_known_after_abandon_and_new_after_drop) {
  for (const bool drop : {false, true}) {
    Pair pair;
    pair.server.handler.answer = [](const auto&, auto, auto) { return content("done"); };
    pair.server.links.weather.loss = 100;
    ASSERT_TRUE(pair.client.endpoint.request(Pair::kLink, request_of(Code::kPost), pair.network.now));
    pair.run_for(Millis(1000));
    if (drop) {
      pair.server.endpoint.drop(Pair::kLink, pair.network.now);
    } else {
      pair.server.endpoint.abandon(Pair::kLink, pair.network.now);
    }
    pair.server.links.weather.loss = 0;
    pair.run();
    EXPECT_EQ(pair.server.handler.requests, drop ? 2 : 1);
  }
}

TEST(Endpoint, a_message_id_that_comes_round_with_another_token_is_no_duplicate) {
  Pair pair;
  pair.server.handler.answer = [](const auto&, auto, auto) { return content("short"); };
  const auto post = [&](std::uint8_t token) {
    const std::array<std::uint8_t, 5> bytes{0x41, 0x02, 0x12, 0x34, token};
    pair.server.endpoint.receive(Pair::kLink, bytes, pair.network.now);
  };
  post(1);
  post(1);
  EXPECT_EQ(pair.server.handler.requests, 1);
  post(2);
  EXPECT_EQ(pair.server.handler.requests, 2);
}

TEST(Endpoint, a_large_reply_to_a_post_that_is_lost_comes_again_without_a_second_effect) {
  const std::string large(200, 'x');
  Pair pair;
  pair.server.handler.answer = [&](const auto&, auto, auto) { return content(large); };
  pair.server.links.weather.loss = 100;
  const auto id = pair.client.endpoint.request(Pair::kLink, request_of(Code::kPost), pair.network.now);
  ASSERT_TRUE(id);
  pair.run_for(Millis(1000));
  pair.server.links.weather.loss = 0;
  pair.run();
  EXPECT_EQ(only_outcome(pair.client, *id).payload, bytes_of(large));
  EXPECT_EQ(pair.server.handler.requests, 1);
}

TEST(Endpoint, a_reply_that_cannot_be_sent_now_is_sent_for_the_duplicate) {
  Pair pair;
  pair.server.handler.answer = [](const auto&, auto, auto) { return content("short"); };
  pair.server.links.blocked = true;
  const auto id = pair.client.endpoint.request(Pair::kLink, request_of(Code::kPost), pair.network.now);
  ASSERT_TRUE(id);
  pair.run_for(Millis(1000));
  pair.server.links.blocked = false;
  pair.run();
  EXPECT_EQ(only_outcome(pair.client, *id).payload, bytes_of("short"));
  EXPECT_EQ(pair.server.handler.requests, 1);
}

TEST(Endpoint, a_silent_handler_is_asked_again) {
  Pair pair;
  pair.server.handler.answer = [&pair](const auto&, auto, auto) {
    coap::Reply reply = content("x");
    if (pair.server.handler.requests == 1) reply.kind = coap::Reply::Kind::kIgnore;
    return reply;
  };
  const auto id = pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet), pair.network.now);
  ASSERT_TRUE(id);
  pair.run();
  EXPECT_EQ(only_outcome(pair.client, *id).payload, bytes_of("x"));
  EXPECT_EQ(pair.server.handler.requests, 2);
}

TEST(Endpoint, delivers_4_29_with_its_max_age) {
  Pair pair;
  pair.server.handler.answer = [](const auto&, auto, auto) {
    coap::Reply reply;
    reply.code = Code::kTooManyRequests;
    reply.max_age = 42;
    return reply;
  };
  const auto id = pair.client.endpoint.request(Pair::kLink, request_of(Code::kGet), pair.network.now);
  ASSERT_TRUE(id);
  pair.run();
  EXPECT_EQ(only_outcome(pair.client, *id).code, Code::kTooManyRequests);
  EXPECT_EQ(only_outcome(pair.client, *id).max_age, 42U);
}

TEST(Endpoint, tells_of_a_notification_what_became_of_it) {
  for (const bool confirmable : {true, false}) {
    for (const bool wanted : {true, false}) {
      Pair pair;
      pair.client.handler.accept_notifications = wanted;
      coap::Notification notification;
      const Bytes token{1, 2, 3};
      notification.token = coap::Token(token);
      notification.confirmable = confirmable;
      notification.observe = 5;
      ASSERT_TRUE(pair.server.endpoint.notify(Pair::kLink, notification, pair.network.now));
      pair.run();
      ASSERT_EQ(pair.client.handler.notifications.size(), 1U);
      EXPECT_EQ(pair.client.handler.notifications[0].observe, 5U);
      const auto& outcomes = pair.server.handler.notification_outcomes;
      ASSERT_EQ(outcomes.size(), confirmable || !wanted ? 1U : 0U);
      if (outcomes.empty()) continue;
      EXPECT_EQ(outcomes[0].first, notification.token);
      EXPECT_EQ(outcomes[0].second,
                wanted ? coap::NotificationOutcome::kAcknowledged : coap::NotificationOutcome::kReset);
    }
  }
}

TEST(Endpoint, a_confirmable_notification_that_nobody_hears_times_out_once) {
  Pair pair;
  pair.set_weather({.loss = 100});
  coap::Notification notification;
  notification.confirmable = true;
  ASSERT_TRUE(pair.server.endpoint.notify(Pair::kLink, notification, pair.network.now));
  pair.run();
  ASSERT_EQ(pair.server.handler.notification_outcomes.size(), 1U);
  EXPECT_EQ(pair.server.handler.notification_outcomes[0].second, coap::NotificationOutcome::kTimedOut);
}

/// Ten thousand requests of all kinds over a bad network: each has its effect at most once and
/// exactly one outcome, and a confirmed success means that the effect took place.
TEST(Endpoint, every_request_has_one_outcome_and_at_most_one_effect) {
  coap::EndpointConfig client;
  client.max_exchanges = 8;
  client.max_per_peer = 8;
  coap::EndpointConfig server;
  server.recent_requests = 16;
  server.max_deferred = 8;
  server.max_exchanges = 8;
  server.max_per_peer = 8;
  Pair pair(2024, client, server);
  pair.set_weather({.loss = 20, .duplication = 10, .delay = Millis(50), .jitter = Millis(400)});
  std::map<std::uint32_t, int> effects;
  std::vector<std::pair<Instant, coap::DeferredId>> owed;
  const std::string large(300, 'y');
  SeededRandom random(7);
  pair.server.handler.answer = [&](const coap::IncomingRequest& request, coap::DeferredId id, ByteSpan) {
    std::uint32_t number = 0;
    std::memcpy(&number, request.payload.data(), sizeof number);
    if (request.method == Code::kPost) ++effects[number];
    if (random.percent(20)) {
      owed.emplace_back(pair.network.now + Millis(random.below(3000)), id);
      return deferred_reply();
    }
    return content(random.percent(30) ? std::string_view(large) : "ok");
  };
  std::map<coap::RequestId, std::uint32_t> under_way;
  std::map<std::uint32_t, int> outcomes;
  int successes = 0;
  std::uint32_t made = 0;
  constexpr std::uint32_t kRequests = 10'000;
  for (;;) {
    while (made < kRequests && under_way.size() < 6) {
      Bytes payload(4);
      std::memcpy(payload.data(), &made, 4);
      coap::OutgoingRequest request = request_of(made % 2 == 0 ? Code::kPost : Code::kGet, made % 5 != 0);
      request.payload = payload;
      request.timeout = Millis(20'000);
      const auto id = pair.client.endpoint.request(Pair::kLink, request, pair.network.now);
      ASSERT_TRUE(id);
      ASSERT_TRUE(under_way.emplace(*id, made++).second);
    }
    Instant next = kNever;
    for (const auto& [at, id] : owed) next = std::min(next, at);
    if (!pair.advance(next)) {
      if (next == kNever) break;
      pair.network.now = std::max(pair.network.now, next);
    }
    std::erase_if(owed, [&](auto& entry) {
      if (entry.first > pair.network.now) return false;
      const auto sent = pair.server.endpoint.respond(entry.second, content("later"), pair.network.now);
      if (sent || sent.error().code != Errc::kBusy) return true;
      entry.first = pair.network.now + Millis(100);
      return false;
    });
    for (const auto& [id, all] : pair.client.handler.outcomes) {
      ASSERT_EQ(all.size(), 1U);
      const auto which = under_way.find(id);
      ASSERT_NE(which, under_way.end());
      ++outcomes[which->second];
      if (!all[0].failed && is_success(all[0].code)) {
        ++successes;
        if (which->second % 2 == 0) {
          EXPECT_EQ(effects[which->second], 1);
        }
      }
      under_way.erase(which);
    }
    pair.client.handler.outcomes.clear();
  }
  EXPECT_EQ(outcomes.size(), kRequests);
  for (const auto& [number, count] : outcomes) EXPECT_EQ(count, 1) << number;
  for (const auto& [number, count] : effects) EXPECT_LE(count, 1) << number;
  EXPECT_GT(successes, 8500);
}

}  // namespace
}  // namespace linnet::testing
