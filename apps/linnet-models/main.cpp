// SPDX-License-Identifier: Apache-2.0
// linnet-models: checks object definitions (DDF XML) and turns them into the compact form of models/.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/registry/compact_text.hpp"
#include "linnet/registry/ddf_files.hpp"

namespace {

namespace fs = std::filesystem;
using linnet::lwm2m::ObjectId;
using linnet::lwm2m::ObjectModel;
using linnet::lwm2m::Version;
using linnet::registry::DdfText;
using linnet::registry::LoadError;

constexpr std::string_view kHelp =
    "linnet-models: check object definitions (DDF XML) and turn them into compact text\n"
    "\n"
    "  linnet-models [--output FOLDER] FILE|FOLDER...\n"
    "\n"
    "Of a folder all *.xml are read. Without --output the definitions are only checked. With it\n"
    "FOLDER receives one file an object, ID.txt, with all its versions; what FOLDER held of other\n"
    "objects (other files named by a number) is removed. The form is described in docs/models.md.\n"
    "\n"
    "  -o, --output FOLDER  where to write\n"
    "  -h, --help           this text\n";

struct Options {
  std::string output;
  std::vector<std::string> inputs;
};

/// The text of each object by ID and version.
using Objects = std::map<ObjectId, std::map<Version, std::string>>;

int complain(const std::string& message) {
  std::fprintf(stderr, "linnet-models: %s\n", message.c_str());
  return 1;
}

linnet::registry::Loaded<std::vector<DdfText>> read_input(const std::string& input) {
  if (fs::is_directory(input)) return linnet::registry::read_ddf_folder(input);
  auto file = linnet::registry::read_ddf_file(input);
  if (!file) return std::unexpected(std::move(file.error()));
  return std::vector<DdfText>{std::move(*file)};
}

/// Adds what a definition holds; one that is there already must say the same.
linnet::registry::Loaded<void> collect(const DdfText& ddf, Objects& objects) {
  const auto set = linnet::registry::read_compact_text(ddf.text, ddf.file);
  if (!set) return std::unexpected(set.error());
  for (const ObjectModel& object : set->objects) {
    std::string text;
    linnet::registry::append_compact_text(text, object);
    const auto [at, fresh] = objects[object.id].emplace(object.version, text);
    if (!fresh && at->second != text) {
      return std::unexpected(LoadError{
          ddf.file, 0, "object " + std::to_string(object.id) + " is defined otherwise in another file"});
    }
  }
  return {};
}

bool is_object_file(const fs::path& file) {
  const std::string stem = file.stem().string();
  return file.extension() == ".txt" && !stem.empty() &&
         std::ranges::all_of(stem, [](char c) { return c >= '0' && c <= '9'; });
}

int write(const fs::path& folder, const Objects& objects) {
  fs::create_directories(folder);
  std::vector<fs::path> stale;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (is_object_file(entry.path())) stale.push_back(entry.path());
  }
  for (const fs::path& file : stale) fs::remove(file);
  for (const auto& [id, versions] : objects) {
    const fs::path file = folder / (std::to_string(id) + ".txt");
    std::ofstream out(file, std::ios::binary);
    for (const auto& [version, text] : versions) out << text;
    if (!out.flush()) return complain(file.string() + ": cannot be written");
  }
  return 0;
}

int run(const Options& options) {
  Objects objects;
  for (const std::string& input : options.inputs) {
    const auto files = read_input(input);
    if (!files) return complain(files.error().to_string());
    for (const DdfText& ddf : *files) {
      if (const auto collected = collect(ddf, objects); !collected)
        return complain(collected.error().to_string());
    }
  }
  std::size_t versions = 0;
  for (const auto& [id, texts] : objects) versions += texts.size();
  if (!options.output.empty()) {
    if (const int status = write(options.output, objects); status != 0) return status;
  }
  std::printf("%zu objects in %zu versions\n", objects.size(), versions);
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "-h" || argument == "--help") {
      std::fwrite(kHelp.data(), 1, kHelp.size(), stdout);
      return 0;
    }
    if (argument == "-o" || argument == "--output") {
      if (++i == argc) return complain("--output needs a folder");
      options.output = argv[i];
    } else if (argument.starts_with('-')) {
      return complain("unknown option " + std::string(argument) + " (see --help)");
    } else {
      options.inputs.emplace_back(argument);
    }
  }
  if (options.inputs.empty()) return complain("no file or folder given (see --help)");
  return run(options);
} catch (const std::exception& error) {
  return complain(error.what());
}
