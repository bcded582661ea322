# Completion of rarangi for bash: source this file, or install it as
# /usr/share/bash-completion/completions/rarangi. It runs with the bash of macOS too, 3.2, and needs
# no other completion. What stands between BEGIN and END is rendered from oclif.manifest.json.

# BEGIN TABLES
_rarangi_commands='explain history lookup peers register secret serve status'
_rarangi_passed=' -e --environment --secret-file --tls-cert --tls-key --tls-ca --server --cluster '
_rarangi_unset='-u RARANGI_JSON -u RARANGI_LOOKUP_ALL -u RARANGI_LOOKUP_FORMAT -u RARANGI_LOOKUP_KILL_AFTER -u RARANGI_LOOKUP_LIVE -u RARANGI_LOOKUP_ONE -u RARANGI_LOOKUP_ON_CHANGE -u RARANGI_LOOKUP_TAG -u RARANGI_LOOKUP_WAIT -u RARANGI_LOOKUP_WATCH -u RARANGI_PEERS_ALL -u RARANGI_PEERS_CLUSTER -u RARANGI_PEERS_HOST -u RARANGI_PEERS_INTERVAL -u RARANGI_PEERS_STATE -u RARANGI_PEERS_WATCH -u RARANGI_TIMEOUT'

# Prints the flags of a command.
_rarangi_flags() {
  case $1 in
    explain) echo '--environment --secret-file --tls-cert --tls-key --tls-ca --server --timeout --json --help' ;;
    history) echo '--environment --secret-file --tls-cert --tls-key --tls-ca --server --timeout --json --host --instance --since --limit --follow --help' ;;
    lookup) echo '--environment --secret-file --tls-cert --tls-key --tls-ca --server --timeout --json --one --all --live --tag --cluster --format --wait --watch --on-change --kill-after --help' ;;
    peers) echo '--environment --secret-file --tls-cert --tls-key --tls-ca --server --timeout --json --forget --all --host --cluster --state --watch --interval --help' ;;
    register) echo '--environment --secret-file --tls-cert --tls-key --tls-ca --server --timeout --name --port --address --tag --scheme --service --file --ready --ready-timeout --check --check-interval --check-rise --check-fall --drain --kill-after --kill-group --log-format --help' ;;
    secret) echo '--write --token --help' ;;
    serve) echo '--environment --secret-file --tls-cert --tls-key --tls-ca --cluster --bind --advertise --peer --master --name --host --socket --socket-mode --socket-group --insecure --heartbeat --silence --grace --split-hold --max-connections --max-connections-per-address --max-registrations --max-bytes --history --http --http-cert --http-key --http-token-file --http-name --http-origin --http-insecure --dns --dns-from --dns-zone --dns-ttl --doors --log-format --help' ;;
    status) echo '--environment --secret-file --tls-cert --tls-key --tls-ca --server --timeout --json --wait --watch --interval --help' ;;
  esac
}

# Prints what the NAME of a command may be.
_rarangi_names() {
  case $1 in
    explain) echo '@services @hosts' ;;
    history) echo '@services' ;;
    lookup) echo '@services' ;;
  esac
}

# Sets `value` to what may stand behind a flag of a command; fails if nothing does.
_rarangi_value() {
  case "$1 $2" in
    'explain -e' | \
    'explain --environment' | \
    'history -e' | \
    'history --environment' | \
    'lookup -e' | \
    'lookup --environment' | \
    'peers -e' | \
    'peers --environment' | \
    'register -e' | \
    'register --environment' | \
    'serve -e' | \
    'serve --environment' | \
    'status -e' | \
    'status --environment')
      value='production staging testing development'
      ;;
    'explain --secret-file' | \
    'explain --tls-cert' | \
    'explain --tls-key' | \
    'explain --tls-ca' | \
    'explain --server' | \
    'history --secret-file' | \
    'history --tls-cert' | \
    'history --tls-key' | \
    'history --tls-ca' | \
    'history --server' | \
    'lookup --secret-file' | \
    'lookup --tls-cert' | \
    'lookup --tls-key' | \
    'lookup --tls-ca' | \
    'lookup --server' | \
    'peers --secret-file' | \
    'peers --tls-cert' | \
    'peers --tls-key' | \
    'peers --tls-ca' | \
    'peers --server' | \
    'register --secret-file' | \
    'register --tls-cert' | \
    'register --tls-key' | \
    'register --tls-ca' | \
    'register --server' | \
    'register --file' | \
    'secret --write' | \
    'secret --token' | \
    'serve --secret-file' | \
    'serve --tls-cert' | \
    'serve --tls-key' | \
    'serve --tls-ca' | \
    'serve --http-cert' | \
    'serve --http-key' | \
    'serve --http-token-file' | \
    'status --secret-file' | \
    'status --tls-cert' | \
    'status --tls-key' | \
    'status --tls-ca' | \
    'status --server')
      value='@files'
      ;;
    'explain --timeout' | \
    'history --timeout' | \
    'history --instance' | \
    'history --since' | \
    'history --limit' | \
    'lookup --timeout' | \
    'lookup --tag' | \
    'lookup --wait' | \
    'lookup --kill-after' | \
    'peers --timeout' | \
    'peers --interval' | \
    'register --timeout' | \
    'register --port' | \
    'register --address' | \
    'register --tag' | \
    'register --scheme' | \
    'register --ready-timeout' | \
    'register --check-interval' | \
    'register --check-rise' | \
    'register --check-fall' | \
    'register --drain' | \
    'register --kill-after' | \
    'serve --bind' | \
    'serve --advertise' | \
    'serve --peer' | \
    'serve --name' | \
    'serve --host' | \
    'serve --socket-mode' | \
    'serve --socket-group' | \
    'serve --heartbeat' | \
    'serve --silence' | \
    'serve --grace' | \
    'serve --split-hold' | \
    'serve --max-connections' | \
    'serve --max-connections-per-address' | \
    'serve --max-registrations' | \
    'serve --max-bytes' | \
    'serve --history' | \
    'serve --http' | \
    'serve --http-name' | \
    'serve --http-origin' | \
    'serve --dns' | \
    'serve --dns-from' | \
    'serve --dns-zone' | \
    'serve --dns-ttl' | \
    'status --timeout' | \
    'status --wait' | \
    'status --interval')
      value=''
      ;;
    'history --host' | \
    'peers --host')
      value='@hosts'
      ;;
    'lookup --cluster' | \
    'peers --cluster' | \
    'serve --cluster')
      value='@clusters'
      ;;
    'lookup --format')
      value='hostport host port uri env json'
      ;;
    'lookup --on-change')
      value='restart HUP INT TERM USR1 USR2'
      ;;
    'peers --forget')
      value='@split'
      ;;
    'peers --state')
      value='reachable suspect split left crashed forgotten'
      ;;
    'register --name')
      value='@services'
      ;;
    'register --service')
      value='name='
      ;;
    'register --ready' | \
    'register --check')
      value='tcp none http:// exec:'
      ;;
    'register --kill-group')
      value='yes no'
      ;;
    'register --log-format' | \
    'serve --log-format')
      value='pretty json'
      ;;
    'serve --socket')
      value='@files none'
      ;;
    'serve --doors')
      value='none'
      ;;
    *) return 1 ;;
  esac
}
# END TABLES

