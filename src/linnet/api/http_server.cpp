// SPDX-License-Identifier: Apache-2.0
#include "linnet/api/http_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <thread>
#include <unordered_map>
#include <utility>

#include "linnet/api/http_session.hpp"

namespace linnet::api {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// How long answers under way have when the server stops.
constexpr std::chrono::seconds kLastAnswers{1};
/// When the system has no more sockets, accepting again at once would only spin.
constexpr std::chrono::milliseconds kAcceptPause{100};

tcp::endpoint endpoint_of(const net::Address& address) {
  if (address.is_v4()) {
    const auto& ip = address.ip();
    return {asio::ip::address_v4({ip[12], ip[13], ip[14], ip[15]}), address.port()};
  }
  return {asio::ip::address_v6(address.ip(), address.scope()), address.port()};
}

}  // namespace

class HttpServer::Parts {
 public:
  Parts(const HttpServerConfig& settings, HttpHandler serve)
      : config(settings), handler(std::move(serve)), acceptor(context), pause(context) {}

  /// Empty, or why not.
  std::string bind() {
    try {
      const tcp::endpoint endpoint = endpoint_of(config.listen);
      acceptor.open(endpoint.protocol());
      acceptor.set_option(tcp::acceptor::reuse_address(true));
      acceptor.bind(endpoint);
      acceptor.listen();
      sockaddr_storage bound{};
      const auto local = acceptor.local_endpoint();
      std::memcpy(&bound, local.data(), local.size());
      listening = net::Address::from(bound);
      return {};
    } catch (const boost::system::system_error& error) {
      return "cannot listen for HTTP on " + config.listen.text() + ": " + error.code().message() +
             (error.code() == asio::error::address_in_use ? " (another linnetd? --http names another port)"
                                                          : "");
    }
  }

  void accept() {
    acceptor.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
      if (stopping) return;
      if (error) {
        pause.expires_after(kAcceptPause);
        pause.async_wait([this](const boost::system::error_code& cancelled) {
          if (!cancelled) accept();
        });
        return;
      }
      if (sessions.size() < config.max_connections) take(std::move(socket));
      accept();
    });
  }

  void take(tcp::socket socket) {
    boost::system::error_code ignored;
    (void)socket.set_option(tcp::no_delay(true), ignored);
    auto session =
        std::make_shared<HttpSession>(std::move(socket), config, handler, [this](HttpSession& ended) {
          sessions.erase(&ended);
          if (stopping && sessions.empty()) context.stop();
        });
    sessions.emplace(session.get(), session);
    session->start();
  }

  void shut_down() {
    stopping = true;
    boost::system::error_code ignored;
    (void)acceptor.close(ignored);
    pause.cancel();
    const auto open = sessions;  // closing takes them out
    for (const auto& [address, session] : open) session->shut_down();
    pause.expires_after(kLastAnswers);
    pause.async_wait([this](const boost::system::error_code&) { context.stop(); });
    if (sessions.empty()) context.stop();
  }

  HttpServerConfig config;
  HttpHandler handler;
  asio::io_context context{1};
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::unordered_map<HttpSession*, std::shared_ptr<HttpSession>> sessions;
  net::Address listening;
  bool stopping = false;
  std::thread thread;
};

HttpServer::HttpServer(std::unique_ptr<Parts> parts) noexcept : parts_(std::move(parts)) {}

HttpServer::~HttpServer() {
  stop();
}

std::expected<std::unique_ptr<HttpServer>, std::string> HttpServer::start(const HttpServerConfig& config,
                                                                          HttpHandler handler) {
  auto parts = std::make_unique<Parts>(config, std::move(handler));
  if (std::string problem = parts->bind(); !problem.empty()) return std::unexpected(std::move(problem));
  parts->accept();
  parts->thread = std::thread([raw = parts.get()] { raw->context.run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(parts)));
}

const net::Address& HttpServer::listening() const noexcept {
  return parts_->listening;
}

void HttpServer::stop() {
  if (!parts_->thread.joinable()) return;
  asio::post(parts_->context, [this] { parts_->shut_down(); });
  parts_->thread.join();
  parts_->sessions.clear();
}

}  // namespace linnet::api
