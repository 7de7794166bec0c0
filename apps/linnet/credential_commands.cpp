// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "answer.hpp"
#include "commands.hpp"
#include "linnet/lwm2m/base64.hpp"
#include "table.hpp"

namespace linnet::cli {

namespace {

using Json = nlohmann::json;

constexpr const char* kRoute = "/api/v1/credentials";
// One request is done as a whole and takes at most 1 MiB.
constexpr std::size_t kPartLines = 4000;
constexpr std::size_t kPartBytes = 768U << 10U;

std::string route_of(const std::string& endpoint) {
  return std::string(kRoute) + "/" + percent_encode(endpoint);
}

void remove_blanks(std::string& text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
}

/// The first block of PEM as hexadecimal, or nothing: where it is none, or holds a private key, which no
/// server is to be given.
std::optional<std::string> hex_of_pem(std::string_view pem) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kDashes = "-----";
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::string_view from_label = pem.substr(pem.find(kBegin) + kBegin.size());
  const std::string_view label = from_label.substr(0, from_label.find(kDashes));
  if (label != "CERTIFICATE" && label != "PUBLIC KEY") return std::nullopt;
  const std::string_view behind = from_label.substr(label.size() + kDashes.size());
  std::string block(behind.substr(0, behind.find(kDashes)));
  remove_blanks(block);
  std::vector<std::uint8_t> bytes(block.size());
  const auto decoded = lwm2m::decode_base64(as_bytes(block), bytes, lwm2m::Base64::kStandard);
  if (!decoded) return std::nullopt;
  std::string hex;
  for (const std::uint8_t byte : *decoded) {
    hex += kDigits[byte >> 4U];
    hex += kDigits[byte & 0xFU];
  }
  return hex;
}

/// A piece of a CSV that goes in one request: the header and some records, whole ones.
struct Part {
  std::string text;
  std::size_t first_line;  ///< of its records, in the file
};

/// Cuts a CSV behind lines that end outside of quotation marks.
std::vector<Part> parts_of(const std::string& csv) {
  std::vector<Part> parts;
  const std::size_t head = std::min(csv.find('\n'), csv.size() - 1) + 1;
  const std::string header = csv.substr(0, head);
  std::size_t begin = head;
  std::size_t line = 2;
  std::size_t lines = 0;
  bool quoted = false;
  for (std::size_t at = head; at <= csv.size(); ++at) {
    const bool end = at == csv.size();
    if (!end && csv[at] == '"') quoted = !quoted;
    if (!end && csv[at] != '\n') continue;
    ++lines;
    const bool full = lines >= kPartLines || at - begin >= kPartBytes;
    if (!end && (quoted || !full)) continue;
    if (begin == csv.size() && !parts.empty()) break;
    parts.push_back({header + csv.substr(begin, at + 1 - begin), line});
    begin = at + 1;
    line += lines;
    lines = 0;
  }
  return parts;
}

/// Prints what is wrong with which line; those of a part begin behind its header.
void print_faults(const std::string& file, const HttpResponse& response, std::size_t first_line) {
  const Json problem = Json::parse(response.body, nullptr, false);
  if (!problem.is_object()) return;
  for (const Json& fault : problem.value("errors", Json::array())) {
    const auto line = fault.value("line", std::size_t{0});
    std::cerr << file << ':' << (line < 2 ? line : line - 2 + first_line) << ": " << text(fault, "detail")
              << '\n';
  }
}

}  // namespace

int import_credentials(const Session& session, const std::string& file) {
  const auto content = file_contents(file);
  if (!content) return complain("cannot read " + file, kUsage);
  const std::size_t first = content->find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return complain(file + " is empty", kUsage);
  const bool json = (*content)[first] == '{' || (*content)[first] == '[';
  const std::vector<Part> parts = json ? std::vector<Part>{{*content, 2}} : parts_of(*content);
  std::size_t changed = 0;
  for (const Part& part : parts) {
    const auto response =
        http_request(session.url, "POST", kRoute, part.text, session.timeout + kServerMargin,
                     json ? "application/json" : "text/csv");
    if (!response) return complain(response.error(), kUnreachable);
    if (response->status != 200) {
      print_faults(file, *response, part.first_line);
      const std::string before =
          changed == 0 ? "" : " (" + std::to_string(changed) + " in front of it are in force)";
      return complain(problem_line(*response) + before, kRefused);
    }
    changed += Json::parse(response->body).value("changed", std::size_t{0});
  }
  if (session.json) {
    std::cout << Json{{"changed", changed}}.dump() << '\n';
  } else {
    std::cout << changed << (changed == 1 ? " credential is" : " credentials are") << " in force\n";
  }
  return kDone;
}

int add_credential(const Session& session, const CredentialChoice& credential, const std::string& key_file) {
  auto key = file_contents(key_file);
  if (!key) return complain("cannot read " + key_file, kUsage);
  if (key->find("-----BEGIN ") != std::string::npos) {
    key = hex_of_pem(*key);
    if (!key) return complain(key_file + " holds neither a certificate nor a public key", kUsage);
  }
  remove_blanks(*key);
  const Json body{{"mode", credential.mode}, {"identity", credential.identity}, {"key", *key}};
  return ask(session, "PUT", route_of(credential.endpoint), body, [&](const Json&) {
    std::cout << credential.mode << " of " << credential.endpoint << " is in force\n";
  });
}

int list_credentials(const Session& session, const std::string& endpoint) {
  Table table({"ENDPOINT", "MODE", "IDENTITY"});
  Json all = Json::array();
  Session quiet = session;
  quiet.json = false;
  std::string cursor;
  do {
    std::string target = endpoint.empty() ? std::string(kRoute) + "?limit=1000" : route_of(endpoint);
    if (!cursor.empty()) target += "&cursor=" + percent_encode(cursor);
    cursor.clear();
    const int code = ask(quiet, "GET", target, {}, [&](const Json& answer) {
      cursor = text(answer, "cursor");
      for (const Json& item : answer.value("credentials", Json::array())) {
        if (session.json) all.push_back(item);
        table.row({text(item, "endpoint"), text(item, "mode"), text(item, "identity")});
      }
    });
    if (code != kDone) return code;
  } while (!cursor.empty());
  if (session.json) {
    std::cout << Json{{"credentials", all}}.dump() << '\n';
  } else if (table.empty()) {
    std::cout << "there are no credentials\n";
  } else {
    table.print(std::cout);
  }
  return kDone;
}

int remove_credentials(const Session& session, const CredentialChoice& choice) {
  std::string target = route_of(choice.endpoint);
  char separator = '?';
  for (const auto& [name, value] : {std::pair("mode", choice.mode), std::pair("identity", choice.identity)}) {
    if (value.empty()) continue;
    target += separator + std::string(name) + "=" + percent_encode(value);
    separator = '&';
  }
  return ask(session, "DELETE", target, {},
             [](const Json& answer) { std::cout << text(answer, "changed") << " removed\n"; });
}

}  // namespace linnet::cli