# Asks the servers that the words on the line mean, within half a second; silent when they are not.
_rarangi_ask() {
  # shellcheck disable=SC2086 # the words of $_rarangi_unset are many
  env $_rarangi_unset rarangi "$@" ${asked[@]+"${asked[@]}"} --timeout 500ms 2>/dev/null </dev/null
}

# Prints what a value may be, one a line.
_rarangi_candidates() {
  local item
  for item in $1; do
    case $item in
      @files) compgen -f -- "$2" ;;
      @services) _rarangi_ask lookup ;;
      @hosts) _rarangi_ask peers | cut -f 2 ;;
      @split) _rarangi_ask peers | awk -F '\t' '$5 == "split" { print $2 }' ;;
      @clusters) _rarangi_ask peers | cut -f 3 ;;
      *) echo "$item" ;;
    esac
  done
}

# Sets `words`: those before the cursor, as the shell will pass them. Readline breaks at `=` and `:`
# too; pieces that touch belong together.
_rarangi_read_words() {
  local line=${COMP_LINE:0:COMP_POINT} piece rest index
  words=()
  for ((index = 0; index <= COMP_CWORD; index++)); do
    piece=${COMP_WORDS[index]}
    rest=${line#"${line%%[![:space:]]*}"}
    [[ $rest == "$piece"* ]] || piece=$rest
    if ((index > 0)) && [[ -n $line && $rest == "$line" ]]; then
      words[${#words[@]} - 1]+=$piece
    else
      words+=("$piece")
    fi
    line=${rest#"$piece"}
  done
}

# Completes the words behind `--`, which are another command's.
_rarangi_wrapped() {
  local index=0
  while [[ ${COMP_WORDS[index]} != -- ]]; do ((index++)); done
  if declare -F _command_offset >/dev/null; then
    _command_offset $((index + 1))
  elif ((COMP_CWORD == index + 1)); then
    COMPREPLY=($(compgen -c -- "$1"))
  else
    compopt -o default 2>/dev/null
  fi
}

_rarangi() {
  local IFS=$' \t\n' words asked=() value flag='' names=0 word index candidate
  COMPREPLY=()
  _rarangi_read_words
  local command=${words[1]} current=${words[${#words[@]} - 1]} choice prefix=''
  for ((index = 2; index < ${#words[@]} - 1; index++)); do
    word=${words[index]}
    if [[ -n $flag ]]; then
      [[ $_rarangi_passed == *" $flag "* ]] && asked+=("$flag" "$word")
      flag=''
    elif [[ $word == -- ]]; then
      _rarangi_wrapped "$current"
      return
    elif [[ $word == -*=* || $word == -[!-]?* ]]; then
      [[ $_rarangi_passed == *" ${word%%=*} "* || $word == -e?* ]] && asked+=("$word")
    elif [[ $word == -* ]]; then
      _rarangi_value "$command" "$word" && flag=$word
    else
      ((names++))
    fi
  done
  if ((${#words[@]} <= 2)); then
    choice="$_rarangi_commands --help --version"
  elif [[ -n $flag ]]; then
    _rarangi_value "$command" "$flag"
    choice=$value
  elif [[ $current == --*=* ]]; then
    prefix=${current%%=*}=
    _rarangi_value "$command" "${current%%=*}" || return 0
    choice=$value
  elif [[ $current == -* ]]; then
    choice=$(_rarangi_flags "$command")
  elif ((names == 0)); then
    choice=$(_rarangi_names "$command")
  else
    return 0
  fi
  # What readline replaces may begin after a `=` or `:` in the word.
  local skip=$((${#current} - ${#2}))
  while IFS= read -r candidate; do
    candidate=$prefix$candidate
    [[ $candidate == "$current"* ]] && COMPREPLY+=("${candidate:skip}")
  done < <(_rarangi_candidates "$choice" "${current#"$prefix"}")
  if [[ $choice == *@files* ]]; then compopt -o filenames 2>/dev/null; fi
  if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[:/=] ]]; then
    compopt -o nospace 2>/dev/null
  fi
  return 0
}

complete -F _rarangi rarangi
