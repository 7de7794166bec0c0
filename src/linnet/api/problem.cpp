// SPDX-License-Identifier: Apache-2.0
#include "linnet/api/problem.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace linnet::api {

namespace {

using coap::Code;

struct CodePhrase {
  Code code;
  const char* phrase;  ///< RFC 7252 §12.1.2 and its successors
  unsigned status;     ///< what an error of a device becomes over HTTP
};

constexpr unsigned kBadGateway = 502;
constexpr std::array kCodes{
    CodePhrase{Code::kCreated, "Created", 200},
    CodePhrase{Code::kDeleted, "Deleted", 200},
    CodePhrase{Code::kValid, "Valid", 200},
    CodePhrase{Code::kChanged, "Changed", 200},
    CodePhrase{Code::kContent, "Content", 200},
    CodePhrase{Code::kBadRequest, "Bad Request", 400},
    CodePhrase{Code::kUnauthorized, "Unauthorized", 403},
    CodePhrase{Code::kBadOption, "Bad Option", kBadGateway},
    CodePhrase{Code::kForbidden, "Forbidden", 403},
    CodePhrase{Code::kNotFound, "Not Found", 404},
    CodePhrase{Code::kMethodNotAllowed, "Method Not Allowed", 405},
    CodePhrase{Code::kNotAcceptable, "Not Acceptable", 415},
    CodePhrase{Code::kRequestEntityIncomplete, "Request Entity Incomplete", kBadGateway},
    CodePhrase{Code::kConflict, "Conflict", kBadGateway},
    CodePhrase{Code::kPreconditionFailed, "Precondition Failed", kBadGateway},
    CodePhrase{Code::kRequestEntityTooLarge, "Request Entity Too Large", kBadGateway},
    CodePhrase{Code::kUnsupportedContentFormat, "Unsupported Content-Format", 415},
    CodePhrase{Code::kTooManyRequests, "Too Many Requests", kBadGateway},
    CodePhrase{Code::kInternalServerError, "Internal Server Error", kBadGateway},
    CodePhrase{Code::kNotImplemented, "Not Implemented", kBadGateway},
    CodePhrase{Code::kServiceUnavailable, "Service Unavailable", kBadGateway},
};

const CodePhrase* find(Code code) {
  const auto* const at = std::ranges::find(kCodes, code, &CodePhrase::code);
  return at == kCodes.end() ? nullptr : at;
}

}  // namespace

std::unexpected<Problem> bad_request(std::string detail) {
  return std::unexpected(Problem{400, "The request cannot be understood", std::move(detail)});
}

std::string code_text(Code code) {
  const unsigned detail = coap::code_detail(code);
  return std::to_string(coap::code_class(code)) + (detail < 10 ? ".0" : ".") + std::to_string(detail);
}

std::string code_phrase(Code code) {
  const CodePhrase* const row = find(code);
  return row == nullptr ? code_text(code) : code_text(code) + " " + row->phrase;
}

Problem device_refused(Code code, const std::string& path) {
  const CodePhrase* const row = find(code);
  return {row == nullptr ? kBadGateway : row->status, "The device refused",
          path + ": the device answered " + code_phrase(code), code_text(code)};
}

Problem no_answer(Errc why, const std::string& endpoint, const std::string& path) {
  switch (why) {
    case Errc::kNotFound: return unknown_device(endpoint);
    case Errc::kBusy:
      return {429, "Too much is under way", "too many operations wait for " + endpoint + "; try again later"};
    case Errc::kExists: return {409, "Observed already", path + " is observed already"};
    case Errc::kInvalidArgument:
      return {400, "The request cannot be understood", path + " cannot be the target of this operation"};
    case Errc::kTooLarge:
      return {413, "Too large", "the value of " + path + " is larger than a message may be"};
    case Errc::kTimeout: return {504, "The device did not answer", endpoint + " did not answer for " + path};
    case Errc::kReset:
      return {502, "The device rejected the message", endpoint + " rejected the message for " + path};
    case Errc::kUnsupported:
      return {409, "The device takes no composite operations",
              endpoint + " uses LwM2M 1.0, or registered neither SenML CBOR nor SenML JSON"};
    case Errc::kIo:
      return {503, "The store is degraded",
              "the observation of " + path + " cannot be kept; /health says why"};
    case Errc::kClosed:
      return {503, "The device cannot be reached", endpoint + " has no connection to this server just now"};
    default: return {502, "The device's answer cannot be used", std::string(to_string(why)) + ": " + path};
  }
}

Problem not_taken(Errc why) {
  if (why == Errc::kClosed) return {503, "Shutting down", "the server is stopping"};
  return {503, "Too much is under way", "the server has more calls waiting than it takes; try again later"};
}

Problem unknown_device(const std::string& endpoint) {
  return {404, "Unknown device", "no device is registered as " + endpoint};
}

HttpResponse to_response(const Problem& problem) {
  nlohmann::json body{{"type", "about:blank"}, {"title", problem.title}, {"status", problem.status}};
  if (!problem.detail.empty()) body["detail"] = problem.detail;
  if (!problem.coap.empty()) body["coap"] = problem.coap;
  return {problem.status, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
          "application/problem+json", problem.allow};
}

}  // namespace linnet::api
