// SPDX-License-Identifier: Apache-2.0
#include "completion.hpp"

namespace linnet::cli {

namespace {

constexpr std::string_view kCommands =
    "devices show forget read write exec create delete discover attributes observe cancel events models "
    "health completion";
/// Those whose first argument is an endpoint name.
constexpr std::string_view kDeviceCommands =
    "show forget read write exec create delete discover attributes observe cancel";
constexpr std::string_view kOptions = "--url --json --timeout --help --version";

// The server is asked for names; without one there is nothing to offer.
constexpr std::string_view kBash = R"sh(_linnet() {
  local current=${COMP_WORDS[COMP_CWORD]} command="" position=0 i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      --url|--timeout) ((i++)) ;;
      -*) ;;
      *) if [ -z "$command" ]; then command=${COMP_WORDS[i]}; else ((position++)); fi ;;
    esac
  done
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "@OPTIONS@" -- "$current"))
  elif [ -z "$command" ]; then
    COMPREPLY=($(compgen -W "@COMMANDS@" -- "$current"))
  elif [ $position -eq 0 ]; then
    case $command in
      completion) COMPREPLY=($(compgen -W "bash zsh fish" -- "$current")) ;;
      devices|events|models|health) ;;
      *) COMPREPLY=($(compgen -W "$(linnet devices --names 2>/dev/null)" -- "$current")) ;;
    esac
  fi
}
)sh";

constexpr std::string_view kFish = R"sh(complete -c linnet -f
complete -c linnet -n __fish_use_subcommand -a "@COMMANDS@"
complete -c linnet -n "__fish_seen_subcommand_from completion" -a "bash zsh fish"
complete -c linnet -n "__fish_seen_subcommand_from @DEVICE_COMMANDS@" -a "(linnet devices --names 2>/dev/null)"
complete -c linnet -l url -x -d "address of the API"
complete -c linnet -l json -d "print JSON"
complete -c linnet -l timeout -x -d "seconds for the device to answer"
)sh";

std::string filled(std::string script) {
  const auto replace = [&script](std::string_view mark, std::string_view with) {
    for (std::size_t at = script.find(mark); at != std::string::npos; at = script.find(mark, at)) {
      script.replace(at, mark.size(), with);
    }
  };
  replace("@COMMANDS@", kCommands);
  replace("@OPTIONS@", kOptions);
  replace("@DEVICE_COMMANDS@", kDeviceCommands);
  return script;
}

}  // namespace

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return filled(std::string(kBash) + "complete -F _linnet linnet\n");
  if (shell == "zsh") {
    return filled("autoload -U +X bashcompinit && bashcompinit\n" + std::string(kBash) +
                  "complete -F _linnet linnet\n");
  }
  if (shell == "fish") return filled(std::string(kFish));
  return {};
}

}  // namespace linnet::cli
