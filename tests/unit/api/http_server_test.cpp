// SPDX-License-Identifier: Apache-2.0
// The HTTP server against raw sockets: every byte of a request is the test's.
#include "linnet/api/http_server.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace linnet::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr int kPatience = 20'000;  ///< milliseconds for anything that ought to happen at once

class Client {
 public:
  explicit Client(const net::Address& server) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_storage address{};
    const socklen_t size = server.to(address);
    connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0;
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  void send(const std::string& bytes) const {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t count = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return;
      sent += static_cast<std::size_t>(count);
    }
  }
  void half_close() const { shutdown(fd_, SHUT_WR); }

  /// All that comes until `mark` has been seen so often, or the end.
  std::string until(std::string_view mark, int times = 1) {
    std::size_t at = 0;
    for (;;) {
      int seen = 0;
      std::size_t end = 0;
      for (at = got_.find(mark); at != std::string::npos && seen < times; at = got_.find(mark, end)) {
        end = at + mark.size();
        ++seen;
      }
      if (seen == times) {
        std::string out = got_.substr(0, end);
        got_.erase(0, end);
        return out;
      }
      if (!receive()) return std::exchange(got_, {});
    }
  }
  /// All that comes until the server closes.
  std::string until_end() {
    while (receive()) {
    }
    EXPECT_TRUE(ended_) << "the server did not close";
    return std::exchange(got_, {});
  }

 private:
  bool receive() {
    pollfd ready{fd_, POLLIN, 0};
    if (poll(&ready, 1, kPatience) != 1) return false;
    std::array<char, 4096> bytes{};
    const ssize_t count = recv(fd_, bytes.data(), bytes.size(), 0);
    if (count <= 0) {
      ended_ = true;
      return false;
    }
    got_.append(bytes.data(), static_cast<std::size_t>(count));
    return true;
  }

  int fd_;
  bool connected_ = false;
  bool ended_ = false;
  std::string got_;
};

/// Keeps what the server asks; answers at once, later or by a stream, as the path says.
class Handler {
 public:
  void handle(HttpRequest request, Answer answer) {
    const std::string what = request.path.empty() ? "" : request.path.front();
    std::unique_lock lock(mutex_);
    requests_.push_back(request);
    changed_.notify_all();
    if (what == "later") {
      waiting_.push_back(std::move(answer));
      return;
    }
    lock.unlock();
    if (what == "drop") return;
    if (what == "empty") return answer.respond({204, {}, {}, {}});
    if (what == "events") return answer.stream(source());
    answer.respond({200, request.method + " " + what + " " + request.body, "text/plain", {}});
  }

