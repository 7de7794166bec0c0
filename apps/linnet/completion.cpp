// SPDX-License-Identifier: Apache-2.0
#include "completion.hpp"

namespace linnet::cli {

namespace {

constexpr std::string_view kCommands =
    "devices show forget read write exec create delete discover attributes observe cancel operations group "
    "events firmware bootstrap credentials models health completion";
/// Those whose first argument is an endpoint name.
constexpr std::string_view kDeviceCommands =
    "show forget read write exec create delete discover attributes observe cancel operations";
constexpr std::string_view kOptions = "--url --tenant --json --timeout --help --version";

// The server is asked for names; without one there is nothing to offer. Names come from devices: they
// must not reach `compgen -W`, which expands what it is given as the shell would. The line is cut into
// words here, because bash would cut urn:dev:1 at its colons; what stands before the last colon of the
// word is then taken off the answers, as bash puts it there itself.
constexpr std::string_view kBash = R"sh(_linnet_names() {
  local name
  while IFS= read -r name; do
    [[ $name == "$2"* ]] && printf '%s\n' "$(printf %q "$name")"
  done < <(linnet ${1:+--url "$1"} devices --names 2>/dev/null)
}
_linnet() {
  local line=${COMP_LINE:0:COMP_POINT} url="" command="" position=0 i word
  local -a words
  read -ra words <<<"$line"
  local current=""
  if [[ $line != *[[:space:]] ]]; then
    current=${words[-1]}
    unset 'words[-1]'
  fi
  for ((i = 1; i < ${#words[@]}; i++)); do
    case ${words[i]} in
      --url) url=${words[++i]} ;;
      --timeout | --tenant) ((i++)) ;;
      -*) ;;
      *) if [ -z "$command" ]; then command=${words[i]}; else ((position++)); fi ;;
    esac
  done
  COMPREPLY=()
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "@OPTIONS@" -- "$current"))
  elif [ -z "$command" ]; then
    COMPREPLY=($(compgen -W "@COMMANDS@" -- "$current"))
  elif [ "$position" -eq 0 ] && [ "$command" = completion ]; then
    COMPREPLY=($(compgen -W "bash zsh fish" -- "$current"))
  elif [ "$position" -eq 0 ] && [ "$command" = firmware ]; then
    COMPREPLY=($(compgen -W "push pull update status" -- "$current"))
  elif [[ $position$command == 1firmware || ($position == 0 && " @DEVICE_COMMANDS@ " == *" $command "*) ]]; then
    mapfile -t COMPREPLY < <(_linnet_names "$url" "$current")
    if [[ $current == *:* && ${COMP_WORDBREAKS-} == *:* ]]; then
      word=${current%"${current##*:}"}
      COMPREPLY=("${COMPREPLY[@]#"$word"}")
    fi
  fi
}
)sh";

constexpr std::string_view kFish = R"sh(complete -c linnet -f
complete -c linnet -n __fish_use_subcommand -a "@COMMANDS@"
complete -c linnet -n "__fish_seen_subcommand_from completion" -a "bash zsh fish"
complete -c linnet -n "__fish_seen_subcommand_from firmware" -a "push pull update status"
complete -c linnet -n "__fish_seen_subcommand_from @DEVICE_COMMANDS@" -a "(linnet devices --names 2>/dev/null)"
complete -c linnet -l url -x -d "address of the API"
complete -c linnet -l tenant -x -d "only the devices of this tenant"
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
