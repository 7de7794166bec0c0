// SPDX-License-Identifier: Apache-2.0
// linnet: the management server from the command line.
#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>

#include "commands.hpp"
#include "completion.hpp"

namespace {

using namespace linnet::cli;

constexpr const char* kExamples = R"(
Examples:
  linnet devices                                   who is registered
  linnet read urn:dev:1 /3303/0                    a whole object instance
  linnet read urn:dev:1 "Temperature/0/Sensor Value"
  linnet read urn:dev:1 /3/0/9 /3303 /6            several paths in one message
  linnet write urn:dev:1 /1/0/1 300                one resource
  linnet write urn:dev:1 /1/0/1=300 /3/0/15=CET    several, all of them or none
  linnet write urn:dev:1 /1/0 --update 1=300 2=5   several, the others stay
  linnet exec urn:dev:1 /3/0/4                     reboot
  linnet attributes urn:dev:1 /3303/0/5700 pmin=5 st=0.5
  linnet read urn:dev:1 /3/0/9 --queue 3600        wait up to an hour for a device that sleeps
  linnet operations urn:dev:1                      what waits for it
  linnet observe urn:dev:1 /3303/0/5700            values as they come
  linnet firmware push urn:dev:1 new.package --update
  linnet group --object 3303 read /3303/0/5700     from every thermometer
  linnet bootstrap add fleet fleet.json            what devices get before they register
  linnet credentials import devices.csv            keys of devices: endpoint,mode,identity,key
  source <(linnet completion bash)

Exit status: 0 done, 1 the server or the device refused, 2 usage, 3 linnetd cannot be reached.
)";

/// The parsed command line; one instance, filled by CLI11.
struct Arguments {
  std::string url = "http://127.0.0.1:8080";
  std::string tenant;
  bool json = false;
  unsigned timeout = 120;
  std::optional<unsigned> queue;
  bool no_wait = false;
  DeviceFilter filter;
  bool names = false;
  Target target;
  Targets targets;
  std::string format;
  std::vector<std::string> values;
  bool update = false;
  std::string execute_arguments;
  int instance = -1;
  bool keep = false;
  unsigned count = 0;
  GroupCall group;
  std::string types;
  std::string endpoint_filter;
  std::string object;
  std::string shell;
  std::string configuration;
  CredentialChoice credential;
  std::string file;
  std::string uri;
  FirmwareWish firmware;
  unsigned within = 600;
  int server = -1;
  int account = 0;  ///< short server id
};

using Command = std::function<int(const Session&)>;

void add_target(CLI::App& command, Arguments& arguments) {
  command.add_option("ENDPOINT", arguments.target.endpoint, "endpoint name of the device")->required();
  command.add_option("PATH", arguments.target.path, "as /3303/0/5700 or Temperature/0/Sensor Value")
      ->required();
}

void add_targets(CLI::App& command, Arguments& arguments) {
  command.add_option("ENDPOINT", arguments.targets.endpoint, "endpoint name of the device")->required();
  command
      .add_option("PATH", arguments.targets.paths,
                  "as /3303/0/5700 or Temperature/0/Sensor Value; several are one composite operation")
      ->required();
}

void add_device_commands(CLI::App& app, Arguments& a, Command& run) {
  auto* devices = app.add_subcommand("devices", "list registered devices");
  devices->add_option("--endpoint", a.filter.endpoint, "only names that contain this");
  devices->add_option("--object", a.filter.object, "only devices with this object")
      ->check(CLI::Range(0, 65534));
  devices->add_option("--limit", a.filter.limit, "at most so many (default: all)");
  devices->add_flag("--names", a.names, "endpoint names alone, a line each");
  devices->callback([&] {
    run = [&](const Session& s) { return a.names ? list_names(s, a.filter) : list_devices(s, a.filter); };
  });

  auto* show = app.add_subcommand("show", "one device, with its objects");
  show->add_option("ENDPOINT", a.target.endpoint, "endpoint name of the device")->required();
  show->callback([&] { run = [&](const Session& s) { return show_device(s, a.target.endpoint); }; });

  auto* forget =
      app.add_subcommand("forget", "drop a registration; the device registers anew at its next update");
  forget->add_option("ENDPOINT", a.target.endpoint, "endpoint name of the device")->required();
  forget->callback([&] { run = [&](const Session& s) { return forget_device(s, a.target.endpoint); }; });
}