  HttpRequest wait_for_request() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, milliseconds(kPatience), [this] { return !requests_.empty(); }));
    HttpRequest request = requests_.front();
    requests_.pop_front();
    return request;
  }
  Answer waiting() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, milliseconds(kPatience), [this] { return !waiting_.empty(); }));
    Answer answer = std::move(waiting_.front());
    waiting_.pop_front();
    return answer;
  }

  /// What the stream is to say next, from any thread.
  void say(const std::string& text) {
    std::function<void()> wake;
    {
      const std::scoped_lock lock(mutex_);
      said_ += text;
      wake = wake_;
    }
    wake();
  }
  bool wait_for_end_of_stream() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, milliseconds(kPatience), [this] { return ended_; });
  }

 private:
  class Source final : public EventSource {
   public:
    explicit Source(Handler& handler) : handler_(handler) {}
    ~Source() override {
      const std::scoped_lock lock(handler_.mutex_);
      handler_.ended_ = true;
      handler_.changed_.notify_all();
    }
    std::string next() override {
      const std::scoped_lock lock(handler_.mutex_);
      return std::exchange(handler_.said_, {});
    }

   private:
    Handler& handler_;
  };

  EventSourceFactory source() {
    return [this](std::function<void()> wake) {
      const std::scoped_lock lock(mutex_);
      wake_ = std::move(wake);
      return std::make_unique<Source>(*this);
    };
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<HttpRequest> requests_;
  std::deque<Answer> waiting_;
  std::string said_;
  std::function<void()> wake_;
  bool ended_ = false;
};

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() { config_.listen = net::Address::v4(0x7F000001, 0); }

  Client client() {
    if (!server_) start();
    return Client(server_->listening());
  }
  void start() {
    auto started = HttpServer::start(config_, [this](HttpRequest request, Answer answer) {
      handler_.handle(std::move(request), std::move(answer));
    });
    ASSERT_TRUE(started) << started.error();
    server_ = *std::move(started);
  }
  /// The answer, until the server closes, to bytes that are no more than one request.
  std::string answer_to(const std::string& bytes) {
    Client one = client();
    one.send(bytes);
    return one.until_end();
  }

  HttpServerConfig config_;
  Handler handler_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, HandsOverMethodPathQueryAndBody) {
  Client one = client();
  one.send("PUT /a%2Fb//c?x=1&y=%20z&x=2&flag HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
  EXPECT_THAT(one.until("PUT a/b body"), StartsWith("HTTP/1.1 200 OK\r\n"));
  const HttpRequest request = handler_.wait_for_request();
  EXPECT_EQ(request.path, (std::vector<std::string>{"a/b", "c"}));
  EXPECT_EQ(request.query, (std::map<std::string, std::string>{{"x", "2"}, {"y", " z"}, {"flag", ""}}));
}

TEST_F(HttpServerTest, TakesTheAbsoluteFormOfATarget) {
  Client one = client();
  one.send("GET http://127.0.0.1:8080/a/b?c=http://d HTTP/1.1\r\nHost: h\r\n\r\n");
  one.until("GET a ");
  const HttpRequest request = handler_.wait_for_request();
  EXPECT_EQ(request.path, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(request.query.at("c"), "http://d");
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  Client one = client();
  std::string all;
  for (int i = 0; i < 50; ++i) all += "GET /n" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  one.send(all);
  const std::string answers = one.until("GET n49 ");
  std::size_t at = 0;
  for (int i = 0; i < 50; ++i) {
    const std::size_t next = answers.find("GET n" + std::to_string(i) + " ", at);
    ASSERT_NE(next, std::string::npos) << i;
    at = next;
  }
}

TEST_F(HttpServerTest, AnswersHeadWithTheLengthAndWithoutTheBody) {
  Client one = client();
  one.send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string answers = one.until("GET b ");
  EXPECT_THAT(answers, HasSubstr("Content-Length: 6\r\n"));
  EXPECT_THAT(answers, Not(HasSubstr("GET a ")));
}

TEST_F(HttpServerTest, EndsTheAnswerToHeadOfAStream) {
  const std::string answer = answer_to("HEAD /events HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("text/event-stream"));
  EXPECT_THAT(answer, ::testing::EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, Says204WithoutALength) {
  Client one = client();
  one.send("DELETE /empty HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(one.until("\r\n\r\n"), Not(HasSubstr("Content-Length")));
  one.send("GET /on HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(one.until("GET on "), HasSubstr("200"));
}

TEST_F(HttpServerTest, ClosesWhereTheClientWantsThat) {
  EXPECT_THAT(answer_to("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), HasSubstr("GET a "));
  EXPECT_THAT(answer_to("GET /a HTTP/1.0\r\n\r\n"), HasSubstr("GET a "));
}

TEST_F(HttpServerTest, RefusesABodyOverTheLimitAndTheAnswerArrives) {
  config_.max_body = 1000;
  Client one = client();
  one.send("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n" + std::string(2'000'000, 'x'));
  EXPECT_THAT(one.until("}"), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, RefusesAChunkedBodyOverTheLimit) {
  config_.max_body = 1000;
  Client one = client();
  one.send("PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
           std::string(2000, 'x'));
  EXPECT_THAT(one.until("}"), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, RefusesAHeaderOverTheLimit) {
  Client one = client();
  one.send("GET /a HTTP/1.1\r\nHost: h\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n");
  EXPECT_THAT(one.until("}"), StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpServerTest, RefusesWhatIsNoHttp) {
  for (const char* const bytes :
       {"nonsense\r\n\r\n", "GET /a HTTP/9.9\r\n\r\n", "GET  HTTP/1.1\r\n\r\n", "GET /a b HTTP/1.1\r\n\r\n",
        "GET /a HTTP/1.1\r\nno colon\r\n\r\n", "PUT /a HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "PUT /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01"}) {
    Client one = client();
    one.send(bytes);
    one.half_close();
    const std::string answer = one.until_end();
    EXPECT_THAT(answer, ::testing::AnyOf("", StartsWith("HTTP/1.1 400 "))) << bytes;
  }
}

TEST_F(HttpServerTest, AnErrorAfterAHeadHasItsBody) {
  Client one = client();
  one.send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\nnonsense\r\n\r\n");
  EXPECT_THAT(one.until("}"), HasSubstr("Not an HTTP request"));
}

TEST_F(HttpServerTest, RefusesPagesFromElsewhere) {
  Client one = client();
  one.send("POST /a HTTP/1.1\r\nHost: h\r\nOrigin: http://evil.example\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(one.until("}"), StartsWith("HTTP/1.1 403 "));
  Client own = client();
  own.send("GET /a HTTP/1.1\r\nHost: h\r\nOrigin: http://localhost:3000\r\n\r\n");
  EXPECT_THAT(own.until("GET a "), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpServerTest, RefusesABrokenEscape) {
  Client one = client();
  one.send("GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(one.until("}"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpServerTest, SurvivesAPeerThatLeavesInTheMiddle) {
  for (const char* const bytes :
       {"", "G", "GET /a HTTP/1.1\r\nHo", "PUT /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nab"}) {
    Client one = client();
    one.send(bytes);
    one.half_close();
    one.until_end();
  }
  EXPECT_THAT(answer_to("GET /a HTTP/1.0\r\n\r\n"), HasSubstr("GET a "));
}

TEST_F(HttpServerTest, ClosesASlowClientAndAnIdleOne) {
  config_.idle_timeout = seconds(1);
  Client slow = client();
  Client idle = client();
  slow.send("GET /a HTTP/1.1\r\nHost:");
  EXPECT_EQ(slow.until_end(), "");
  EXPECT_EQ(idle.until_end(), "");
}

TEST_F(HttpServerTest, ClosesConnectionsBeyondItsBound) {
  config_.max_connections = 3;
  std::vector<std::unique_ptr<Client>> clients;
  start();
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<Client>(server_->listening()));
    clients.back()->send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_THAT(clients.back()->until("GET a "), HasSubstr("200"));
  }
  EXPECT_EQ(Client(server_->listening()).until_end(), "");
  clients.front()->send("GET /last HTTP/1.0\r\n\r\n");
  clients.front()->until_end();
  EXPECT_THAT(answer_to("GET /next HTTP/1.0\r\n\r\n"), HasSubstr("GET next "));
}

TEST_F(HttpServerTest, AnswersFromAnotherThreadAndLater) {
  Client one = client();
  one.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  Answer answer = handler_.waiting();
  Answer::resume(std::move(answer), [](Answer later) { later.respond({200, "at last", "text/plain", {}}); });
  EXPECT_THAT(one.until("at last"), HasSubstr("200 OK"));
}

TEST_F(HttpServerTest, ADroppedAnswerIs500) {
  Client one = client();
  one.send("GET /drop HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(one.until("}"), StartsWith("HTTP/1.1 500 "));
}

TEST_F(HttpServerTest, AStreamBringsWhatItsSourceSays) {
  Client one = client();
  one.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(one.until(":\n\n\r\n"), HasSubstr("Content-Type: text/event-stream\r\n"));
  handler_.say("data: 1\n\n");
  EXPECT_EQ(one.until("\n\n\r\n"), "9\r\ndata: 1\n\n\r\n");
  handler_.say("data: " + std::string(1000, 'x') + "\n\n");
  EXPECT_THAT(one.until("\n\n\r\n"), StartsWith("3f0\r\ndata: "));
}

TEST_F(HttpServerTest, ASilentStreamIsKeptAlive) {
  config_.heartbeat = seconds(1);
  Client one = client();
  one.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(one.until("3\r\n:\n\n\r\n", 3), HasSubstr("event-stream"));
}

TEST_F(HttpServerTest, AStreamEndsWithItsReader) {
  {
    Client one = client();
    one.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\nwhat nobody asked for");
    one.until(":\n\n");
  }
  EXPECT_TRUE(handler_.wait_for_end_of_stream());
  handler_.say("data: nobody hears\n\n");
  EXPECT_THAT(answer_to("GET /a HTTP/1.0\r\n\r\n"), HasSubstr("GET a "));
}

TEST_F(HttpServerTest, StopEndsStreamsAndIdleConnections) {
  Client stream = client();
  stream.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  stream.until(":\n\n");
  Client idle = client();
  idle.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  idle.until("GET a ");
  server_->stop();
  EXPECT_TRUE(handler_.wait_for_end_of_stream());
  stream.until_end();
  idle.until_end();
}

TEST_F(HttpServerTest, StopLetsTheAnswersUnderWayOut) {
  Client one = client();
  one.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  Answer answer = handler_.waiting();
  answer.respond({503, "ending", "text/plain", {}});
  server_->stop();
  EXPECT_THAT(one.until_end(), HasSubstr("ending"));
}

TEST_F(HttpServerTest, StopDoesNotWaitForWhoNeverAnswers) {
  Client one = client();
  one.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  Answer answer = handler_.waiting();
  server_->stop();
  answer.respond({200, "too late", "text/plain", {}});
  server_.reset();
  one.until_end();
}

TEST_F(HttpServerTest, APortInUseIsASentenceWithTheAddress) {
  start();
  HttpServerConfig second = config_;
  second.listen = server_->listening();
  const auto started = HttpServer::start(second, [](HttpRequest, Answer) {});
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error(), HasSubstr(server_->listening().text()));
  EXPECT_THAT(started.error(), HasSubstr("in use"));
}

}  // namespace
}  // namespace linnet::api
