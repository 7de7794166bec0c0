// SPDX-License-Identifier: Apache-2.0
#include "downloads.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <thread>
#include <vector>

#include "settings.hpp"

namespace linnet::device {

using client::PackageResult;
using client::PackageTransfer;

namespace {

constexpr long kHttpBadRequest = 400;
constexpr long kHttpServerError = 500;
constexpr long kHttpPartialContent = 206;
constexpr std::ptrdiff_t kMaxWaiting = 64;  // pieces between the threads
constexpr long kConnectSeconds = 20;
constexpr long kStallSeconds = 30;

/// libcurl is set up once for the process, before any thread.
void set_up_curl() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)done;
}

PackageResult result_of(CURLcode code, long status) {
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION: return PackageResult::kInvalidUri;
    case CURLE_UNSUPPORTED_PROTOCOL: return PackageResult::kUnsupportedProtocol;
    case CURLE_HTTP_RETURNED_ERROR:
      return status >= kHttpBadRequest && status < kHttpServerError ? PackageResult::kInvalidUri
                                                                    : PackageResult::kConnectionLost;
    default: return PackageResult::kConnectionLost;
  }
}

}  // namespace

/// One GET from an offset on. Its destructor ends it.
class Downloads::Http {
 public:
  using Piece = std::function<void(std::vector<std::uint8_t> bytes)>;
  using End = std::function<void(CURLcode code, long status)>;

  /// Both are called on the download's own thread.
  Http(std::string uri, std::uint32_t offset, std::string trust, Piece piece, End end)
      : uri_(std::move(uri)),
        offset_(offset),
        trust_(std::move(trust)),
        piece_(std::move(piece)),
        end_(std::move(end)) {
    thread_ = std::thread([this] { run(); });
  }
  ~Http() {
    stopped_ = true;
    waiting_ = 0;
    waiting_.notify_all();
    thread_.join();
  }
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  /// A piece has been used: another may come.
  void used() {
    --waiting_;
    waiting_.notify_all();
  }

 private:
  void run() {
    CURL* curl = curl_easy_init();
    curl_ = curl;
    const std::string range = std::to_string(offset_) + "-";
    curl_easy_setopt(curl, CURLOPT_URL, uri_.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kStallSeconds);
    if (!trust_.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, trust_.c_str());
    if (offset_ > 0) curl_easy_setopt(curl, CURLOPT_RANGE, range.c_str());
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Http::receive);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, this);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &Http::look);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    const CURLcode code = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    if (!stopped_) end_(code, status);
  }

  static std::size_t receive(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<Http*>(self)->take(data, size * count);
  }
  static int look(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Http*>(self)->stopped_ ? 1 : 0;
  }

  std::size_t take(const char* data, std::size_t size) {
    if (first_) {
      first_ = false;
      long status = 0;
      curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
      // A server that knows no ranges sends all of it again.
      skip_ = status == kHttpPartialContent ? 0 : offset_;
    }
    const std::size_t skipped = std::min<std::size_t>(skip_, size);
    skip_ -= skipped;
    if (skipped == size) return size;
    for (auto waiting = waiting_.load(); waiting >= kMaxWaiting && !stopped_; waiting = waiting_.load()) {
      waiting_.wait(waiting);
    }
    if (stopped_) return 0;
    ++waiting_;
    piece_({data + skipped, data + size});
    return size;
  }

  std::string uri_;
  std::uint32_t offset_;
  std::string trust_;
  Piece piece_;
  End end_;
  CURL* curl_ = nullptr;
  bool first_ = true;
  std::size_t skip_ = 0;
  std::atomic<bool> stopped_{false};
  std::atomic<std::ptrdiff_t> waiting_{0};
  std::thread thread_;
};

Downloads::Downloads(boost::asio::io_context& io, UdpLinks& links, SecuredLink secured_link,
                     std::string trust, std::function<void()> turn)
    : io_(io),
      links_(links),
      secured_link_(std::move(secured_link)),
      trust_(std::move(trust)),
      turn_(std::move(turn)) {
  set_up_curl();
}

Downloads::~Downloads() = default;

void Downloads::later(PackageTransfer& transfer, std::uint64_t number,
                      std::function<void(PackageTransfer&, Open&)> work) {
  boost::asio::post(io_, [this, &transfer, number, work = std::move(work)] {
    const auto open = open_.find(&transfer);
    if (open == open_.end() || open->second.number != number) return;
    work(transfer, open->second);
    turn_();
  });
}

coap::LinkId Downloads::link_to(std::string_view uri) const {
  const auto host = Account::parse(uri.substr(0, uri.find_first_of("/?", uri.find("//") + 2)));
  if (!host) return coap::kNoLink;
  if (host->secured()) return secured_link_(host->address);
  return links_.link_to(host->address).value_or(coap::kNoLink);
}

PackageResult Downloads::open(PackageTransfer& transfer, std::string_view uri,
                              std::uint32_t offset) noexcept {
  const std::string text(uri);
  const std::string scheme = text.substr(0, std::min(text.find(':'), text.size()));
  const bool coap = scheme == "coap" || scheme == "coaps";
  if (!coap && scheme != "http" && scheme != "https") return PackageResult::kUnsupportedProtocol;
  const std::uint64_t number = ++opened_;
  Open& open = open_[&transfer];
  open.number = number;
  open.http.reset();
  if (coap) {
    later(transfer, number, [this, text](PackageTransfer& to, Open& /*open*/) {
      const coap::LinkId link = link_to(text);
      if (link != coap::kNoLink)
        to.linked(link);
      else
        to.failed(PackageResult::kConnectionLost);
    });
    return PackageResult::kInitial;
  }
  open.http = std::make_unique<Http>(
      text, offset, trust_,
      [this, &transfer, number](std::vector<std::uint8_t> bytes) {
        later(transfer, number, [bytes = std::move(bytes)](PackageTransfer& to, Open& from) {
          from.http->used();
          to.received(bytes, false);
        });
      },
      [this, &transfer, number](CURLcode code, long status) {
        later(transfer, number, [code, status](PackageTransfer& to, Open& /*from*/) {
          if (code == CURLE_OK)
            to.received({}, true);
          else
            to.failed(result_of(code, status));
        });
      });
  return PackageResult::kInitial;
}

void Downloads::close(PackageTransfer& transfer) noexcept {
  open_.erase(&transfer);
}

}  // namespace linnet::device