/// A path never holds `=`: where there is one, all are PATH=VALUE.
int write_one_or_several(const Session& session, const Arguments& arguments) {
  if (arguments.target.path.find('=') == std::string::npos) {
    return write(session, arguments.target, arguments.values, arguments.update);
  }
  std::vector<std::string> assignments = arguments.values;
  assignments.insert(assignments.begin(), arguments.target.path);
  return write_composite(session, arguments.target.endpoint, assignments);
}

void add_value_commands(CLI::App& app, Arguments& a, Command& run) {
  auto* read_command = app.add_subcommand("read", "read resources, instances or objects");
  add_targets(*read_command, a);
  read_command->add_option("--format", a.format, "content format: a number or a media type");
  read_command->callback([&] { run = [&](const Session& s) { return read(s, a.targets, a.format); }; });

  auto* write_command = app.add_subcommand("write", "write a value, or several at once");
  write_command->add_option("ENDPOINT", a.target.endpoint, "endpoint name of the device")->required();
  write_command->add_option("PATH", a.target.path, "as /1/0/1; or PATH=VALUE, and more of them, for several")
      ->required();
  write_command->add_option("VALUE", a.values,
                            "VALUE; for an instance NAME=VALUE (NAME/INSTANCE=VALUE) for each resource");
  write_command->add_flag("--update", a.update,
                          "change only what is named; without it the instance is replaced");
  write_command->callback([&] { run = [&](const Session& s) { return write_one_or_several(s, a); }; });

  auto* exec = app.add_subcommand("exec", "execute a resource");
  add_target(*exec, a);
  exec->add_option("ARGUMENTS", a.execute_arguments, "as 0='a',1");
  exec->callback([&] { run = [&](const Session& s) { return execute(s, a.target, a.execute_arguments); }; });

  auto* create_command = app.add_subcommand("create", "create an object instance");
  add_target(*create_command, a);
  create_command->add_option("VALUE", a.values, "NAME=VALUE (NAME/INSTANCE=VALUE) for each resource");
  create_command->add_option("--instance", a.instance, "its number (default: the device chooses)")
      ->check(CLI::Range(0, 65534));
  create_command->callback(
      [&] { run = [&](const Session& s) { return create(s, a.target, a.instance, a.values); }; });

  auto* delete_command = app.add_subcommand("delete", "delete an object instance");
  add_target(*delete_command, a);
  delete_command->callback([&] { run = [&](const Session& s) { return remove(s, a.target); }; });
}

