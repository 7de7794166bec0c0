// SPDX-License-Identifier: Apache-2.0
// What each command of `linnet` asks of the REST API (docs/api.md) and how it shows the answer.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "http_client.hpp"

namespace linnet::cli {

/// What a program that calls `linnet` can tell apart.
enum ExitCode : int {
  kDone = 0,
  kRefused = 1,      ///< the server or the device answered with an error
  kUsage = 2,        ///< the command line is wrong
  kUnreachable = 3,  ///< no answer from linnetd
};

/// What all commands share.
struct Session {
  ApiUrl url;
  bool json = false;                  ///< print the API's JSON as it came
  std::chrono::seconds timeout{120};  ///< for the device to answer
  std::optional<unsigned> queue;      ///< seconds that an operation may wait for its device; 0: not at all
  bool no_wait = false;               ///< leave an operation in the queue and end
};

struct DeviceFilter {
  std::string endpoint;  ///< a part of the name
  int object = -1;       ///< -1: any
  unsigned limit = 0;    ///< 0: all of them
};

[[nodiscard]] int list_devices(const Session& session, const DeviceFilter& filter);
/// Endpoint names alone, a line each.
[[nodiscard]] int list_names(const Session& session, const DeviceFilter& filter);
[[nodiscard]] int show_device(const Session& session, const std::string& endpoint);
[[nodiscard]] int forget_device(const Session& session, const std::string& endpoint);

/// One resource, instance or object of one device.
struct Target {
  std::string endpoint;
  std::string path;  ///< with or without the slash in front; names may stand for numbers
};
/// One or several of one device.
struct Targets {
  std::string endpoint;
  std::vector<std::string> paths;
};

/// Of several paths: a Read-Composite.
[[nodiscard]] int read(const Session& session, const Targets& targets, const std::string& format);
/// `PATH=VALUE` each.
[[nodiscard]] int write_composite(const Session& session, const std::string& endpoint,
                                  const std::vector<std::string>& assignments);
/// One value for a resource or a resource instance, for an instance `NAME=VALUE` each; `update` asks
/// for a partial one.
[[nodiscard]] int write(const Session& session, const Target& target, const std::vector<std::string>& values,
                        bool update);
[[nodiscard]] int execute(const Session& session, const Target& target, const std::string& arguments);
/// `instance` -1 lets the device choose.
[[nodiscard]] int create(const Session& session, const Target& target, int instance,
                         const std::vector<std::string>& values);
[[nodiscard]] int remove(const Session& session, const Target& target);
[[nodiscard]] int discover(const Session& session, const Target& target);
/// `NAME=VALUE` sets, `NAME=` unsets.
[[nodiscard]] int write_attributes(const Session& session, const Target& target,
                                   const std::vector<std::string>& attributes);
/// Observes and shows values until interrupted, then cancels unless `keep`; `count` 0 is no end. Several
/// paths are one composite observation.
[[nodiscard]] int observe(const Session& session, const Targets& targets, const std::string& format,
                          bool keep, unsigned count);
/// Ends an observation, or withdraws a queued operation where the path is its id.
[[nodiscard]] int cancel(const Session& session, const Targets& targets);
/// What waits for a device, and the results that are kept.
[[nodiscard]] int list_operations(const Session& session, const std::string& endpoint);
[[nodiscard]] int events(const Session& session, const std::string& endpoint, const std::string& types,
                         unsigned count);
/// One operation on many devices.
struct GroupCall {
  enum class Kind { kRead, kWrite, kExecute };

  Kind kind = Kind::kRead;
  std::string path;
  std::vector<std::string> values;  ///< of a Write as in `write`; of an Execute its arguments, if any
  std::string devices;              ///< names, with commas between them; or
  DeviceFilter filter;              ///< its limit is not looked at; or
  bool all = false;
};
/// A line for each device as it comes; kDone when all of them succeeded.
[[nodiscard]] int group(const Session& session, const GroupCall& call);
[[nodiscard]] int models(const Session& session, const std::string& object);
[[nodiscard]] int health(const Session& session);

// firmware_commands.cpp

struct FirmwareWish {
  bool update = false;               ///< install the package when it is there
  std::chrono::seconds within{600};  ///< how long the device is watched
};
/// Writes the package, `-` standard input, to object 5 and follows its state: kDone when it is downloaded, or
/// installed.
[[nodiscard]] int push_firmware(const Session& session, const std::string& endpoint, const std::string& file,
                                const FirmwareWish& wish);
/// The same with the URI from which the device gets the package by itself.
[[nodiscard]] int pull_firmware(const Session& session, const std::string& endpoint, const std::string& uri,
                                const FirmwareWish& wish);
/// Installs what is downloaded.
[[nodiscard]] int update_firmware(const Session& session, const std::string& endpoint,
                                  const FirmwareWish& wish);
[[nodiscard]] int firmware_status(const Session& session, const std::string& endpoint);

// credential_commands.cpp

/// Which of an endpoint's credentials; empty: any.
struct CredentialChoice {
  std::string endpoint, mode, identity;
};
/// CSV or JSON (docs/api.md, "Credentials"), `-` standard input: entered part by part, each as a whole.
[[nodiscard]] int import_credentials(const Session& session, const std::string& file);
/// The key is a line of `key_file`, `-` standard input: never an argument, which every user could read.
[[nodiscard]] int add_credential(const Session& session, const CredentialChoice& credential,
                                 const std::string& key_file);
/// All, or those of one endpoint; without secrets.
[[nodiscard]] int list_credentials(const Session& session, const std::string& endpoint);
[[nodiscard]] int remove_credentials(const Session& session, const CredentialChoice& choice);

// bootstrap_commands.cpp

/// Adds or replaces a configuration; `file` is JSON (docs/api.md, "Bootstrap"), `-` standard input.
[[nodiscard]] int add_configuration(const Session& session, const std::string& name, const std::string& file);
[[nodiscard]] int show_configuration(const Session& session, const std::string& name);
[[nodiscard]] int list_configurations(const Session& session);
[[nodiscard]] int remove_configuration(const Session& session, const std::string& name);
/// Makes a registered device bootstrap anew; `server` -1: its only instance of object 1.
[[nodiscard]] int trigger_bootstrap(const Session& session, const std::string& endpoint, int server);
/// Makes a registered device forget its accounts of a server (TS 5.2.5), by a configuration for this device
/// that is removed again. kRefused where it had none.
[[nodiscard]] int unbootstrap(const Session& session, const std::string& endpoint, int account, int server);
/// The last bootstrap of each device, or of one.
[[nodiscard]] int bootstrap_results(const Session& session, const std::string& endpoint);

}  // namespace linnet::cli
