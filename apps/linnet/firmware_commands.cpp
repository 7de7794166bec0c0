// SPDX-License-Identifier: Apache-2.0
// Firmware Update, object 5, from the command line: a package goes to the device or is pulled by it, and
// its state machine is followed to the end.
#include <array>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "answer.hpp"
#include "commands.hpp"
#include "table.hpp"

namespace linnet::cli {

namespace {

using Json = nlohmann::json;

// Resources of object 5, whose only instance is 0.
constexpr const char* kPackage = "/0";
constexpr const char* kPackageUri = "/1";
constexpr const char* kUpdate = "/2";
constexpr const char* kStatePath = "/5/0/3";
constexpr const char* kResultPath = "/5/0/5";
constexpr const char* kProtocolPath = "/5/0/8";
constexpr const char* kDeliveryPath = "/5/0/9";

constexpr std::array kStates{"idle", "downloading", "downloaded", "updating"};
constexpr std::array kResults{"none yet",
                              "updated",
                              "not enough flash for the package",
                              "out of RAM while downloading",
                              "connection lost while downloading",
                              "the package is damaged",
                              "a type of package that it does not support",
                              "the URI is invalid",
                              "the update failed",
                              "a protocol that it does not support",
                              "cancelled",
                              "put off by its user"};
constexpr std::array kProtocols{"CoAP", "CoAPS", "HTTP", "HTTPS", "CoAP over TCP", "CoAP over TLS"};
constexpr std::array kDeliveries{"pull", "push", "pull and push"};

constexpr int kDownloaded = 2;
constexpr int kIdle = 0;
constexpr int kNoResult = 0;
constexpr int kUpdated = 1;
constexpr int kPutOff = 11;

// The API takes no longer for one operation, and a package takes its time.
constexpr std::chrono::seconds kLongestOperation{600};
constexpr std::chrono::seconds kBetweenLooks{1};

std::string route(const std::string& endpoint, const std::string& resource, std::chrono::seconds timeout) {
  return "/api/v1/devices/" + percent_encode(endpoint) + "/objects/5/0" + resource +
         "?timeout=" + std::to_string(timeout.count());
}

template <std::size_t kCount>
std::string word(const std::array<const char*, kCount>& words, const Json& value) {
  const bool known = value.is_number_integer() && value >= 0 && value < kCount;
  return known ? words.at(value.get<std::size_t>()) : shown(value);
}

std::string words_of(const Json& value) {
  const std::string path = text(value, "path");
  const Json it = value.value("value", Json());
  if (path == kStatePath) return word(kStates, it) + " (" + shown(it) + ")";
  if (path == kResultPath) return word(kResults, it) + " (" + shown(it) + ")";
  if (path == kDeliveryPath) return word(kDeliveries, it);
  if (path.starts_with(std::string(kProtocolPath) + "/")) return word(kProtocols, it);
  return shown(it);
}

struct Status {
  int state = kIdle;
  int result = kNoResult;
  friend bool operator==(const Status&, const Status&) = default;
};

std::optional<Status> read_status(const Json& answer) {
  std::optional<int> state;
  std::optional<int> result;
  for (const Json& value : answer.value("values", Json::array())) {
    if (text(value, "path") == kStatePath) state = value.value("value", -1);
    if (text(value, "path") == kResultPath) result = value.value("value", -1);
  }
  if (!state || !result) return std::nullopt;
  return Status{*state, *result};
}

void print_status(const Session& session, const std::string& endpoint, const Status& status) {
  if (session.json) {
    std::cout << Json{{"endpoint", endpoint}, {"state", status.state}, {"result", status.result}}.dump();
  } else {
    std::cout << endpoint << "  " << word(kStates, status.state);
    if (status.result != kNoResult) std::cout << ": " << word(kResults, status.result);
  }
  std::cout << '\n' << std::flush;
}

/// Where a command has come to its end, well or not.
std::optional<ExitCode> end_of(const Status& status, bool installing) {
  if (status.result > kUpdated && status.result != kPutOff) return kRefused;
  if (!installing && status.state == kDownloaded) return kDone;
  if (installing && status.state == kIdle && status.result == kUpdated) return kDone;
  return std::nullopt;
}

/// Follows State and Update Result, each change a line, until the package is there, or is installed.
int watch(const Session& session, const std::string& endpoint, const FirmwareWish& wish, bool installing) {
  const auto until = std::chrono::steady_clock::now() + wish.within;
  std::optional<Status> last;
  while (std::chrono::steady_clock::now() < until) {
    const auto response = fetch(session, "GET", route(endpoint, "", session.timeout));
    if (!response) return complain(response.error(), kUnreachable);
    // A device that starts anew is away for a while: its registration ends, or it does not answer.
    const auto status =
        response->status == 200 ? read_status(Json::parse(response->body, nullptr, false)) : std::nullopt;
    if (response->status == 200 && !status)
      return complain("the device shows no state of object 5", kRefused);
    if (status && status != last) {
      print_status(session, endpoint, *status);
      last = status;
    }
    if (const auto end = status ? end_of(*status, installing) : std::nullopt) return *end;
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return complain("not within " + std::to_string(wish.within.count()) + " s; linnet firmware status " +
                      endpoint + " shows how far it is",
                  kRefused);
}

/// Carries out one request; true when the device has done it and there is something to follow.
bool carried_out(const Session& session, const std::string& method, const std::string& target,
                 const RequestBody& body, int& code) {
  const auto response = fetch(session, method, target, body);
  if (!response) {
    code = complain(response.error(), kUnreachable);
  } else if (response->status == kLeftWaiting) {
    code = left_waiting(session, *response);
  } else if (response->status > 299) {
    code = complain(problem_line(*response), kRefused);
  } else {
    return true;
  }
  return false;
}

int install(const Session& session, const std::string& endpoint, const FirmwareWish& wish) {
  int code = kDone;
  if (!carried_out(session, "POST", route(endpoint, std::string(kUpdate) + "/execute", session.timeout), {},
                   code)) {
    return code;
  }
  return watch(session, endpoint, wish, true);
}

/// The package is asked for: until it is there, and on to its installation where that is wanted.
int go_on(const Session& session, const std::string& endpoint, const FirmwareWish& wish) {
  const int code = watch(session, endpoint, wish, false);
  if (code != kDone) return code;
  if (wish.update) return install(session, endpoint, wish);
  if (!session.json) std::cout << "linnet firmware update " << endpoint << " installs it\n";
  return kDone;
}

}  // namespace

int push_firmware(const Session& session, const std::string& endpoint, const std::string& file,
                  const FirmwareWish& wish) {
  const auto package = file_contents(file);
  if (!package) return complain("cannot read " + file, kUsage);
  if (package->empty()) return complain(file + " is empty", kUsage);
  Session patient = session;
  patient.timeout = kLongestOperation;
  int code = kDone;
  if (!carried_out(patient, "PUT", route(endpoint, kPackage, kLongestOperation),
                   {.content = *package, .type = "application/octet-stream"}, code)) {
    return code;
  }
  return go_on(session, endpoint, wish);
}

int pull_firmware(const Session& session, const std::string& endpoint, const std::string& uri,
                  const FirmwareWish& wish) {
  int code = kDone;
  if (!carried_out(session, "PUT", route(endpoint, kPackageUri, session.timeout),
                   {.content = Json{{"value", uri}}.dump()}, code)) {
    return code;
  }
  return go_on(session, endpoint, wish);
}

int update_firmware(const Session& session, const std::string& endpoint, const FirmwareWish& wish) {
  return install(session, endpoint, wish);
}

int firmware_status(const Session& session, const std::string& endpoint) {
  return ask(session, "GET", route(endpoint, "", session.timeout), {}, [](const Json& answer) {
    Table table({"NAME", "VALUE"});
    for (const Json& value : answer.value("values", Json::array())) {
      table.row({text(value, "name"), words_of(value)});
    }
    table.print(std::cout);
  });
}

}  // namespace linnet::cli
