// SPDX-License-Identifier: Apache-2.0
#include "est_registrar.hpp"

#include <curl/curl.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <utility>

#include "linnet/lwm2m/base64.hpp"
#include "linnet/tls/registrar.hpp"

namespace linnet::linnetd {

using coap::Code;
using server::EnrollmentAnswer;
using server::EnrollmentFailure;

namespace {

constexpr std::string_view kCertsOnly = "application/pkcs7-mime";
constexpr long kOk = 200;
constexpr std::uint32_t kLongestRetry = 86'400;
constexpr std::uint32_t kDefaultRetry = 60;

EnrollmentFailure failure(Errc why, Code code, std::uint32_t after = 0) {
  return {Error{why, static_cast<std::uint8_t>(code)}, after};
}

struct Mapped {
  long status;
  Errc why;
  Code code;
};
/// RFC 9148 §4.5, RFC 8075 §7. All others are the registrar's own business with its server.
constexpr std::array kMapped{Mapped{400, Errc::kMalformed, Code::kBadRequest},
                             Mapped{401, Errc::kUnauthorized, Code::kUnauthorized},
                             Mapped{403, Errc::kUnauthorized, Code::kForbidden},
                             Mapped{404, Errc::kNotFound, Code::kNotFound},
                             Mapped{413, Errc::kTooLarge, Code::kRequestEntityTooLarge},
                             Mapped{415, Errc::kUnsupported, Code::kUnsupportedContentFormat},
                             Mapped{202, Errc::kIo, Code::kServiceUnavailable},
                             Mapped{429, Errc::kIo, Code::kServiceUnavailable},
                             Mapped{503, Errc::kIo, Code::kServiceUnavailable},
                             Mapped{504, Errc::kIo, Code::kGatewayTimeout}};

EnrollmentFailure failure_of(long status, curl_off_t retry_after) {
  const auto* const row = std::ranges::find(kMapped, status, &Mapped::status);
  if (row == kMapped.end()) return failure(Errc::kIo, Code::kBadGateway);
  const auto after = retry_after > 0
                         ? static_cast<std::uint32_t>(std::min<curl_off_t>(retry_after, kLongestRetry))
                         : kDefaultRetry;
  return failure(row->why, row->code, row->code == Code::kServiceUnavailable ? after : 0);
}

EnrollmentFailure failure_of(CURLcode code) {
  const bool late =
      code == CURLE_OPERATION_TIMEDOUT || code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST;
  return failure(Errc::kIo, late ? Code::kGatewayTimeout : Code::kBadGateway);
}

std::string base64(ByteView bytes) {
  std::string text(lwm2m::base64_size(bytes.size(), lwm2m::Base64::kStandard), '\0');
  ByteWriter out({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  lwm2m::write_base64(out, bytes, lwm2m::Base64::kStandard);
  return text;
}

/// Bodies are base64 with line ends or without (RFC 8951 §3.1).
Result<std::vector<std::uint8_t>> from_base64(std::vector<std::uint8_t> text) {
  std::erase_if(text, [](std::uint8_t c) { return c == '\r' || c == '\n' || c == ' ' || c == '\t'; });
  const auto decoded = lwm2m::decode_base64(text, text, lwm2m::Base64::kStandard);
  if (!decoded) return std::unexpected(decoded.error());
  text.resize(decoded->size());
  return text;
}

bool readable(const std::filesystem::path& path) {
  return path.empty() || std::ifstream(path, std::ios::binary).good();
}

}  // namespace

/// One request at a time, over connections that it keeps.
class EstRegistrar::Exchange {
 public:
  struct Response {
    CURLcode code = CURLE_OK;
    long status = 0;
    curl_off_t retry_after = 0;
    std::string type;
    std::vector<std::uint8_t> body;
  };

  Exchange() : curl_(curl_easy_init()) {}
  ~Exchange() { curl_easy_cleanup(curl_); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Response run(const EstServer& server, const char* operation, const std::string* request,
               const std::atomic<bool>& cancelled) {
    Response response;
    if (curl_ == nullptr) return {.code = CURLE_OUT_OF_MEMORY, .type = {}, .body = {}};
    cancelled_ = &cancelled;
    body_ = &response.body;
    curl_easy_reset(curl_);
    describe(server, operation);
    curl_slist* headers = nullptr;
    if (request != nullptr) {
      for (const char* const line :
           {"Content-Type: application/pkcs10", "Content-Transfer-Encoding: base64", "Expect:"})
        headers = curl_slist_append(headers, line);
      curl_easy_setopt(curl_, CURLOPT_POST, 1L);
      curl_easy_setopt(curl_, CURLOPT_POSTFIELDS, request->data());
      curl_easy_setopt(curl_, CURLOPT_POSTFIELDSIZE, static_cast<long>(request->size()));
      curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers);
    }
    response.code = curl_easy_perform(curl_);
    curl_slist_free_all(headers);
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &response.status);
    curl_easy_getinfo(curl_, CURLINFO_RETRY_AFTER, &response.retry_after);
    const char* type = nullptr;
    curl_easy_getinfo(curl_, CURLINFO_CONTENT_TYPE, &type);
    if (type != nullptr) response.type = type;
    return response;
  }

 private:
  void describe(const EstServer& server, const char* operation) {
    curl_easy_setopt(curl_, CURLOPT_URL, (server.url + '/' + operation).c_str());
    curl_easy_setopt(curl_, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl_easy_setopt(curl_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl_, CURLOPT_CONNECTTIMEOUT, static_cast<long>(kLongestConnect.count()));
    curl_easy_setopt(curl_, CURLOPT_TIMEOUT, static_cast<long>(kLongest.count()));
    if (!server.trust.empty()) {
      curl_easy_setopt(curl_, CURLOPT_CAINFO, server.trust.c_str());
      curl_easy_setopt(curl_, CURLOPT_CAPATH, nullptr);
    }
    if (!server.certificate.empty()) {
      curl_easy_setopt(curl_, CURLOPT_SSLCERT, server.certificate.c_str());
      curl_easy_setopt(curl_, CURLOPT_SSLKEY, server.key.c_str());
    }
    if (!server.login.empty()) {
      curl_easy_setopt(curl_, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC | CURLAUTH_DIGEST));
      curl_easy_setopt(curl_, CURLOPT_USERPWD, reinterpret_cast<const char*>(server.login.data()));
    }
    curl_easy_setopt(curl_, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, &Exchange::receive);
    curl_easy_setopt(curl_, CURLOPT_XFERINFODATA, this);
    curl_easy_setopt(curl_, CURLOPT_XFERINFOFUNCTION, &Exchange::look);
    curl_easy_setopt(curl_, CURLOPT_NOPROGRESS, 0L);
  }

  static std::size_t receive(char* data, std::size_t size, std::size_t count, void* self) {
    std::vector<std::uint8_t>& body = *static_cast<Exchange*>(self)->body_;
    const std::size_t length = size * count;
    if (body.size() + length > kMaxAnswer) return 0;
    body.insert(body.end(), data, data + length);
    return length;
  }
  static int look(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return *static_cast<Exchange*>(self)->cancelled_ ? 1 : 0;
  }

  CURL* curl_;
  const std::atomic<bool>* cancelled_ = nullptr;
  std::vector<std::uint8_t>* body_ = nullptr;
};

std::expected<std::unique_ptr<EstRegistrar>, std::string> EstRegistrar::open(EstServer server) {
  static const CURLcode set_up = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (set_up != CURLE_OK) return std::unexpected("libcurl cannot be used");
  while (server.url.ends_with('/')) server.url.pop_back();
  CURLU* const url = curl_url();
  const bool valid = server.url.starts_with("https://") && url != nullptr &&
                     curl_url_set(url, CURLUPART_URL, server.url.c_str(), 0) == CURLUE_OK;
  curl_url_cleanup(url);
  if (!valid) return std::unexpected("'" + server.url + "' is no URL of https");
  for (const std::filesystem::path* const path : {&server.trust, &server.certificate, &server.key}) {
    if (!readable(*path)) return std::unexpected(path->string() + " cannot be read");
  }
  if (!server.login.empty()) server.login.push_back('\0');
  return std::unique_ptr<EstRegistrar>(new EstRegistrar(std::move(server)));
}

EstRegistrar::EstRegistrar(EstServer server) : server_(std::move(server)) {}

EstRegistrar::~EstRegistrar() = default;

EnrollmentAnswer EstRegistrar::ask(const char* operation, std::optional<ByteView> request) {
  if (cancelled_) return std::unexpected(failure(Errc::kClosed, Code::kServiceUnavailable));
  std::unique_ptr<Exchange> exchange;
  {
    const std::lock_guard lock(idle_mutex_);
    if (!idle_.empty()) {
      exchange = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!exchange) exchange = std::make_unique<Exchange>();
  const std::string body = request ? base64(*request) : std::string();
  Exchange::Response response = exchange->run(server_, operation, request ? &body : nullptr, cancelled_);
  {
    const std::lock_guard lock(idle_mutex_);
    idle_.push_back(std::move(exchange));
  }
  if (response.code != CURLE_OK) {
    tell(curl_easy_strerror(response.code));
    return std::unexpected(failure_of(response.code));
  }
  if (response.status != kOk) {
    // A device that is refused is no news of the server.
    const EnrollmentFailure refused = failure_of(response.status, response.retry_after);
    tell(refused.code == Errc::kIo || refused.response == static_cast<std::uint8_t>(Code::kUnauthorized)
             ? "it answers with HTTP status " + std::to_string(response.status)
             : std::string());
    return std::unexpected(refused);
  }
  auto decoded = from_base64(std::move(response.body));
  if (!decoded || !response.type.starts_with(kCertsOnly)) {
    tell("its answers are no certificates in base64");
    return std::unexpected(failure(Errc::kMalformed, Code::kBadGateway));
  }
  tell({});
  return *std::move(decoded);
}

EnrollmentAnswer EstRegistrar::certificates(server::CertificateForm form) {
  const std::lock_guard lock(authorities_mutex_);
  if (Clock::now() >= authorities_until_) {
    authorities_ = ask("cacerts", std::nullopt);
    authorities_until_ = Clock::now() + (authorities_ ? kAuthoritiesKept : kFailureKept);
  }
  if (!authorities_) return authorities_;
  auto passed = tls::pass_on_authorities(*authorities_, form);
  if (passed) return *std::move(passed);
  const bool several = passed.error().code == Errc::kUnsupported;
  return std::unexpected(failure(passed.error().code, several ? Code::kNotAcceptable : Code::kBadGateway));
}

EnrollmentAnswer EstRegistrar::enroll(const server::EnrollmentRequest& request) {
  const auto wanted = tls::admit_request(request);
  if (!wanted) return fail(wanted.error().code == Errc::kNoSpace ? Errc::kIo : wanted.error().code);
  const auto answer = ask(request.renews ? "simplereenroll" : "simpleenroll", request.request);
  if (!answer) return answer;
  auto passed = tls::pass_on_certificate(*answer, *wanted, request.endpoint, request.form);
  if (passed) return *std::move(passed);
  tell("it gave a certificate that is not for the device that asked");
  return std::unexpected(failure(passed.error().code, Code::kBadGateway));
}

void EstRegistrar::tell(const std::string& condition) {
  const std::lock_guard lock(condition_mutex_);
  if (condition == condition_ || cancelled_) return;
  if (condition.empty()) {
    spdlog::info("EST: {} answers again", server_.url);
  } else {
    spdlog::warn("EST: {}: {}", server_.url, condition);
  }
  condition_ = condition;
}

}  // namespace linnet::linnetd