void add_reporting_commands(CLI::App& app, Arguments& a, Command& run) {
  auto* discover_command = app.add_subcommand("discover", "what is there, with its attributes");
  add_target(*discover_command, a);
  discover_command->callback([&] { run = [&](const Session& s) { return discover(s, a.target); }; });

  auto* attributes = app.add_subcommand("attributes", "set what decides about notifications");
  add_target(*attributes, a);
  attributes->add_option("NAME=VALUE", a.values, "pmin, pmax, epmin, epmax, gt, lt, st; NAME= unsets")
      ->required();
  attributes->callback(
      [&] { run = [&](const Session& s) { return write_attributes(s, a.target, a.values); }; });

  auto* observe_command = app.add_subcommand("observe", "observe and show values as they come");
  add_targets(*observe_command, a);
  observe_command->add_option("--format", a.format, "content format: a number or a media type");
  observe_command->add_flag("--keep", a.keep, "leave the observation in place at the end");
  observe_command->add_option("--count", a.count, "end after so many notifications");
  observe_command->callback(
      [&] { run = [&](const Session& s) { return observe(s, a.targets, a.format, a.keep, a.count); }; });

  auto* cancel_command = app.add_subcommand("cancel", "end an observation, or withdraw a queued operation");
  cancel_command->add_option("ENDPOINT", a.targets.endpoint, "endpoint name of the device")->required();
  cancel_command
      ->add_option("PATH|OPERATION", a.targets.paths, "paths of the observation, or id of the operation")
      ->required();
  cancel_command->callback([&] { run = [&](const Session& s) { return cancel(s, a.targets); }; });

  auto* operations = app.add_subcommand("operations", "what waits for a device in queue mode, and results");
  operations->add_option("ENDPOINT", a.target.endpoint, "endpoint name of the device")->required();
  operations->callback(
      [&] { run = [&](const Session& s) { return list_operations(s, a.target.endpoint); }; });

  auto* events_command = app.add_subcommand("events", "what happens, as it happens");
  events_command->add_option("--endpoint", a.endpoint_filter, "only this device");
  events_command->add_option(
      "--type", a.types,
      "comma-separated: registered,updated,deregistered,expired,notified,sent,operation-finished");
  events_command->add_option("--count", a.count, "end after so many");
  events_command->callback(
      [&] { run = [&](const Session& s) { return events(s, a.endpoint_filter, a.types, a.count); }; });
}

void add_firmware_commands(CLI::App& app, Arguments& a, Command& run) {
  auto* firmware = app.add_subcommand("firmware", "update the firmware of a device, by its object 5");
  firmware->require_subcommand(1);
  firmware->fallthrough();
  const auto add = [&](const char* name, const char* about) {
    auto* command = firmware->add_subcommand(name, about);
    command->add_option("ENDPOINT", a.target.endpoint, "endpoint name of the device")->required();
    return command;
  };
  const auto add_watch = [&a](CLI::App& command) {
    command.add_option("--within", a.within, "seconds for all of it")
        ->check(CLI::Range(1, 86'400))
        ->capture_default_str();
  };
  const auto wish = [&a] { return FirmwareWish{a.firmware.update, std::chrono::seconds(a.within)}; };
  auto* push = add("push", "send it a package, and follow its state");
  push->add_option("FILE", a.file, "the package, - for standard input")->required();
  push->add_flag("--update", a.firmware.update, "install it when it is there");
  add_watch(*push);
  push->callback([&, wish] {
    run = [&, wish](const Session& s) { return push_firmware(s, a.target.endpoint, a.file, wish()); };
  });
  auto* pull = add("pull", "have it get a package from a URI, and follow its state");
  pull->add_option("URI", a.uri, "as coap://HOST/PATH or https://HOST/PATH")->required();
  pull->add_flag("--update", a.firmware.update, "install it when it is there");
  add_watch(*pull);
  pull->callback([&, wish] {
    run = [&, wish](const Session& s) { return pull_firmware(s, a.target.endpoint, a.uri, wish()); };
  });
  auto* update = add("update", "install what it has downloaded, and follow its state");
  add_watch(*update);
  update->callback([&, wish] {
    run = [&, wish](const Session& s) { return update_firmware(s, a.target.endpoint, wish()); };
  });
  auto* status = add("status", "what object 5 shows");
  status->callback([&] { run = [&](const Session& s) { return firmware_status(s, a.target.endpoint); }; });
}

void add_bootstrap_commands(CLI::App& app, Arguments& a, Command& run) {
  auto* bootstrap = app.add_subcommand("bootstrap", "what devices get from the bootstrap server");
  bootstrap->require_subcommand(1);
  bootstrap->fallthrough();
  const auto add_name = [&a](CLI::App& command) {
    command.add_option("NAME", a.configuration, "name of the configuration")->required();
  };
  auto* add = bootstrap->add_subcommand("add", "add or replace a configuration");
  add_name(*add);
  add->add_option("FILE", a.file, "JSON file, - for standard input")->required();
  add->callback(
      [&] { run = [&](const Session& s) { return add_configuration(s, a.configuration, a.file); }; });
  auto* show = bootstrap->add_subcommand("show", "one configuration, as JSON");
  add_name(*show);
  show->callback([&] { run = [&](const Session& s) { return show_configuration(s, a.configuration); }; });
  bootstrap->add_subcommand("list", "all configurations")->callback([&] { run = list_configurations; });
  auto* remove_command = bootstrap->add_subcommand("remove", "remove a configuration");
  add_name(*remove_command);
  remove_command->callback(
      [&] { run = [&](const Session& s) { return remove_configuration(s, a.configuration); }; });
  auto* trigger = bootstrap->add_subcommand("trigger", "make a registered device bootstrap anew");
  trigger->add_option("ENDPOINT", a.target.endpoint, "endpoint name of the device")->required();
  trigger->add_option("--server", a.server, "instance of object 1 of this server (default: its only one)")
      ->check(CLI::Range(0, 65534));
  trigger->callback(
      [&] { run = [&](const Session& s) { return trigger_bootstrap(s, a.target.endpoint, a.server); }; });
  auto* forget =
      bootstrap->add_subcommand("unbootstrap", "make a registered device forget a server's account");
  forget->add_option("ENDPOINT", a.target.endpoint, "endpoint name of the device")->required();
  forget->add_option("--account", a.account, "short server id of the account to forget")
      ->required()
      ->check(CLI::Range(1, 65534));
  forget->add_option("--server", a.server, "instance of object 1 of this server (default: its only one)")
      ->check(CLI::Range(0, 65534));
  forget->callback([&] {
    run = [&](const Session& s) { return unbootstrap(s, a.target.endpoint, a.account, a.server); };
  });
  auto* results = bootstrap->add_subcommand("results", "the last bootstrap of each device");
  results->add_option("ENDPOINT", a.target.endpoint, "only this device, with what it answered");
  results->callback([&] { run = [&](const Session& s) { return bootstrap_results(s, a.target.endpoint); }; });
}

void add_credential_commands(CLI::App& app, Arguments& a, Command& run) {
  auto* credentials = app.add_subcommand("credentials", "what devices prove their names with");
  credentials->require_subcommand(1);
  credentials->fallthrough();
  const auto add_mode = [&a](CLI::App& command) {
    return command.add_option("--mode", a.credential.mode, "psk, rpk, x509 or oscore")
        ->check(CLI::IsMember({"psk", "rpk", "x509", "oscore"}));
  };
  auto* import = credentials->add_subcommand("import", "enter or replace many, from CSV or JSON");
  import
      ->add_option("FILE", a.file,
                   "CSV under the header endpoint,mode,identity,key, or JSON; - for standard input")
      ->required();
  import->callback([&] { run = [&](const Session& s) { return import_credentials(s, a.file); }; });
  auto* add = credentials->add_subcommand("add", "enter or replace one");
  add->add_option("ENDPOINT", a.credential.endpoint, "endpoint name that it proves")->required();
  add_mode(*add)->required();
  add->add_option("--identity", a.credential.identity, "what the device calls itself in the handshake");
  a.file = "-";
  add->add_option(
      "--key-file", a.file,
      "file with the key in hexadecimal, or a public key or certificate in PEM (default: standard input)");
  add->callback([&] { run = [&](const Session& s) { return add_credential(s, a.credential, a.file); }; });
  auto* list = credentials->add_subcommand("list", "which there are, without secrets");
  list->add_option("ENDPOINT", a.credential.endpoint, "only those of this device");
  list->callback([&] { run = [&](const Session& s) { return list_credentials(s, a.credential.endpoint); }; });
  auto* remove_command = credentials->add_subcommand("remove", "remove those of an endpoint");
  remove_command->add_option("ENDPOINT", a.credential.endpoint, "endpoint name")->required();
  add_mode(*remove_command);
  remove_command->add_option("--identity", a.credential.identity, "only that with this identity");
  remove_command->callback(
      [&] { run = [&](const Session& s) { return remove_credentials(s, a.credential); }; });
}

void add_group_command(CLI::App& app, Arguments& a, Command& run) {
  auto* all = app.add_subcommand("group", "one operation on many devices");
  all->require_subcommand(1);
  all->add_option("--devices", a.group.devices, "these, with commas between the names");
  all->add_option("--endpoint", a.group.filter.endpoint, "those whose names contain this");
  all->add_option("--object", a.group.filter.object, "those with this object")->check(CLI::Range(0, 65534));
  all->add_flag("--all", a.group.all, "every registered device");
  const auto add = [&](const char* name, const char* about, GroupCall::Kind kind, const char* values) {
    auto* command = all->add_subcommand(name, about);
    command->add_option("PATH", a.group.path, "as /3303/0/5700 or Temperature/0/Sensor Value")->required();
    if (*values != '\0') command->add_option("VALUE", a.group.values, values);
    command->callback([&a, &run, kind] {
      a.group.kind = kind;
      run = [&a](const Session& s) { return group(s, a.group); };
    });
  };
  add("read", "read a resource, an instance or an object", GroupCall::Kind::kRead, "");
  add("write", "write a value, or some resources of an instance", GroupCall::Kind::kWrite,
      "VALUE; for an instance NAME=VALUE for each resource");
  add("exec", "execute a resource", GroupCall::Kind::kExecute, "arguments, as 0='a',1");
}

void add_server_commands(CLI::App& app, Arguments& a, Command& run) {
  auto* models_command = app.add_subcommand("models", "object definitions that the server knows");
  models_command->add_option("OBJECT", a.object, "one of them, with its resources");
  models_command->callback([&] { run = [&](const Session& s) { return models(s, a.object); }; });

  app.add_subcommand("health", "how the server is")->callback([&] {
    run = [](const Session& s) { return health(s); };
  });

  auto* completion = app.add_subcommand("completion", "print a completion script for a shell");
  completion->add_option("SHELL", a.shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->callback([&] {
    run = [&](const Session&) {
      std::cout << completion_script(a.shell);
      return 0;
    };
  });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("linnet: manage LwM2M devices through linnetd", "linnet");
  Arguments arguments;
  Command run;
  app.add_option("--url", arguments.url, "where the API of linnetd is")
      ->envname("LINNET_URL")
      ->capture_default_str();
  app.add_option("--tenant", arguments.tenant, "only the devices of this tenant")->envname("LINNET_TENANT");
  app.add_flag("--json", arguments.json, "print JSON, for programs");
  app.add_option("--timeout", arguments.timeout, "seconds for the device to answer")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  app.add_option(
         "--queue", arguments.queue,
         "seconds that an operation may wait for a device that sleeps (default: a day), 0: not at all")
      ->check(CLI::Range(0, 31'536'000));
  app.add_flag("--no-wait", arguments.no_wait,
               "where the device sleeps, print the id of the operation that waits for it, and end");
  app.set_version_flag("--version", std::string("linnet ") + LINNET_VERSION);
  app.footer(kExamples);
  app.require_subcommand(1);
  app.fallthrough();
  add_device_commands(app, arguments, run);
  add_value_commands(app, arguments, run);
  add_reporting_commands(app, arguments, run);
  add_firmware_commands(app, arguments, run);
  add_bootstrap_commands(app, arguments, run);
  add_credential_commands(app, arguments, run);
  add_group_command(app, arguments, run);
  add_server_commands(app, arguments, run);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  auto url = ApiUrl::parse(arguments.url);
  if (!url) {
    std::cerr << "linnet: " << url.error() << '\n';
    return kUsage;
  }
  url->tenant = arguments.tenant;
  try {
    return run(Session{*url, arguments.json, std::chrono::seconds(arguments.timeout), arguments.queue,
                       arguments.no_wait});
  } catch (const std::exception& error) {
    // JSON of another form than docs/api.md says.
    std::cerr << "linnet: the server's answer cannot be used: " << error.what() << '\n';
    return kRefused;
  }
}
